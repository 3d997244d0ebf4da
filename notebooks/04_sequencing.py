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
# # The right next lesson, for a reason
#
# A small class, simulated so that nothing has to be downloaded, goes through the whole of the
# sequencer: the curriculum and its audit, policies, goals, teachers' overrides, reviews, a
# placement, and what the record tells afterwards.

# %%
import matplotlib.pyplot as plt
import numpy as np
import polars as pl

from adaptlearn import Curriculum, MasteryTracker, Sequencer
from adaptlearn.curriculum import audit_curriculum, plot_curriculum
from adaptlearn.models import BKT
from adaptlearn.models.memory import FSRS
from adaptlearn.sequencing import (
    Goals,
    Override,
    Placement,
    ReviewSchedule,
    WeightedPolicy,
    preset,
    replay,
)
from adaptlearn.sequencing.knowledge import NInARow, ProbabilityThreshold
from adaptlearn.sequencing.policies import PRESETS, SCORERS

DAY = 86400.0
pl.Config.set_fmt_str_lengths(120)
pl.Config.set_tbl_width_chars(160)
plt.rcParams.update({"axes.spines.top": False, "axes.spines.right": False})

# %% [markdown]
# ## The curriculum
#
# What comes before what, what practises what along the way, and the lessons with their minutes.

# %%
curriculum = Curriculum.from_dict(
    {
        "prerequisites": [
            ("count", "add"),
            ("add", "subtract"),
            ("add", "multiply"),
            ("subtract", "divide"),
            ("multiply", "divide"),
            ("divide", "fractions"),
            ("count", "measure"),
            ("measure", "area"),
            ("multiply", "area"),
            ("add", "area"),
        ],
        "encompasses": [("divide", "subtract", 0.5), ("multiply", "add", 0.4)],
        "lessons": [
            {"lesson": "numbers to 100", "skills": ["count"], "minutes": 15},
            {"lesson": "sums", "skills": ["add"], "minutes": 20},
            {"lesson": "sums, a game", "skills": ["add"], "minutes": 10, "kind": "practice"},
            {"lesson": "taking away", "skills": ["subtract"], "minutes": 20},
            {"lesson": "times tables", "skills": ["multiply"], "minutes": 25},
            {"lesson": "sharing", "skills": ["divide"], "minutes": 30},
            {"lesson": "parts of a whole", "skills": ["fractions"], "minutes": 35},
            {"lesson": "ruler and scale", "skills": ["measure"], "minutes": 15},
            {"lesson": "squares", "skills": ["area"], "minutes": 20},
            {"lesson": "magic squares", "skills": ["add"], "minutes": 15, "kind": "enrichment"},
        ],
    }
)
print(audit_curriculum(curriculum))

# %% [markdown]
# ## A class that has begun
#
# A hundred and twenty students have practised for two weeks. The answers come from coins and
# simple rules, not from a model of the library.

# %%
rng = np.random.default_rng(7)
order = curriculum.topological_order.tolist()
rows = []
for student in range(120):
    pace = rng.uniform(0.15, 0.6)
    reached = int(rng.integers(2, len(order) + 1))
    for place, skill in enumerate(order[:reached]):
        knows = False
        for answer in range(int(rng.integers(4, 9))):
            knows |= rng.random() < pace
            right = rng.random() < (0.92 if knows else 0.2)
            moment = (place * 1.3 + answer * 0.01 + rng.uniform(0, 0.005)) * DAY
            rows.append((f"s{student:03d}", skill, int(right), moment))
answers = pl.DataFrame(rows, schema=["student", "skill", "correct", "time"], orient="row")
answers.sample(5, seed=1)

# %%
model = BKT().fit(answers)
mastery = MasteryTracker(model, practice=True).update(answers)
now = float(answers["time"].max()) + DAY
sequencer = Sequencer(curriculum, mastery, random_state=0)
decisions = sequencer.recommend(mastery.students[:6], now=now)
pl.DataFrame(decisions.table(), strict=False)

# %% [markdown]
# One student's picture: what is mastered, and (thick rims) what the student is ready to learn.

# %%
student = mastery.students[1]
plot_curriculum(curriculum, sequencer.context([student]).mastery[0])
plt.show()

# %% [markdown]
# ## Why this lesson, and why not another?
#
# Every decision has a reason, its probability, and the lessons that came close. The policy here is
# the default: a lesson opens when what comes before it is probably known (P(known) of .8), and of
# the open ones that comes first from which most is learnt per minute.

# %%
(decision,) = sequencer.recommend(student, now=now)
print(decision.sentence("student"))
print(decision.sentence("teacher"))
for candidate in decision.candidates:
    share = f"propensity {candidate.propensity:.2f}"
    print(f"  {candidate.lesson:18} score {candidate.score:.3f}, {share}")
print(sequencer.explain(student, "parts of a whole"))

# %% [markdown]
# ## Policies
#
# A policy is a set of weights on scorers. Those that people know by name are there as presets.

# %%
pl.DataFrame(
    [(name, one.formula, one.source) for name, one in SCORERS.items()],
    schema=["scorer", "formula", "source"],
    orient="row",
)

# %%
some_students = mastery.students[:40].tolist()
chosen = {}
for name in PRESETS:
    made = Sequencer(curriculum, mastery, preset(name), random_state=0)
    chosen[name] = [one.lesson or "(none)" for one in made.recommend(some_students, now=now)]
lessons = [*curriculum.lessons.tolist(), "(none)"]
counts = np.array([[picks.count(lesson) for lesson in lessons] for picks in chosen.values()])
figure, axes = plt.subplots(figsize=(9, 3.8))
axes.imshow(counts, cmap="Blues", aspect="auto")
axes.set_xticks(range(len(lessons)), lessons, rotation=35, ha="right")
axes.set_yticks(range(len(chosen)), chosen)
for row, column in np.ndindex(*counts.shape):
    if counts[row, column]:
        colour = "white" if counts[row, column] > counts.max() / 2 else "black"
        axes.text(column, row, counts[row, column], ha="center", va="center", color=colour)
axes.set_title("Which lesson 40 students are given, by policy", loc="left", fontsize=10)
figure.tight_layout()
plt.show()

# %% [markdown]
# Which one is right for you? `provisional`, the default, goes on as soon as a skill is probably
# known and makes sure of it later; finish-what-has-begun (`mastery`) is easy to explain; `balanced`
# brings reviews, remediation and enrichment under the same roof; `outer_fringe` and `random` leave
# the choice open, which is what a fair comparison of lessons needs; `zpdes` explores. What counts
# as mastered is a part of its own:

# %%
three = preset("mastery", criterion=NInARow(3))
both = preset("mastery", criterion=ProbabilityThreshold(0.95) & NInARow(2))
for policy in (three, both):
    made = Sequencer(curriculum, mastery, policy, random_state=0)
    mastered = made.context(some_students, now=now).mastered
    print(policy.criterion, f"{mastered.mean():.2f} of all skills mastered")

# %% [markdown]
# A policy of your own is one function, of arrays:


# %%
def shortest_first(candidates):
    """Short lessons before long ones."""
    return -candidates.minutes


mine = WeightedPolicy({"shortest": (shortest_first, 0.01), "nearest_to_mastery": 1.0})
print(Sequencer(curriculum, mastery, mine, random_state=0).recommend(student, now=now)[0].lesson)

# %% [markdown]
# ## Goals, and how long they take

# %%
goals = Goals(curriculum, {student: {"area": 2.0, "measure": 1.0}})
aiming = Sequencer(curriculum, mastery, preset("balanced"), goals=goals, random_state=0)
found = aiming.time_to_goal([student], now=now)
print(aiming.recommend(student, now=now)[0].sentence("student"))
print(f"{found.median[0]:.0f} minutes to the goal ({found.lower[0]:.0f} to {found.upper[0]:.0f})")

# %% [markdown]
# ## Teachers decide
#
# An override always wins, is on record with its author and reason, and does not count when policies
# are evaluated.

# %%
overrides = [
    Override("pin", "squares", student, author="Ms Lee", reason="for Monday's project"),
    Override("ban", "sums, a game", author="Ms Lee", reason="no headphones", expires=now + 7 * DAY),
]
led = Sequencer(curriculum, mastery, preset("balanced"), overrides=overrides, random_state=0)
first, second = led.recommend(student, n=2, now=now)
print(first.sentence("teacher"), "| by the policy:", first.by_policy)
print(second.sentence("teacher"))

# %% [markdown]
# ## Reviews
#
# A model of memory over the same answers tells what is fading. Two weeks say little about
# forgetting, so its parameters are held to the published ones (a large penalty). A month later:

# %%
memory = MasteryTracker(FSRS(card="skill", penalty=1e6).fit(answers)).update(answers)
reviewing = Sequencer(
    curriculum, mastery, preset("balanced"), review=ReviewSchedule(memory), random_state=0
)
days = np.arange(1, 90)
recall = np.array([memory.recall([student], mastery.skills, now + day * DAY)[0] for day in days])
figure, axes = plt.subplots(figsize=(7, 3.2))
for place, skill in enumerate(mastery.skills.tolist()):
    if not np.isnan(recall[0, place]):
        axes.plot(days, recall[:, place], label=skill)
axes.axhline(0.9, color="0.6", linestyle=":", linewidth=1)
axes.set(xlabel="days from now", ylabel="P(recall)", ylim=(0, 1))
axes.legend(frameon=False, fontsize=8, ncols=2)
axes.set_title("What one student will remember without practice", loc="left", fontsize=10)
plt.show()
for decision in reviewing.recommend(student, n=3, now=now + 30 * DAY):
    print(decision.purpose, "-", decision.sentence("teacher"))

# %% [markdown]
# ## A new student
#
# A placement asks a few questions and uses what the graph implies.

# %%
session = Placement(curriculum, guess=0.2, slip=0.1).start("nia")
truth = {"count", "add", "subtract", "measure"}
while (skill := session.next()) is not None:
    session.answer(skill, skill in truth)
session.result()

# %% [markdown]
# ## What happened
#
# The record alone tells a student's story: answers, beliefs, decisions.

# %%
record = []
tracker = MasteryTracker(model, practice=True)
school = Sequencer(curriculum, tracker, preset("balanced"), new_students=True, random_state=0)
moment = now
for _ in range(7):
    (decision,) = school.recommend("nia", now=moment)
    record.append(decision)
    taught = curriculum.skills_of(decision.lesson).tolist()
    right = [int(rng.random() < 0.8) for _ in range(3)]
    tracker.update(
        {
            "student": ["nia"] * 3,
            "skill": taught[:1] * 3,
            "correct": right,
            "time": [moment + minute * 60 for minute in range(3)],
        }
    )
    moment += DAY
replay([decision.to_dict() for decision in record], "nia")
