# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Does it teach better?
#
# **Simulation is not evidence from classrooms.** A simulated student learns by equations that
# somebody wrote down. A policy that does well on them has shown that it is not fragile under
# *these* assumptions, and one that does badly has shown how it could fail. Whether it teaches
# children better is a question for an experiment. This notebook goes the whole way: simulation,
# to weed out; logged decisions, to estimate; an A/B test, to know.

# %%
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import polars as pl

from adaptlearn import Curriculum, MasteryTracker, Sequencer
from adaptlearn.diagnosis import policy_from_log
from adaptlearn.errors import ParameterError
from adaptlearn.evaluation import LoggedDecisions, off_policy_value, power, sample_size
from adaptlearn.models import BKT
from adaptlearn.simulation import (
    Matrix,
    SequencerPolicy,
    baselines,
    evaluation_matrix,
    measure_outcomes,
    prior_log,
    random_course,
    run_episode,
    simulate_school,
    simulators,
)

plt.rcParams.update({"axes.spines.top": False, "axes.spines.right": False})

# %% [markdown]
# ## Many simulators that disagree
#
# A simulator that shares the estimator's equations flatters it. So policies are compared on
# several kinds of students, each with equations of its own, and judged by their *worst* (Doroudi,
# Aleven & Brunskill, 2017). No policy is told the truth: the model under the sequencer is fitted
# to what other students of the same kind answered before.

# %%
course = random_course(12)
everyone = simulators(course)
kinds = {name: everyone[name] for name in ("individual", "prerequisites", "additive_factors")}
SHOWN = ("three_in_a_row", "moving_average", "knowledge_tracing", "oracle")


def sequencer_policy(model, policy=None, name="default"):
    def make(curriculum):
        tracker = MasteryTracker(model, practice=True)
        return Sequencer(
            curriculum, tracker, policy, new_students=True, random_state=0,
            wheel_spinning=None,  # there is no teacher here to send anyone to
        )  # fmt: skip

    return SequencerPolicy(make, name=name, family="bkt")


def policies(kind):
    log = prior_log(kinds[kind], course, n_students=400)
    model = BKT().fit(log)
    asked_for = policy_from_log(log, course.curriculum, price=300, model=model).policy
    parameters = {name: model.parameters_[name] for name in ("prior", "learn", "guess", "slip")}
    standard = baselines(course, parameters=parameters)
    own = {
        "default": sequencer_policy(model),
        "from the log": sequencer_policy(model, asked_for, "from the log"),
    }
    return {name: standard[name] for name in SHOWN} | own


matrix = evaluation_matrix(
    kinds, policies, course, n_students=200, seeds=6, budget=800,
    baselines=[name for name in SHOWN if name != "oracle"],
)  # fmt: skip
matrix

# %%
figure, axes = plt.subplots(figsize=(7.5, 3.4))
matrix.heat_map("minutes_to_mastery", axes)
plt.show()

# %% [markdown]
# Every policy met the same students with the same luck, so differences have narrow intervals.
# They say what *other students of these kinds* would give, not what other kinds would.

# %%
print(matrix.worst_text("minutes_to_mastery"))
print()
print(matrix.text("under_practice"))

# %% [markdown]
# ### At what price?
#
# "Minutes until all is known" has no price: a policy that never stops does well by it. The bill of
# a student has one: the minutes of practice, plus 300 minutes for each skill that is unknown at the
# end. The policy *from the log* was chosen for this price by what the earlier log says about the
# students (`policy_from_log`).

# %%
print(matrix.text("bill_300"))

# %% [markdown]
# ### For whom?
#
# Slow learners are declared to know what they do not know more often than fast ones. How far they
# are behind, under each policy:

# %%
gap = matrix.gaps("under_practice", "learning")
pl.DataFrame(
    {"policy": matrix.policies}
    | {name: gap.value[:, place].round(3) for place, name in enumerate(matrix.simulators)}
)

# %% [markdown]
# ### The whole matrix
#
# `adaptlearn simulate` makes the matrix of nine policies, and twenty seeds of a thousand students
# each, in some minutes. Here it has ten kinds of students. Two kinds (‡) were kept apart while the
# default policy was designed, and looked at once.

# %%
folders = (Path.cwd(), *Path.cwd().parents)
kept = [folder / "benchmarks" / "results" / "matrix.json" for folder in folders]
found = next((path for path in kept if path.exists()), None)
print(Matrix.load(found).text("minutes_to_mastery") if found else "the file is not at hand")

# %% [markdown]
# ### What breaks it
#
# A simulator can also lie to the policy: items tagged with the wrong skill, prerequisites that
# are missing or reversed. Share of skills known after 400 minutes:

# %%
kind = everyone["individual"]
rows = []
for label, taught in {
    "as it is": course,
    "a tenth of the tags wrong": course.with_wrong_tags(0.1, random_state=1),
    "a fifth of the graph reversed": course.with_wrong_graph(reversed=0.2, random_state=1),
}.items():
    model = BKT().fit(prior_log(kind, taught, n_students=400))
    for name, policy in {
        "three in a row": baselines(taught)["three_in_a_row"],
        "default": sequencer_policy(model),
    }.items():
        result = measure_outcomes(run_episode(kind, policy, taught, n_students=500, budget=400))
        rows.append((label, name, result.mean("known_share"), result.mean("under_practice")))
pl.DataFrame(rows, schema=["course", "policy", "known", "under-practice"], orient="row")

# %% [markdown]
# ## Logged decisions
#
# A platform that records the *propensity* of every decision can ask what another policy would
# have come to, without running it. Here each of 1,500 students is given any of five lessons, at
# random; the reward is whether the skill is learnt in the lesson. The school is simulated, so the
# truth is known.

# %%
school = simulate_school(n_students=1500, n_skills=5, n_responses_per_skill=6, random_state=5)
tracker = MasteryTracker(BKT().fit(school.responses)).update(school.responses)
lessons = Curriculum.from_dict({"skills": school.skills.tolist()})
rng = np.random.default_rng(11)


def anything(context):
    shape = len(context.mastery), len(context.curriculum.lessons)
    return np.zeros(shape), np.ones(shape, bool)


rate = dict(zip(school.truth["skill"], school.truth["learn"], strict=True))
learnable = np.array([1 - (1 - rate[skill]) ** 5 for skill in school.skills])  # in five items
chance = (1 - school.known) * learnable  # (student, skill): the truth
place = {skill: column for column, skill in enumerate(school.skills.tolist())}
row = {student: k for k, student in enumerate(school.students.tolist())}

decisions = Sequencer(lessons, tracker, anything, random_state=0).recommend(school.students)
records = [decision.to_dict() for decision in decisions]
rewards = {
    record["id"]: float(rng.random() < chance[row[record["student"]], place[record["lesson"]]])
    for record in records
}
print(f"{np.mean(list(rewards.values())):.3f} of the lessons taught their skill")

# %% [markdown]
# What would a policy have come to that prefers what is not known yet?

# %%
mastery = tracker.mastery(school.students)
order = [mastery.skills.tolist().index(skill) for skill in school.skills]
wanted = np.exp((1 - mastery.value[:, order]) / 0.2)
share = wanted / wanted.sum(axis=1, keepdims=True)
target = {
    student: dict(zip(school.skills.tolist(), share[k].tolist(), strict=True))
    for student, k in row.items()
}
logged = LoggedDecisions.from_records(
    records, rewards, target=lambda record: target[record["student"]]
)
estimate = off_policy_value(logged)
truth = (share * chance).sum(axis=1).mean()
print(f"the truth: {truth:.3f}")
estimate

# %%
assert estimate.estimates["snips"].lower < truth < estimate.estimates["snips"].upper
names = list(estimate.estimates)
figure, axes = plt.subplots(figsize=(6, 1.6 + 0.3 * len(names)))
for height, name in enumerate(names):
    found = estimate.estimates[name]
    axes.plot([found.lower, found.upper], [height, height], color="#20639b", linewidth=2)
    axes.plot(found.value, height, "o", color="#20639b")
axes.axvline(truth, color="#d1495b", linestyle="--", label="the truth")
axes.axvline(np.mean(list(rewards.values())), color="0.6", label="the policy that ran")
axes.set_yticks(range(len(names)), names)
axes.set_ylim(-0.6, len(names) - 0.4)
axes.set_xlabel("skills learnt per lesson, with 95% intervals")
axes.legend(frameon=False, loc="upper left", bbox_to_anchor=(1, 1))
figure.tight_layout()
plt.show()

# %% [markdown]
# It also says when it cannot know. A greedy policy has given only one lesson to each student, and
# nothing in its log speaks for the others:

# %%
greedy = Sequencer(lessons, tracker, random_state=0).recommend(school.students)
once = [decision.to_dict() for decision in greedy if decision.lesson is not None]
try:
    LoggedDecisions.from_records(
        once,
        {record["id"]: 1.0 for record in once},
        target=lambda _: dict.fromkeys(school.skills.tolist(), 0.2),
    )
except ParameterError as error:
    print(str(error)[:400])

# %% [markdown]
# ## An A/B test
#
# To *know*, draw lots. Before the first student is drawn, write down: the outcome and when it is
# measured, the smallest difference that would change what you do, how many students, the
# analysis, the subgroups, and that nobody peeks. Say the outcome is the share of the course's
# skills that are known after 250 minutes, and .03 would matter.

# %%
kind = everyone["prerequisites"]
model = BKT().fit(prior_log(kind, course, n_students=400))
arms = {"A": baselines(course)["three_in_a_row"], "B": sequencer_policy(model)}
pilot = measure_outcomes(
    run_episode(kind, arms["A"], course, n_students=200, seeds=[9], budget=250)
)
spread = float(pilot.by_student["known_share"].std(ddof=1))

needed = sample_size(0.03, sd=spread)
by_class = sample_size(0.03, sd=spread, randomised="class", class_size=25, icc=0.1)
print(f"standard deviation in the pilot: {spread:.3f}")
print(f"students drawn one by one: {needed.n_students}")
print(f"whole classes of 25: {by_class.n_students}, {by_class.design_effect:.1f} times as many")
print(f"with 400 students a difference of .03 is seen with {power(400, 0.03, sd=spread):.0%}")

# %% [markdown]
# Where a teacher teaches a class as a whole, classes are drawn, and students of one class count
# for less than strangers. Here students are drawn one by one, each to B with probability ½; that
# propensity is logged with every decision, so the trial's log can be used again for policies that
# nobody has thought of yet.

# %%
n = needed.n_students
worlds = {
    arm: measure_outcomes(run_episode(kind, policy, course, n_students=n, seeds=[10], budget=250))
    for arm, policy in arms.items()
}
drawn = np.random.default_rng(2).random(n) < 0.5
known = {arm: world.by_student["known_share"] for arm, world in worlds.items()}
seen = np.where(drawn, known["B"], known["A"])  # of each student one outcome is seen


def difference(chosen):
    b, a = seen[chosen & drawn], seen[chosen & ~drawn]
    error = np.sqrt(b.var(ddof=1) / len(b) + a.var(ddof=1) / len(a))
    return b.mean() - a.mean(), 1.96 * error, len(a) + len(b)


pace = worlds["A"].groups["learning"]
rows = []
for label, chosen in (
    ("all", np.ones(n, bool)),
    ("slow learners", pace == "slow"),
    ("fast learners", pace == "fast"),
):
    value, wide, size = difference(chosen)
    real = (known["B"] - known["A"])[chosen].mean()
    rows.append(
        (label, size, round(value, 3), round(value - wide, 3), round(value + wide, 3), real)
    )
pl.DataFrame(
    rows, schema=["who", "students", "B less A", "lower", "upper", "in truth"], orient="row"
)

# %% [markdown]
# In a simulation one can look at what nobody ever sees: how each student would have fared in the
# other arm (*in truth*). The trial of all students was planned for this difference. The subgroups
# are smaller, and say less: report them as such.
#
# **Once more: nothing here says how real students learn.** The default policy of the library was
# chosen on simulated students, and looks good on simulated students. Before you rely on it, run
# the test above with yours.
