"""Models that are made of models of other families: which ones, by default."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from numpy.typing import NDArray

from adaptlearn.models.base import KnowledgeTracer
from adaptlearn.models.boosting.tracer import FeatureBoosting
from adaptlearn.models.elo.estimator import Elo
from adaptlearn.models.recurrent.tracer import LinearRecurrentTracer
from adaptlearn.models.registry import load


class BoostedTracer(FeatureBoosting):
    """Boosted trees over history features and the predictions of other models.

    For each response the trees use three kinds of features. The first kind of feature describes the
    student's earlier answers: successes per skill and item, recency, streaks, residuals relative to
    other students, ratings, spacing. The second kind of feature says how often other students were
    right in the same situation. A situation is, for example, a skill after the same last outcomes,
    or an item after the same earlier item. The third kind of feature is the predictions of other
    models, by default of a `LinearRecurrentTracer`. An answer updates each feature in O(1).

    Parameters
    ----------
    features : "all" or sequence of str
        Names of features or of groups of features (`adaptlearn.models.features.GROUPS`). The model
        uses features that need items or times only if the training log has items or times.
    inputs : sequence of KnowledgeTracer, optional
        Models whose predictions, as log odds, are further features. The fit works on copies of the
        input models, so the input models do not change. None: a `LinearRecurrentTracer`. An empty
        sequence: no models.
    lean_on : sequence of KnowledgeTracer, optional
        Simple models that improve the prediction if there are few training answers (up to 50,000).
        With few training answers, a prediction is a weighted mean of the log odds of the trees, of
        the `inputs` and of the models in `lean_on`. The weights of the trees and models minimise
        the log loss for students who were not used to fit the models. None: an `Elo`. If `lean_on`
        is empty, the prediction comes from the trees alone.
    n_folds : int
        The number of parts into which the fit divides the training students. For each training
        student, the rates and the predictions of other models come from fits to the other parts
        only.
    max_iter : int
        The number of trees that the fit grows for each seed.
    learning_rate : float
        The share of each tree's correction that the model applies, in (0, 1].
    max_leaf_nodes : int
        The largest number of leaves of a tree, up to 64.
    min_samples_leaf : int
        The smallest number of training answers in a leaf.
    l2_regularization : float
        How strongly the fit pulls the values of leaves toward 0.
    max_features : float
        The share of the features that the fit draws at random for each split; the split uses one of
        these features.
    n_seeds : int
        How many times the fit boosts trees, each time with another seed. The model averages the log
        odds over all seeds.
    n_jobs : int, default 1
        The number of threads that grow trees; -1: the number of processors. If other programs keep
        the machine busy, several threads can take many times longer than one thread, because
        threads wait for each other at every split.
    random_state : int, numpy.random.Generator, numpy.random.RandomState or None, default 0
        The seed for the folds, and the first seed for the trees.

    Attributes
    ----------
    inputs_ : tuple of KnowledgeTracer
        The models of `inputs`, fitted to all training students.
    leaned_on_ : tuple of KnowledgeTracer
        The models of `lean_on`, fitted to all training students. `leaned_on_` is empty after a fit
        to more than 50,000 answers.
    weights_ : dict of str to float
        The log odds of a prediction are a weighted mean of the log odds of the trees and of other
        models. `weights_` contains the weight of the trees (``"trees"``) and of each other model.
        If `leaned_on_` is empty, the weight of the trees is 1.
    feature_names_, feature_groups_ : list of str
        Names of the features that the trees see, in order.
    feature_gains_ : dict of str to float
        For each group of features, the share of the trees' improvement in training that comes from
        splits on the group's features; the largest share comes first.
    seed_ : int
        The seed of the fit. A new fit with ``random_state=seed_`` produces the same model.
    skills_, items_ : arrays
        Labels of the skills and items in the training log, sorted.
    n_answers_ : int array, shape (n_skills,)
        The number of training answers on each skill.

    Notes
    -----
    If a response has several skills, its features are the mean over these skills. An exposure does
    not change the model's own features; the documentation of the other models says what they do
    with exposures. If a skill is not in the training log, its rate is the rate of all answers; for
    an unknown item, the rate is the rate of its skill. From the first answer, an unknown skill or
    item has its own history.

    scikit-learn grows the trees. A saved or fitted model predicts without scikit-learn, by the
    method of Lucchese et al. A prediction by trees is not monotone: a right answer may lower the
    prediction a little.

    References
    ----------
    Gervet, Koedinger, Schneider & Mitchell (2020). When is deep learning the best approach to
    knowledge tracing? JEDM 12(3). Galyardt & Goldin (2015). Move your lamp post: recent data
    reflects learner knowledge better than older data. JEDM 7(2). Pelánek (2016). Applications of
    the Elo rating system in adaptive educational systems. Computers & Education 98. Choffin,
    Popineau, Bourda & Vie (2019). DAS3H. EDM. Lindsey, Shroyer, Pashler & Mozer (2014). Improving
    students' long-term knowledge retention through personalized review. Psychological Science
    25(3). Ke et al. (2017). LightGBM: a highly efficient gradient boosting decision tree.
    NeurIPS. Lucchese et al. (2015). QuickScorer: a fast algorithm to rank documents with
    additive ensembles of regression trees. SIGIR. Wolpert (1992). Stacked generalization. Neural
    Networks 5.

    Examples
    --------
    >>> from adaptlearn import ResponseLog
    >>> from adaptlearn.models import BoostedTracer
    >>> from adaptlearn.simulation import simulate_school
    >>> log = ResponseLog.from_frame(simulate_school(n_students=100, random_state=1).responses)
    >>> model = BoostedTracer(features=["counts", "recency"], inputs=(), max_iter=20).fit(log)
    >>> model.predict_proba(log).shape == (len(log), 2)
    True
    >>> sorted(model.feature_gains_)
    ['counts', 'recency']
    """

    def _default_inputs(self, seed: int) -> Sequence[KnowledgeTracer]:
        return (LinearRecurrentTracer(random_state=seed),)

    def _default_lean_on(self) -> Sequence[KnowledgeTracer]:
        return (Elo(),)

    @classmethod
    def _unpacked(cls, packed: NDArray[np.uint8]) -> KnowledgeTracer:
        with TemporaryDirectory() as folder:
            path = Path(folder) / "model"
            path.write_bytes(packed.tobytes())
            return load(path)
