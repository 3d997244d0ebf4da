"""Models by name: each can be made, and says what it needs."""

import pytest
from sklearn.base import clone

from adaptlearn import models
from adaptlearn.models import KnowledgeTracer
from adaptlearn.models.registry import model_homes, named_models


@pytest.mark.parametrize("name", named_models())
def test_each_name_makes_an_unfitted_model(name):
    named = named_models()[name]
    model = named()
    assert isinstance(model, KnowledgeTracer)
    assert not model.__sklearn_is_fitted__()
    assert repr(clone(model)) == repr(model)
    assert named() is not model
    assert set(named.needs) <= {"item", "time"}
    assert named.summary
    assert name == name.lower()
    assert "," not in name


def test_names_stand_for_different_models():
    made = {repr(named()) for named in named_models().values()}
    assert len(made) == len(named_models())


def test_what_is_handed_out_is_a_copy():
    named_models().clear()
    assert "bkt" in named_models()


def test_every_model_of_the_table_is_public_and_no_other_is():
    public = {name: getattr(models, name) for name in models.__all__}
    made = {
        name
        for name, value in public.items()
        if isinstance(value, type)
        and issubclass(value, KnowledgeTracer)
        and value is not KnowledgeTracer
    }
    assert made == set(model_homes())
