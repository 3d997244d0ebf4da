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
# # From a response log to the next lesson
#
# A log of answers goes in; what each student knows, and what each should do next, comes out.
# Here the students are simulated, so that every estimate can be held against the truth.

# %%
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from adaptlearn import Curriculum, MasteryTracker, ResponseLog, Sequencer, cross_validate
from adaptlearn.models import BKT
from adaptlearn.simulation import simulate_school

# %% [markdown]
# ## The log
#
# One row per answer: who, on which skill, right or wrong. `item` and `time` may be there too. With
# your own data, begin here: `answers = pd.read_csv("answers.csv")`, and name the columns where
# they are called otherwise: `ResponseLog.from_frame(answers, student="user", skill="kc")`.

# %%
school = simulate_school(300, n_skills=6, n_responses_per_skill=(3, 9), random_state=1)
answers = pd.DataFrame(school.responses)
answers.head()

# %%
log = ResponseLog.from_frame(answers)
log

# %% [markdown]
# ## The model
#
# Bayesian Knowledge Tracing says that a student either knows a skill or does not. *Prior* is the
# chance to know it from the start, *learn* the chance that an answer's practice turns not knowing
# into knowing; *guess* and *slip* are what blurs the view: right without knowing, wrong in spite
# of knowing. All skills are fitted at once.

# %%
model = BKT().fit(log)
fitted = pd.DataFrame(model.parameters_).set_index("skill")
true = pd.DataFrame(school.truth).set_index("skill")
fitted.join(true.add_suffix(" (true)"))[
    [name + end for name in ("prior", "learn", "guess", "slip") for end in ("", " (true)")]
].round(3)

# %% [markdown]
# Whether the model predicts students it has never seen is a question for cross-validation: each
# answer is predicted before it is seen, by a model fitted to other students.

# %%
cross_validate({"BKT": BKT(), "BKT with forgetting": BKT(forgetting=True)}, log)

# %% [markdown]
# ## What a student knows
#
# A tracker keeps the state of many students and takes in answers as they come, each at constant
# cost. Here it follows one student, answer by answer.

# %%
student = "student-283"
READY = 0.8  # from which P(known) a skill is enough for what comes after it

tracker = MasteryTracker(model)
rows = np.flatnonzero(answers["student"] == student)
belief = [tracker.mastery([student]).value[0]]
for row in rows:
    tracker.update(answers.iloc[[row]])
    belief.append(tracker.mastery([student]).value[0])
path = pd.DataFrame(belief, columns=model.skills_)
truth = pd.DataFrame(school.known, index=school.students, columns=school.skills)

# %%
figure, panels = plt.subplots(
    2, 3, figsize=(10, 5.4), sharex=True, sharey=True, layout="constrained"
)
for axes, skill in zip(panels.flat, school.skills, strict=True):
    mine = answers["skill"].to_numpy()[rows] == skill
    right = answers["correct"].to_numpy()[rows][mine] == 1
    number = np.arange(1, mine.sum() + 1)
    opportunity = np.append(number, number[-1] + 1)  # the last is still to come
    p_known = np.append(path[skill].to_numpy()[:-1][mine], path[skill].iloc[-1])
    knows = np.append(school.knew[rows][mine], truth.loc[student, skill])

    axes.bar(opportunity[knows], 1.4, 1, bottom=-0.2, color="#f4e3b5", label="really knows it")
    axes.axhline(READY, color="0.55", linewidth=0.8, linestyle=(0, (4, 3)), label="enough to go on")
    axes.plot(
        opportunity, p_known, color="#20639b", linewidth=2, label="P(known) before the answer"
    )
    axes.plot(
        number[right], np.full(right.sum(), 1.1), "o", color="#2a7f3f", markersize=5, label="right"
    )
    axes.plot(
        number[~right],
        np.full((~right).sum(), -0.1),
        "x",
        color="#b3302a",
        markersize=6,
        markeredgewidth=1.8,
        label="wrong",
    )
    axes.set_title(skill, fontsize=10, loc="left")
    axes.set_xlim(0.5, 10.5)
    axes.set_ylim(-0.2, 1.2)
    axes.set_yticks([0, 0.5, 1])
    axes.spines[["top", "right"]].set_visible(False)
panels[1, 1].set_xlabel("answer on the skill")
panels[0, 0].set_ylabel("P(known)")
panels[1, 0].set_ylabel("P(known)")
handles, labels = panels[0, 0].get_legend_handles_labels()
figure.legend(handles, labels, loc="outside lower center", ncols=5, frameon=False)
figure.suptitle(f"{student}: what the answers say, beside the truth", x=0.01, ha="left")
plt.show()

# %% [markdown]
# ## What a class knows
#
# The others follow in one call. A batch may hold any number of students and of answers of each.

# %%
tracker.update(answers[answers["student"] != student])
mastery = tracker.mastery()
table = pd.DataFrame(mastery.value, index=mastery.students, columns=mastery.skills)
table = table[school.skills]  # in the order in which they can be taught

# %%
shown = table.sample(30, random_state=0)
shown = shown.loc[shown.mean(axis=1).sort_values(ascending=False).index]

figure, axes = plt.subplots(figsize=(6.4, 7), layout="constrained")
image = axes.imshow(shown, cmap="viridis", vmin=0, vmax=1, aspect="auto")
axes.set_xticks(
    range(len(school.skills)), school.skills, rotation=35, ha="right", rotation_mode="anchor"
)
axes.set_yticks(range(len(shown)), shown.index, fontsize=7)
axes.tick_params(length=0)
axes.spines[:].set_visible(False)
figure.colorbar(image, ax=axes, label="P(known)", shrink=0.6)
axes.set_title("Thirty students, most mastery first", loc="left")
plt.show()

# %% [markdown]
# Since the school is simulated, one may ask whether these probabilities mean what they say: of the
# cells that say .7 to .9, seven to nine in ten should be known.

# %%
cells = pd.DataFrame(
    {
        "P(known)": table.to_numpy().ravel(),
        "really known": truth.loc[table.index].to_numpy().ravel(),
    }
)
bands = pd.cut(cells["P(known)"], [0, 0.3, 0.5, 0.7, 0.9, 0.95, 1])
cells.groupby(bands, observed=True).agg(["mean", "count"]).drop(columns=("really known", "count"))

# %% [markdown]
# ## The next lesson
#
# A curriculum says which skill rests on which, and which lesson teaches what. The sequencer
# recommends a lesson for which the student is ready, since all that comes before it is probably
# known (P(known) of .8): of these the one that teaches most per minute. It says why. What is
# probably known comes back later, to make sure of it; a skill counts as mastered from .999 on.

# %%
curriculum = Curriculum.from_dict(school.curriculum)
sequencer = Sequencer(curriculum, tracker, random_state=0)

few = list(shown.index[[0, 10, 20, 29]])
for decision in sequencer.recommend(few):
    print(f"{decision.student}: {decision.reason.text}")

# %% [markdown]
# It also says why *not*, and what would unlock a lesson.

# %%
last = few[-1]
for lesson in curriculum.lessons[1:4]:
    print(sequencer.explain(last, lesson), end="\n\n")

# %% [markdown]
# The loop closes: the student takes the lesson and answers, the tracker takes the answers in, and
# the next recommendation follows from the new state.

# %%
lesson = sequencer.recommend([last])[0].lesson
(skill,) = curriculum.skills_of(lesson)
now = answers["time"].max()
tracker.update(
    {
        "student": [last] * 6,
        "skill": [skill] * 6,
        "correct": [1, 0, 1, 1, 1, 1],
        "time": now + 60 * np.arange(1, 7),
    }
)
print("took", lesson)
print(sequencer.recommend([last])[0].reason.text)
