"""The Bayesian Knowledge Tracing estimator."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Literal, Self

from adaptlearn.errors import ParameterError, ResponseDataError, warn
from adaptlearn.models.bkt.cells import class_entries
from adaptlearn.models.bkt.em.climb import OnStep
from adaptlearn.models.bkt.entries import Entries
from adaptlearn.models.bkt.fit.by_em import fit_by_em
from adaptlearn.models.bkt.fit.by_gradient import fit_by_gradient
from adaptlearn.models.bkt.fit.doubts import doubts
from adaptlearn.models.bkt.fit.options import coupling_of, option_problems, schemes_of
from adaptlearn.models.bkt.fitted import Fitted
from adaptlearn.models.bkt.individual.equations import RULES
from adaptlearn.models.bkt.serve.fitted_bkt import FittedBKT
from adaptlearn.models.bkt.serve.manifest import from_manifest, read_settings
from adaptlearn.models.bkt.serve.tables import (
    brought,
    read_class_table,
    read_pooled,
    read_skill_table,
)
from adaptlearn.randomness import Randomness, seed_of
from adaptlearn.responses import SequenceCounts, as_log
from adaptlearn.serialization import Arrays
from adaptlearn.validation import Interval, OneOf, RandomSource


class BKT(FittedBKT):
    """Bayesian Knowledge Tracing and its variants, in any combination.

    Each student either knows a skill or does not know it. This can change from one opportunity to
    the next (Corbett & Anderson, 1995). With the state ``x`` (0 not known, 1 known) and the answer
    ``y``::

        P(x[1] = 1) = prior
        P(x[t + 1] = 1 | x[t] = 0) = learn        P(y[t] = 1 | x[t] = 0) = guess
        P(x[t + 1] = 0 | x[t] = 1) = forget       P(y[t] = 0 | x[t] = 1) = slip

    The fit is expectation-maximisation over all skills at once. Each distinct history of a skill is
    computed once and weighted by the number of students who share it. The notes say what each
    option adds.

    Parameters
    ----------
    forgetting : bool, default False
        Whether a student can forget a known skill. If False, ``forget`` is 0.
    prior_by, learn_by, forget_by, guess_by, slip_by : str or sequence of str, optional
        Columns whose values are the parameter's classes: ``"item"``, or one of the log's ``extra``
        columns. Learning and forgetting happen between two responses; `learn_by` and `forget_by`
        take the class of the earlier response. These two options also accept ``"gap"``, the time
        between the two responses, and ``"item_pair"``, the items of both responses. `prior_by`
        takes the class of a student's first response on the skill.
    gaps : sequence of float, default an hour, a day and a week
        The bounds between the classes of ``"gap"``, in seconds, ascending.
    ability, recency, difficulty, lag : bool, default False
        Individualisation. In this order: whether the model uses the student's ability, the
        student's recent residuals, the item's easiness, and the number of answers since the student
        last practised the skill.
    multi_skill : {"full", "shared", "conjunctive", "compensatory"}
        How an answer counts for its skills, if a response has several skills; see the notes.
    bounds, fixed, beta_priors : mapping, optional
        Each maps a parameter's name to one value for all skills, or to a mapping of skills to
        values. A value of `bounds` is a pair (low, high). A value of `fixed` is a probability. A
        value of `beta_priors` is a pair: the two parameters of a Beta density, each at least 1. The
        value of a skill also applies to the classes of this skill.
    borrow : float or "empirical", default 10
        How strongly the fit pulls a weak skill to the common parameters, and a class to the
        parameters of its skill. The number is in observations: 10 pulls as strongly as 10
        observations. 0: the fit does not pull.
    uncertainty : bool, default False
        Whether to compute standard errors. `intervals` and the intervals of `mastery` need them.
    n_init : int, default 5
        The number of starting points per skill. One starting point is the best common fit of all
        skills; the others are random. After a few steps, the fit of each skill continues from the
        best of its starting points only.
    max_iter : int, default 1000
        The largest number of steps from the best starting point.
    tol : float, default 1e-7
        A skill has converged if a step raises the log-likelihood *per response* by less than this.
        With 0, the fit takes `max_iter` steps, and does not warn that a skill has not converged.
    accelerate : bool, default True
        Whether the fit tries a longer step after every two EM steps (Varadhan & Roland, 2008). If
        the longer step does not raise the likelihood, the fit discards it. With ``False`` the fit
        is plain EM: another program that takes the same number of steps from the same start gets
        the same parameters.
    start : mapping of str to float, or sequence of them, optional
        Your own starting points for every skill, instead of the library's `n_init` points. Each
        starting point gives prior, learn, guess and slip (and forget, with forgetting). A parameter
        that starts at 0 or 1 stays there. With `start`, no skill borrows from the others.
    random_state : int, numpy.random.Generator, numpy.random.RandomState or None, default 0
        The source of the random starting points.

    Attributes
    ----------
    skills_ : array, shape (n_skills,)
        Labels of the skills that were fitted, sorted.
    parameters_ : dict of str to array, each of shape (n_skills,)
        Columns ``skill``, ``prior``, ``learn``, ``forget``, ``guess``, ``slip``: a table for any
        dataframe library. If a parameter differs by class, the table shows its value for classes
        that are not in the training log. With individualisation, the table shows the value for a
        student of ability 0 on an item of easiness 0, without lag.
    class_parameters_ : dict of str to array
        Columns ``parameter``, ``skill``, ``class``, ``value``. Without classes, there are no rows.
    pooled_ : dict of str to float
        The common parameters. The model uses them for skills that are not in the training log.
    log_likelihood_ : float array, shape (n_skills,)
        The log-likelihood of the training answers. With individualisation, it is the log-likelihood
        of the one-step-ahead predictions.
    n_iter_, converged_ : int and bool arrays, shape (n_skills,)
        The number of steps of each skill, and whether the skill converged.
    n_answers_ : int array, shape (n_skills,)
        The number of training answers on each skill.
    unidentified_ : dict of label to str
        Skills whose answers do not determine all parameters, and why. The fit gives these skills a
        Beta prior that counts like `borrow` observations of the common parameters.
    seed_ : int
        The seed of the fit: the integer `random_state`, or a seed drawn from the `random_state` you
        gave. A fit with ``random_state=seed_`` gives the same model.
    classes_ : array
        ``[0, 1]``: the columns of `predict_proba` are P(wrong) and P(correct).
    fingerprint_ : str
        Identifies the fitted model: models with equal parameters have equal fingerprints.

    See Also
    --------
    adaptlearn.models.bkt.individual.equations : Individualisation and `multi_skill`.
    adaptlearn.models.bkt.individual.search : How the library estimates individualised models.

    Notes
    -----
    *Limits.* Free probabilities stay within [1e-5, 1 - 1e-5]. The sum guess + slip stays below 1:
    above 1, a right answer would be evidence of *not* knowing (van de Sande, 2013). ``fixed``
    values may be exactly 0 or 1. An exposure (a row without an answer) is an opportunity to learn,
    but no evidence about what the student knows.

    *Classes.* ``guess_by="item", slip_by="item"`` is KT-IDEM (Pardos & Heffernan, 2011). If
    ``prior_by`` names a column of student names, each student has their own prior (as in Yudelson
    et al., 2013). A parameter by class maximises the likelihood times a Beta density. This density
    counts like `borrow` observations of the value of the skill. ``bounds``, ``fixed`` and
    ``beta_priors`` apply too. A class that is not in the training log gets the parameters of the
    skill.

    *Weak skills.* If the answers on a skill do not identify four parameters (Beck & Chang, 2007),
    the fit gives the skill a Beta prior. This prior counts like `borrow` observations of `pooled_`.
    With ``borrow="empirical"`` every skill gets a Beta prior. Its mean and its strength then come
    from the data: from how much more the skills' estimates differ than their standard errors
    explain. The more similar the skills are, the stronger the prior is.

    *Uncertainty.* Standard errors come from the observed information (Louis, 1982), on the logit
    scale. `intervals` is symmetric on that scale. For the interval of a mastery, the model draws
    parameters around their estimates. `identifiability` also names the directions in which the
    likelihood is flat.

    *Individualisation* (after Khajah et al., 2014 and 2016). ``S`` is the logistic function.
    ``theta`` is the student's ability, ``r`` are the student's recent residuals, and ``d`` is the
    item's easiness. ``l`` is the logarithm of the number of answers since the student last
    practised the skill::

        prior  = S(a + w1 theta)              guess    = S(c + d + w3 theta + w4 r)
        learn  = S(b + w2 theta + v1 l)       1 - slip = S(c + exp(q) + d + w3 theta + w4 r)
        forget = S(f + v2 l)

    ``theta`` starts at 0. Every answer changes ``theta`` by the answer's residual times a step, and
    the steps become smaller. This links the skills of a student, so the fit maximises a penalised
    likelihood, with an exact gradient and L-BFGS. With individualisation, `n_init`, `tol`,
    `accelerate`, a number for `borrow` and `random_state` have no effect. You cannot combine
    individualisation with ``bounds``, ``fixed``, ``beta_priors``, ``start``, ``borrow="empirical"``
    or ``uncertainty``. You can combine it with classes.

    *Several skills in one response.* ``"full"``: the answer counts fully for each skill, and the
    prediction is the mean of the skills' predictions. ``"shared"``: the answer counts as one
    observation, divided among the skills. ``"conjunctive"``: the student guesses unless all skills
    are known. ``"compensatory"``: the student guesses unless at least one is known. The last three
    options are fitted in the same way as individualisation. On ASSISTments 2009 the individualised
    model reaches a test AUC of .781 with full credit and .783 with the conjunctive rule. If each
    set of skills is named as one skill, it reaches .785 (``benchmarks/accuracy.py --final``). So if
    predictions matter, name each set of skills as one skill. If you want the mastery of each skill,
    choose ``"conjunctive"``.

    *Unseen.* For a skill that is not in the training log, the model uses the common parameters, and
    a warning names the skill. A new student starts with the prior of each skill.

    References
    ----------
    - A. Corbett, J. Anderson (1995). Knowledge tracing: modeling the acquisition of
      procedural knowledge. User Modeling and User-Adapted Interaction 4, 253-278.
    - Z. Pardos, N. Heffernan (2011). KT-IDEM: introducing item difficulty to the knowledge
      tracing model. User Modeling, Adaptation and Personalization 2011, 243-254.
    - M. Yudelson, K. Koedinger, G. Gordon (2013). Individualized Bayesian knowledge tracing
      models. Artificial Intelligence in Education 2013, 171-180.
    - M. Khajah, R. Wing, R. Lindsey, M. Mozer (2014). Integrating latent-factor and
      knowledge-tracing models to predict individual differences in learning. EDM 2014, 99-106.
    - M. Khajah, R. Lindsey, M. Mozer (2016). How deep is knowledge tracing? EDM 2016, 94-101.
    - J. Beck, K. Chang (2007). Identifiability: a fundamental problem of student modeling.
      User Modeling 2007, 137-146.
    - B. van de Sande (2013). Properties of the Bayesian knowledge tracing model. Journal
      of Educational Data Mining 5(2).
    - R. Varadhan, C. Roland (2008). Simple and globally convergent methods for
      accelerating the convergence of any EM algorithm. Scandinavian Journal of Statistics
      35(2), 335-353.
    - T. Louis (1982). Finding the observed information matrix when using the EM algorithm.
      Journal of the Royal Statistical Society B 44(2), 226-233.

    Examples
    --------
    >>> from adaptlearn.models import BKT
    >>> from adaptlearn.simulation import simulate_school
    >>> school = simulate_school(n_students=300, random_state=1)
    >>> model = BKT(uncertainty=True).fit(school.responses)
    >>> bool(model.converged_.all())
    True
    >>> model.predict_proba(school.responses)[:, 1].shape == school.responses["correct"].shape
    True
    >>> errors = model.intervals()
    >>> bool((errors["lower"] < errors["value"])[errors["standard_error"] > 0].all())
    True

    Guess and slip by item, no guess above 0.4:

    >>> items = [row % 3 for row in range(len(school.responses["skill"]))]
    >>> answers = {**school.responses, "item": items}
    >>> model = BKT(guess_by="item", slip_by="item", bounds={"guess": (0, 0.4)}).fit(answers)
    >>> sorted(set(model.class_parameters_["class"].tolist()))
    [0, 1, 2]
    >>> bool(model.parameters_["guess"].max() <= 0.4)
    True

    Abilities, followed in a live state:

    >>> model = BKT(ability=True, difficulty=True).fit(answers)
    >>> state = model.init_state(2)
    >>> one = {"student": [0], "skill": model.skills_[:1], "item": [1], "correct": [1]}
    >>> state = model.update_state(state, one)
    >>> right, unseen = model.predict_state(state, [0, 1], model.skills_[[0, 0]], items=[2, 2])
    >>> bool(right > unseen)
    True
    """

    _constraints: ClassVar = {
        "forgetting": [OneOf((True, False))],
        "ability": [OneOf((True, False))],
        "recency": [OneOf((True, False))],
        "difficulty": [OneOf((True, False))],
        "lag": [OneOf((True, False))],
        "multi_skill": [OneOf(RULES)],
        "borrow": [Interval(0, 1e9), OneOf(("empirical",))],
        "uncertainty": [OneOf((True, False))],
        "n_init": [Interval(1, 1000, integer=True)],
        "max_iter": [Interval(0, 10**6, integer=True)],
        "tol": [Interval(0, 1)],
        "accelerate": [OneOf((True, False))],
        "random_state": [RandomSource(2**63)],
    }

    def __init__(
        self,
        *,
        forgetting: bool = False,
        prior_by: str | Sequence[str] | None = None,
        learn_by: str | Sequence[str] | None = None,
        forget_by: str | Sequence[str] | None = None,
        guess_by: str | Sequence[str] | None = None,
        slip_by: str | Sequence[str] | None = None,
        gaps: Sequence[float] = (3600, 86400, 604800),
        ability: bool = False,
        recency: bool = False,
        difficulty: bool = False,
        lag: bool = False,
        multi_skill: Literal["full", "shared", "conjunctive", "compensatory"] = "full",
        bounds: Mapping[str, Any] | None = None,
        fixed: Mapping[str, Any] | None = None,
        beta_priors: Mapping[str, Any] | None = None,
        borrow: float | Literal["empirical"] = 10.0,
        uncertainty: bool = False,
        n_init: int = 5,
        max_iter: int = 1000,
        tol: float = 1e-7,
        accelerate: bool = True,
        start: Mapping[str, float] | Sequence[Mapping[str, float]] | None = None,
        random_state: Randomness = 0,
    ) -> None:
        self.forgetting = forgetting
        self.prior_by = prior_by
        self.learn_by = learn_by
        self.forget_by = forget_by
        self.guess_by = guess_by
        self.slip_by = slip_by
        self.gaps = gaps
        self.ability = ability
        self.recency = recency
        self.difficulty = difficulty
        self.lag = lag
        self.multi_skill = multi_skill
        self.bounds = bounds
        self.fixed = fixed
        self.beta_priors = beta_priors
        self.borrow = borrow
        self.uncertainty = uncertainty
        self.n_init = n_init
        self.max_iter = max_iter
        self.tol = tol
        self.accelerate = accelerate
        self.start = start
        self.random_state = random_state

    def fit(
        self,
        log: Any,
        y: object = None,  # noqa: ARG002 - scikit-learn passes the answers again
        *,
        on_step: OnStep | None = None,
    ) -> Self:
        """Estimate every skill's parameters.

        If the fit fails, the model does not change.

        Parameters
        ----------
        log : ResponseLog or frame with its standard columns
        y : ignored
            The answers are in the log. The argument exists because scikit-learn passes the answers
            again.
        on_step : callable, optional
            Called after each step with three numbers: the steps so far, the skills that have not
            converged yet, and all skills.

        Raises
        ------
        ParameterError, ResponseDataError
        ImpossibleHistoryError
            A `start` or `fixed` value of 0 or 1 makes an answer in the log impossible.

        Warns
        -----
        IdentificationWarning
            Names the skills whose answers do not determine all parameters.
        ConvergenceWarning
            Names the skills that did not converge within `max_iter` steps.
        """
        self._check_parameters()
        log = as_log(log)
        if not len(log):
            raise ResponseDataError("response log", ["it has no rows; expected responses"])
        options, entries = self._drawn_params(), Entries.of_log(log)
        classed = class_entries(entries, schemes_of(options), self.gaps)
        fit = fit_by_gradient if coupling_of(options) else fit_by_em
        return self._become(fit(entries, classed, options, on_step), options)

    def fit_counts(self, counts: Any, *, on_step: OnStep | None = None) -> Self:
        """Estimate the model from the distinct answer sequences and how many students have each.

        The result equals the result of `fit` on the log from which the counts were made. Counts
        contain only answers. So you need the log for options that read further columns (``…_by``),
        and for options that follow a student from skill to skill.

        Parameters
        ----------
        counts : SequenceCounts
            See `adaptlearn.count_sequences`.
        on_step : callable, optional
            As in `fit`.

        Raises
        ------
        ParameterError, ResponseDataError
        """
        self._check_parameters()
        options = self._drawn_params()
        needed = [f"{field}_by" for field, scheme in schemes_of(options).items() if scheme]
        needed += coupling_of(options)
        if needed:
            raise ParameterError(
                "fit_counts",
                [f"{name} needs more than counts of answers hold; fit the log" for name in needed],
            )
        problem = None
        if not isinstance(counts, SequenceCounts):
            problem = f"expected SequenceCounts, got {type(counts).__name__}; see count_sequences"
        elif not len(counts):
            problem = "there are no sequences; expected some"
        if problem:
            raise ResponseDataError("counts", [problem])
        return self._become(fit_by_em(Entries.of_counts(counts), None, options, on_step), options)

    def _drawn_params(self) -> dict[str, Any]:
        """The constructor arguments, with a seed for `random_state`."""
        return {**self.get_params(), "random_state": seed_of(self.random_state)}

    def _become(self, found: Fitted, options: Mapping[str, Any]) -> Self:
        """Say what is doubtful of what was fitted, and be it."""
        for message, category in doubts(found, options):
            warn(message, category)
        self.seed_ = options["random_state"]
        return self._take(found)

    def _problems(self) -> list[str]:
        return option_problems(self.get_params())

    def _restore(self, manifest: Mapping[str, Any], arrays: Arrays) -> None:
        if arrays:
            raise ValueError("it holds arrays; a BKT is saved without")
        self.set_params(**read_settings(manifest))
        self._check_parameters()
        self._take(from_manifest(manifest))

    @classmethod
    def from_parameters(
        cls,
        table: Any,
        *,
        by_class: Any = None,
        pooled: Mapping[str, float] | None = None,
        **settings: Any,
    ) -> BKT:
        """Build a model from parameters that were estimated elsewhere.

        Parameters
        ----------
        table : mapping of columns, or frame
            ``skill``, ``prior``, ``learn``, ``guess``, ``slip`` and, optionally, ``forget``:
            one row per skill. `parameters_` has this form.
        by_class : mapping of columns, or frame, optional
            ``parameter``, ``skill``, ``class``, ``value``: one row per skill and class, for each
            parameter that differs by class according to `settings` (`guess_by` and so on).
            `class_parameters_` has this form.
        pooled : mapping of str to float, optional
            The common parameters, for skills that are not in the table; by default the medians of
            the parameters in the table.
        **settings
            Further arguments of `BKT`.

        Raises
        ------
        ParameterError
            Lists every skill and value that is not valid.

        Examples
        --------
        >>> model = BKT.from_parameters(
        ...     {"skill": ["add"], "prior": [0.4], "learn": [0.2], "guess": [0.2], "slip": [0.1]})
        >>> model.predict_proba({"student": [1], "skill": ["add"], "correct": [1]}).round(2)
        array([[0.52, 0.48]])
        """
        skills, parameters = read_skill_table(table)
        model = cls(**{"forgetting": bool(parameters.forget.any()), **settings})
        model._check_parameters()
        schemes = {
            name: scheme for name, scheme in schemes_of(model.get_params()).items() if scheme
        }
        classes, values = read_class_table(by_class, schemes, skills.tolist(), model.gaps)
        common = read_pooled(pooled, parameters)
        return model._take(brought(skills, parameters, common, classes, values))
