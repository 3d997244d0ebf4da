"""Estimation by EM: from a log, or counts of its sequences, to a fitted model."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from adaptlearn.errors import (
    ConvergenceWarning,
    IdentificationWarning,
    ImpossibleHistoryError,
)
from adaptlearn.models.bkt.classes import Classes, Scheme, alphabet_of, train_classes
from adaptlearn.models.bkt.em.groups import (
    BORROWED,
    Given,
    GroupFit,
    Settings,
    fit_classes,
    fit_groups,
)
from adaptlearn.models.bkt.em.information import information
from adaptlearn.models.bkt.em.trie import (
    EXPOSURE,
    PrefixTrie,
    answers_only,
    build_trie,
    history_symbols,
)
from adaptlearn.models.bkt.em.uncertainty import Uncertainty
from adaptlearn.models.bkt.entries import dense, of_entries
from adaptlearn.models.bkt.fitted import Fitted, table_of_cells
from adaptlearn.models.bkt.parameters import FLOOR, Parameters
from adaptlearn.numerics import Floats
from adaptlearn.responses import ResponseLog, SequenceCounts
from adaptlearn.validation import some


class Histories(NamedTuple):
    """What EM goes through.

    Attributes
    ----------
    skills : array, shape (n_skills,)
        Labels of the trie's groups.
    trie : PrefixTrie
        Of answers.
    classes : Classes, optional
        Where a parameter differs by class, with
    class_trie : PrefixTrie, optional
        the histories that tell these apart.
    """

    skills: NDArray[Any]
    trie: PrefixTrie
    classes: Classes | None = None
    class_trie: PrefixTrie | None = None


def log_histories(
    log: ResponseLog, schemes: Mapping[str, Scheme], gaps: Sequence[float]
) -> Histories:
    """The histories of a log, which has rows."""
    sequences, answers = log.sequences, history_symbols(log)
    present, groups = dense(sequences.major)
    skills = log.skill.labels[present]
    trie = build_trie(sequences, answers_only(answers), groups, len(present))
    if not any(schemes.values()):
        return Histories(skills, trie)
    classes, places = train_classes(log, schemes, gaps, of_entries(sequences, groups))
    alphabet = alphabet_of(answers, classes, places)
    return Histories(skills, trie, classes, build_trie(sequences, alphabet, groups, len(present)))


def counted_histories(counts: SequenceCounts) -> Histories:
    """The histories of a `SequenceCounts` that is not empty."""
    sequences = counts.sequences()
    present, groups = dense(sequences.major)
    alphabet = answers_only(counts.answers)
    trie = build_trie(sequences, alphabet, groups, len(present), counts.counts)
    return Histories(counts.skills[present], trie)


def estimate(
    histories: Histories, given: Given, settings: Settings, *, uncertainty: bool
) -> Fitted:
    """The parameters that suit the histories best.

    Parameters
    ----------
    histories : Histories
    given : Given
    settings : Settings
    uncertainty : bool
        Whether standard errors are computed.

    Raises
    ------
    ImpossibleHistoryError
        A value fixed at 0 or 1 rules out an answer; it names the skill.
    """
    try:
        return _estimate(histories, given, settings, uncertainty)
    except ImpossibleHistoryError as error:
        skill = histories.skills.tolist()[error.group]
        raise ImpossibleHistoryError(
            f"skill {skill!r}: {error}; leave them free, from {FLOOR:g} to {1 - FLOOR:g}"
        ) from None


def doubts(found: Fitted, settings: Settings) -> Iterator[tuple[str, type[Warning]]]:
    """What the caller should be warned of: messages and their categories."""
    weak = found.unidentified
    if weak:
        told = "; ".join(f"{label!r}: {why}" for label, why in list(weak.items())[:5])
        more = f"; and {len(weak) - 5} more" if len(weak) > 5 else ""
        common = "of the parameters common to all skills"
        if settings.start:
            done = "their parameters are as the start and EM left them"
        elif settings.borrow == 0:
            done = "their parameters are as EM left them"
        elif isinstance(settings.borrow, str):
            done = f"they were fitted, as all skills, with a prior {common}"
        else:
            worth = "ten" if settings.borrow == BORROWED else f"{settings.borrow:g}"
            done = f"they were fitted with a prior worth {worth} observations {common}"
        message = (
            f"the answers of {len(weak)} skill(s) cannot identify their parameters: "
            f"{told}{more}; {done} (see unidentified_)"
        )
        yield message, IdentificationWarning
    if not found.converged.all() and settings.tol > 0:
        message = (
            f"EM did not converge within {settings.max_iter} steps for skill "
            f"{some(found.skills[~found.converged])}; raise max_iter or tol"
        )
        yield message, ConvergenceWarning


def _estimate(histories: Histories, given: Given, settings: Settings, uncertainty: bool) -> Fitted:
    skills, trie, classes, class_trie = histories
    found = fit_groups(trie, given, settings)
    climb, terms, by_skill = found.climb, found.terms, found.climb.parameters
    by_class: dict[str, Floats] = {}
    if class_trie is not None and classes is not None:
        trie = class_trie
        climb, terms = fit_classes(trie, by_skill, given, settings)
        by_skill, by_class = _parted(by_skill, climb.parameters, classes)
    errors = None
    if uncertainty:
        # Cells of classes come after the skills' and the common one.
        offset = dict.fromkeys(by_class, len(skills) + 1)
        errors = Uncertainty.of(information(trie, climb.parameters, terms), offset)
    labels = skills.tolist()
    return Fitted(
        skills=skills,
        table=table_of_cells(by_skill, _pooled(found), by_class),
        log_likelihood=climb.log_likelihood,
        n_iter=climb.n_iter,
        converged=climb.converged,
        n_answers=_answers(histories.trie),
        unidentified={labels[k]: why for k, why in sorted(found.reasons.items())},
        classes=classes,
        uncertainty=errors,
    )


def _parted(
    by_skill: Parameters, best: Parameters, classes: Classes
) -> tuple[Parameters, dict[str, Floats]]:
    """The best parameters, by skill and by class.

    Where a parameter differs by class, the skill's own, which serves classes that were not seen,
    is the one fitted without classes.
    """
    by_class = {
        field: getattr(best, field) for field, table in classes.tables.items() if table.scheme
    }
    fields = best._asdict() | {field: getattr(by_skill, field) for field in by_class}
    return Parameters(**fields), by_class


def _pooled(found: GroupFit) -> dict[str, float]:
    return {name: float(value[0]) for name, value in found.pooled._asdict().items()}


def _answers(trie: PrefixTrie) -> NDArray[np.int64]:
    """Answers of each group; exposures do not count."""
    answered = np.where(trie.answer == EXPOSURE, 0.0, trie.weight)
    return np.bincount(trie.group, answered, trie.n_groups).astype(np.int64)
