"""The Bayesian Knowledge Tracing estimator."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Literal, Self

from adaptlearn.errors import ParameterError, ResponseDataError, warn
from adaptlearn.models.bkt.cells import class_entries
from adaptlearn.models.bkt.em.climb import OnStep
from adaptlearn.models.bkt.entries import Entries, likelihood_by_skill
from adaptlearn.models.bkt.fit.by_em import fit_by_em
from adaptlearn.models.bkt.fit.by_gradient import fit_by_gradient
from adaptlearn.models.bkt.fit.doubts import doubts
from adaptlearn.models.bkt.fit.options import coupling_of, option_problems, schemes_of
from adaptlearn.models.bkt.fitted import Fitted
from adaptlearn.models.bkt.individual.equations import RULES
from adaptlearn.models.bkt.serve.fitted_bkt import FittedBKT
from adaptlearn.models.bkt.serve.manifest import from_manifest, read_settings
from adaptlearn.models.bkt.serve.passes import pass_log
from adaptlearn.models.bkt.serve.tables import (
    brought,
    read_class_table,
    read_pooled,
    read_skill_table,
)
from adaptlearn.models.bkt.student_classes import MOST
from adaptlearn.randomness import Randomness, seed_of
from adaptlearn.responses import SequenceCounts, as_log
from adaptlearn.serialization import Arrays
from adaptlearn.validation import Interval, OneOf, RandomSource


class BKT(FittedBKT):
    """Bayesian Knowledge Tracing and its variants, in any combination.

    Each student either knows a skill or does not know it. A student's state on a skill (known or
    not known) can change from one opportunity to the next (Corbett & Anderson, 1995). With the
    state ``x`` (0 not known, 1 known) and the answer ``y``::

        P(x[1] = 1) = prior
        P(x[t + 1] = 1 | x[t] = 0) = learn        P(y[t] = 1 | x[t] = 0) = guess
        P(x[t + 1] = 0 | x[t] = 1) = forget       P(y[t] = 0 | x[t] = 1) = slip

    The fit runs expectation-maximisation (EM) for all skills at once. If several students have the
    same answers on a skill, the fit computes the shared history once and weights it by the number
    of these students. The notes below explain the options.

    Parameters
    ----------
    forgetting : bool, default False
        Whether a student can forget a known skill. If False, ``forget`` is 0.
    prior_by, learn_by, forget_by, guess_by, slip_by : str or sequence of str, optional
        The columns of the log that define the classes of a parameter: ``"item"`` or names of
        ``extra`` columns. Each value in a class column is a class, and each class has its own
        parameter. Learning and forgetting happen between two responses on a skill; `learn_by` and
        `forget_by` use the class of the earlier response. `learn_by` and `forget_by` also accept
        ``"gap"`` (the time between two responses on the skill) and ``"item_pair"`` (the items of
        these two responses). For `prior_by`, the class comes from the student's first response on
        the skill.
    gaps : sequence of float, default an hour, a day and a week
        The times that separate the classes of ``"gap"``, in seconds, in ascending order.
    ability, recency, difficulty, lag : bool, default False
        Individualisation. With `ability`, the model uses the student's ability. With `recency`, the
        model uses how much better or worse than predicted the student's recent answers were. With
        `difficulty`, the model uses the item's easiness. With `lag`, the model uses the number of
        answers since the student last practised the skill.
    multi_skill : {"full", "shared", "conjunctive", "compensatory"}
        If a response has several skills: how the answer counts for each skill (see the notes).
    bounds, fixed, beta_priors : mapping, optional
        A mapping of parameter names to values. For each parameter, pass one value for all skills,
        or a mapping of skills to values. A value of `bounds` is a pair (low, high). A value of
        `fixed` is a probability. A value of `beta_priors` is a pair: the two parameters of a Beta
        density, each at least 1. A value for a skill also applies to all classes of responses on
        this skill.
    borrow : float or "empirical", default 10
        If the answers do not identify a skill's parameters, the fit pulls these parameters to the
        common parameters of all skills. The fit also pulls the parameters of a class to the
        parameters of its skill. `borrow` is the strength of the pull, as a number of observations.
        With ``borrow=0``, the fit does not pull any parameters.
    student_classes : int, default 1
        The number of latent classes of students, up to 20. Students of different classes differ in
        how likely they are to know a skill at the start, and in how likely they are to learn a
        skill (see the notes).
    uncertainty : bool, default False
        Whether to compute standard errors. `intervals` and the intervals of `mastery` need standard
        errors.
    n_init : int, default 5
        The number of starting points per skill. One starting point is the best common fit of all
        skills; the other points are random. After a few steps, the fit of each skill continues only
        from the best of the skill's starting points.
    max_iter : int, default 1000
        The largest number of steps that the fit takes from the best starting point of a skill.
    tol : float, default 1e-7
        A skill has converged if a step raises the log-likelihood *per response* by less than `tol`.
        If `tol` is 0, the fit takes `max_iter` steps and does not warn about skills that have not
        converged.
    accelerate : bool, default True
        Whether the fit tries a longer step after every two EM steps (Varadhan & Roland, 2008). If
        the longer step does not raise the likelihood, the fit discards the longer step. With
        ``accelerate=False``, the fit is plain EM. Another program for plain EM gets the same
        parameters if it takes the same number of steps from the same start.
    start : mapping of str to float, or sequence of them, optional
        Your own starting points for every skill, instead of the library's `n_init` points. Each
        starting point has values for prior, learn, guess and slip (and for forget if `forgetting`
        is True). If a parameter starts at 0 or 1, the fit does not change it. With `start`, the fit
        ignores `borrow`.
    random_state : int, numpy.random.Generator, numpy.random.RandomState or None, default 0
        The source of the random starting points.

    Attributes
    ----------
    skills_ : array, shape (n_skills,)
        Labels of the skills that were fitted, sorted.
    parameters_ : dict of str to array, each of shape (n_skills,)
        A table for any dataframe library, with the columns ``skill``, ``prior``, ``learn``,
        ``forget``, ``guess`` and ``slip``. If a parameter differs by class, `parameters_` contains
        the parameter's value for classes that are not in the training log. With individualisation,
        `parameters_` shows the values for a student of ability 0 on an item of easiness 0, without
        lag.
    class_parameters_ : dict of str to array
        Columns ``parameter``, ``skill``, ``class``, ``value``. If no parameter differs by class,
        `class_parameters_` has no rows.
    class_weights_ : float array, shape (n_classes,)
        The share of students in each class of students, from the weakest class to the strongest.
    class_shifts_ : dict of str to array
        Columns ``class``, ``weight``, ``prior``, ``learn``: the shifts of each class of students,
        in log odds. If `student_classes` is 1, `class_shifts_` has no rows.
    student_class_parameters_ : dict of str to array, each of shape (n_classes, n_skills)
        The values of ``prior``, ``learn``, ``forget``, ``guess`` and ``slip`` for each class of
        students and each skill.
    pooled_ : dict of str to float
        The common parameters of all skills. The model uses `pooled_` for skills that are not in the
        training log.
    log_likelihood_ : float array, shape (n_skills,)
        The log-likelihood of the training answers. With individualisation or with
        several classes of students, `log_likelihood_` is the log-likelihood of the one-step-ahead
        predictions.
    n_iter_, converged_ : int and bool arrays, shape (n_skills,)
        The number of steps of each skill, and whether the skill converged.
    n_answers_ : int array, shape (n_skills,)
        The number of training answers on each skill.
    unidentified_ : dict of label to str
        The skills for which the answers do not identify all parameters, each with the reason. The
        fit gives each unidentified skill a Beta prior at the common parameters, with the weight of
        `borrow` observations.
    seed_ : int
        The seed of the fit: `random_state` if it is an integer, otherwise a seed drawn from
        `random_state`. A new fit with ``random_state=seed_`` produces the same model.
    classes_ : array
        ``[0, 1]``, because the columns of `predict_proba` are P(wrong) and P(correct).
    fingerprint_ : str
        A text that identifies the fitted model: models with equal parameters have equal
        fingerprints.

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

    *Classes.* With ``guess_by="item", slip_by="item"``, the model is KT-IDEM (Pardos & Heffernan,
    2011). If ``prior_by`` names a column of student names, each student has their own prior (as in
    Yudelson et al., 2013). If a parameter differs by class, the fit maximises the likelihood times
    a Beta density. The Beta density of a class pulls the class to its skill's value, with the
    weight of `borrow` observations. ``bounds``, ``fixed`` and ``beta_priors`` also apply to
    classes. If a class is not in the training log, the model uses the parameters of the skill.

    *Weak skills.* If the answers on a skill do not identify the skill's parameters (Beck & Chang,
    2007), the fit gives the skill a Beta prior. The Beta prior of an unidentified skill is at the
    common parameters `pooled_` and has the weight of `borrow` observations. With
    ``borrow="empirical"`` every skill gets a Beta prior. With ``borrow="empirical"``, the fit
    estimates the mean and the strength of the prior from the data. The fit compares the differences
    between the skills' estimates with the standard errors of the estimates. The more similar the
    skills are, the stronger the prior is.

    *Uncertainty.* The fit computes standard errors from the observed information (Louis, 1982), on
    the logit scale. The intervals that `intervals` returns are symmetric on the logit scale. To
    compute the interval of a mastery, the model draws random parameters around the estimates.
    `identifiability` also names the directions of the parameter space in which the likelihood is
    flat.

    *Individualisation* follows Khajah et al. (2014 and 2016). ``S`` is the logistic function.
    ``theta`` is the student's ability, and ``d`` is the item's easiness. ``r`` is a mean of the
    student's recent residuals (the answer, minus the predicted P(correct)). ``l`` is the logarithm
    of the number of answers since the student last practised the skill::

        prior  = S(a + w1 theta)              guess    = S(c + d + w3 theta + w4 r)
        learn  = S(b + w2 theta + v1 l)       1 - slip = S(c + exp(q) + d + w3 theta + w4 r)
        forget = S(f + v2 l)

    ``theta`` starts at 0. Every answer adds its residual times a step size to ``theta``; the step
    size decreases with the number of answers. The ability ``theta`` links all skills of a student.
    With individualisation, the fit maximises one penalised likelihood, with an exact gradient and
    L-BFGS. With individualisation, these arguments have no effect: `n_init`, `tol`, `accelerate`,
    `random_state`, and a number for `borrow`. You cannot combine individualisation with ``bounds``,
    ``fixed``, ``beta_priors``, ``start``, ``borrow="empirical"`` or ``uncertainty``. You can
    combine individualisation with classes.

    *Classes of students* are a latent class mixture, fitted by EM (Dempster, Laird & Rubin, 1977).
    Each student belongs to one of `student_classes` classes, the same class for all skills. For a
    student of class ``c`` and any skill::

        log odds of prior = a + s[c]        log odds of learn = b + l[c]

    ``a`` and ``b`` are the log odds of the skill's parameters in `parameters_`. The means of the
    shifts ``s`` and ``l``, weighted by `class_weights_`, are 0. The fit pulls the shifts weakly
    toward 0, by normal densities with standard deviation 1. The fit also adds one student to each
    class of students, so that no class is empty. Every answer updates P(class) of the student
    exactly, in O(`student_classes`). ``bounds`` and ``fixed`` apply to every class of students.
    ``beta_priors`` and `borrow` pull the parameters of the skills, but not the shifts. You can
    combine `student_classes` with ``forgetting``. You cannot combine `student_classes` with
    individualisation, with the options ``…_by``, with ``uncertainty``, or with a `multi_skill`
    other than ``"full"``.

    *Several skills in one response.* ``"full"``: the answer counts fully for each of its skills,
    and the prediction is the mean of the skills' predictions. ``"shared"``: the answer counts as
    one observation, and each of the m skills of the response gets 1/m of this observation.
    ``"conjunctive"``: if the student does not know all skills of the response, the student guesses.
    ``"compensatory"``: if the student knows none of the skills, the student guesses. For
    ``"shared"``, ``"conjunctive"`` and ``"compensatory"``, the fit works as for individualisation.
    On ASSISTments 2009 the individualised model reaches a test AUC of .781 with ``"full"`` and .783
    with ``"conjunctive"``. If each set of skills is treated as one skill, the individualised model
    reaches a test AUC of .785 (``benchmarks/accuracy.py --final``). If predictions matter most,
    treat each set of skills as one skill. If you want the mastery of each skill, choose
    ``"conjunctive"``.

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
    - A. Dempster, N. Laird, D. Rubin (1977). Maximum likelihood from incomplete data via the
      EM algorithm. Journal of the Royal Statistical Society B 39(1), 1-38.
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
        "student_classes": [Interval(1, MOST, integer=True)],
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
        student_classes: int = 1,
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
        self.student_classes = student_classes
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
            `fit` takes the answers from the log. The argument `y` exists because scikit-learn
            passes the answers a second time.
        on_step : callable, optional
            A function that `fit` calls after each step. The arguments of `on_step` are three
            numbers: the steps so far, the skills that have not converged yet, and all skills.

        Raises
        ------
        ParameterError, ResponseDataError
        ImpossibleHistoryError
            The error is raised if a `start` or `fixed` value of 0 or 1 makes an answer in the log
            impossible.

        Warns
        -----
        IdentificationWarning
            The warning lists the skills for which the answers do not identify all parameters.
        ConvergenceWarning
            The warning lists the skills that did not converge within `max_iter` steps.
        """
        self._check_parameters()
        log = as_log(log)
        if not len(log):
            raise ResponseDataError("response log", ["it has no rows; expected responses"])
        options, entries = self._drawn_params(), Entries.of_log(log)
        classed = class_entries(entries, schemes_of(options), self.gaps)
        fit = fit_by_gradient if coupling_of(options) else fit_by_em
        found = fit(entries, classed, options, on_step)
        if found.student_classes is not None:
            ahead = pass_log(found, log, entries.groups).p_correct
            likelihood = likelihood_by_skill(log, ahead, entries.skill, len(entries.skills))
            found = found._replace(log_likelihood=likelihood)
        return self._become(found, options)

    def fit_counts(self, counts: Any, *, on_step: OnStep | None = None) -> Self:
        """Estimate the model from counts: how many students have each answer sequence.

        The result equals the result of `fit` on the log from which the counts were made. Counts
        contain only answers. Options that read further columns (``…_by``) need `fit` and the log.
        Individualisation and `multi_skill` need `fit` and the log, too.

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
        needed += ["student_classes"] if options["student_classes"] > 1 else []
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
            The error lists every skill and value that is not valid.

        Examples
        --------
        >>> model = BKT.from_parameters(
        ...     {"skill": ["add"], "prior": [0.4], "learn": [0.2], "guess": [0.2], "slip": [0.1]})
        >>> model.predict_proba({"student": [1], "skill": ["add"], "correct": [1]}).round(2)
        array([[0.52, 0.48]])
        """
        if settings.get("student_classes", 1) != 1:
            problem = "student_classes needs a fit; a table of parameters holds one class"
            raise ParameterError("BKT.from_parameters", [problem])
        skills, parameters = read_skill_table(table)
        model = cls(**{"forgetting": bool(parameters.forget.any()), **settings})
        model._check_parameters()
        schemes = {
            name: scheme for name, scheme in schemes_of(model.get_params()).items() if scheme
        }
        classes, values = read_class_table(by_class, schemes, skills.tolist(), model.gaps)
        common = read_pooled(pooled, parameters)
        return model._take(brought(skills, parameters, common, classes, values))
