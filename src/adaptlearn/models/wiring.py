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

    For each response the trees see what the student's earlier answers say, counted in many ways:
    successes per skill and item, recency, streaks, residuals against how others fare, ratings,
    spacing; how often other students in the very same situation were right (the same skill with
    the same last outcomes, the same item after the same item); and what other models predict, by
    default a `LinearRecurrentTracer`. Each feature is kept up to date in O(1) per answer.

    Parameters
    ----------
    features : "all" or sequence of str
        Which features: names, or groups (`adaptlearn.models.features.GROUPS`). Features that need
        items or times are used if the training log has them.
    inputs : sequence of KnowledgeTracer, optional
        Models whose log odds are further features; these models are not changed. None: a
        `LinearRecurrentTracer`; an empty sequence: none.
    lean_on : sequence of KnowledgeTracer, optional
        Simple models that help the prediction if the trees have few answers to learn from (up to
        50,000 training answers). A prediction is then a weighted mean of the log odds of the trees,
        the inputs and these models; the weights minimise the log loss of students who were left
        out. None: an `Elo`; an empty sequence: the trees alone.
    n_folds : int
        Parts of the training students. For each student, rates and the other models' predictions
        rest on the other parts only.
    max_iter : int
        The number of trees from each seed.
    learning_rate : float
        The share of a tree's correction that is applied, in (0, 1].
    max_leaf_nodes : int
        The most leaves of a tree, up to 64.
    min_samples_leaf : int
        The fewest training answers in a leaf.
    l2_regularization : float
        Pulls the leaves' values toward 0.
    max_features : float
        The share of features that each split chooses from, at random.
    n_seeds : int
        How often trees are boosted, each time with another seed; their log odds are averaged.
    n_jobs : int, default 1
        Threads that grow trees; -1: as many as there are processors. On a machine that is
        otherwise busy, several threads can take many times longer than one, because they wait for
        each other at every split.
    random_state : int, numpy.random.Generator, numpy.random.RandomState or None, default 0
        The seed of the folds, and the first of the trees' seeds.

    Attributes
    ----------
    inputs_ : tuple of KnowledgeTracer
        The other models, fitted to all training students.
    leaned_on_ : tuple of KnowledgeTracer
        The models that are leaned on, fitted to all training students; empty after a fit to more
        than 50,000 answers.
    weights_ : dict of str to float
        The share of the trees (``"trees"``) and of each other model in the log odds of a
        prediction. The trees have 1 if no model is leaned on.
    feature_names_, feature_groups_ : list of str
        Names of the features that the trees see, in order.
    feature_gains_ : dict of str to float
        The share of each group in what the splits have improved in training, largest first.
    seed_ : int
        What the fit drew from. A fit with ``random_state=seed_`` is the same.
    skills_, items_ : arrays
        Labels of the training log, sorted.
    n_answers_ : int array, shape (n_skills,)
        Training answers of each skill.

    Notes
    -----
    A response with several skills has the mean of its skills' features. An exposure changes no
    feature of this model's own; the other models treat it in their own way. A skill or item that
    was not in the training log has the rate of all answers, or of its skill, and a history of its
    own from its first answer.

    scikit-learn grows the trees; a saved or fitted model predicts without it, by the method of
    Lucchese et al. A prediction of trees is not monotone: a right answer may lower it a little.

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
