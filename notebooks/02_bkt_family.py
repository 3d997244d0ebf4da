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
# # The BKT family on real answers
#
# Bayesian Knowledge Tracing has many variants. Here they meet the answers of an engineering
# course (statics, OLI 2011) and of a memory experiment with timestamps (cloze). The files are not
# part of the package: `ADAPTLEARN_DATA` names their folder, by default `../shared/data` beside
# the repository. Only training students are used; the test students stay unseen.

# %%
import os
import warnings
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import polars as pl

from adaptlearn import ResponseLog, check, count_sequences, cross_validate
from adaptlearn.errors import DataWarning, IdentificationWarning
from adaptlearn.models import BKT

DATA = Path(os.environ.get("ADAPTLEARN_DATA") or "../../shared/data")
# Rare skills cannot be identified, and may be absent from a fold. `check` and
# `unidentified_` say so; once is enough here.
warnings.simplefilter("ignore", IdentificationWarning)
warnings.simplefilter("ignore", DataWarning)

statics = pl.read_csv(DATA / "statics" / "train.csv")
log = ResponseLog.from_frame(statics, skill="skill_set")
log

# %% [markdown]
# ## What can this log identify?
#
# Before fitting anything: what the log can say, and what it cannot.

# %%
check(log)

# %% [markdown]
# ## Plain, and with forgetting
#
# Four numbers per skill, fitted for all skills at once. `forgetting=True` adds the fifth.

# %%
plain = BKT().fit(log)
forgetting = BKT(forgetting=True, uncertainty=True).fit(log)
print(
    f"log-likelihood: {plain.log_likelihood_.sum():,.0f} without forgetting, "
    f"{forgetting.log_likelihood_.sum():,.0f} with it"
)
largest = np.argsort(forgetting.n_answers_)[-12:]
pl.DataFrame(forgetting.parameters_)[largest.tolist()]

# %% [markdown]
# ### How sure are these numbers?
#
# `uncertainty=True` gives standard errors from the observed information. The bars are 95%
# intervals, symmetric on the logit scale; where a parameter ended at a limit there is none.

# %%
table = pl.DataFrame(
    {name: column.tolist() for name, column in forgetting.intervals().items()}, strict=False
)
labels = forgetting.skills_[largest].tolist()
fig, axes = plt.subplots(1, 5, figsize=(12, 4), sharey=True)
for axis, name in zip(axes, ("prior", "learn", "forget", "guess", "slip"), strict=True):
    rows = {row["skill"]: row for row in table.filter(pl.col("parameter") == name).to_dicts()}
    for place, label in enumerate(labels):
        row = rows[label]
        bounded = row["lower"] is not None and np.isfinite(row["lower"])
        if bounded:
            axis.plot([row["lower"], row["upper"]], [place, place], color="#0072b2", lw=2)
        axis.plot(
            row["value"], place, "o", ms=5, color="#0072b2", mfc="#0072b2" if bounded else "w"
        )
    axis.set(title=name, xlim=(-0.03, 1.03), xlabel="probability")
    axis.grid(axis="x", alpha=0.3)
axes[0].set_yticks(range(len(labels)), [f"skill {label}" for label in labels])
fig.suptitle("The twelve skills with most answers (hollow: at a limit, no interval)")
fig.tight_layout()

# %% [markdown]
# What the answers leave undetermined, or determine implausibly:

# %%
report = forgetting.identifiability()
pl.DataFrame({name: column.tolist() for name, column in report.items()}).head(8)

# %% [markdown]
# ## Learning curves
#
# The share of right answers by opportunity, as observed and as each model predicted it one step
# ahead. Most ups and downs are the items': students meet them in much the same order, and only
# the individualised model knows how hard each is.

# %%
individual = BKT(forgetting=True, ability=True, difficulty=True, recency=True, lag=True).fit(log)
predicted = {
    "BKT": plain.predict_proba(log)[:, 1],
    "with forgetting": forgetting.predict_proba(log)[:, 1],
    "individualised": individual.predict_proba(log)[:, 1],
}
opportunity = np.empty(len(log), int)
sequences = log.sequences
opportunity[sequences.order] = np.arange(len(log)) - np.repeat(sequences.starts, sequences.lengths)
fig, axes = plt.subplots(1, 3, figsize=(12, 3.6), sharey=True)
styles = zip(predicted, ("#0072b2", "#e69f00", "#009e73"), ("--", "-.", "-"), strict=True)
styles = {name: {"color": color, "ls": line} for name, color, line in styles}
for axis, skill in zip(axes, labels[-3:], strict=True):
    rows = (log.skill.values == skill) & (opportunity < 15)
    count = np.bincount(opportunity[rows], minlength=15)
    observed = np.bincount(opportunity[rows], log.correct[rows], 15) / count
    axis.plot(np.arange(1, 16), observed, "o", color="black", label="observed")
    for name, p in predicted.items():
        mean = np.bincount(opportunity[rows], p[rows], 15) / count
        axis.plot(np.arange(1, 16), mean, label=name, **styles[name])
    axis.set(title=f"skill {skill}", xlabel="opportunity")
    axis.grid(alpha=0.3)
axes[0].set_ylabel("share of right answers")
axes[0].legend()
fig.tight_layout()

# %% [markdown]
# ## One student's mastery
#
# P(known) of one skill before each answer, with the interval that the parameters' uncertainty
# leaves. The interval is about the model; how sure one can be of the *student* is the mastery
# itself.

# %%
skill = labels[-1]
of_skill = np.flatnonzero(log.skill.values == skill)
student = np.bincount(log.student.codes[of_skill]).argmax()
rows = of_skill[log.student.codes[of_skill] == student][:20]
values = []
for t in range(1, len(rows) + 1):
    found = forgetting.mastery(log[rows[:t]].with_students(log.student.labels))
    place = (student, found.skills.tolist().index(skill))
    values.append((found.value[place], found.lower[place], found.upper[place]))
value, lower, upper = np.array(values).T
steps = np.arange(1, len(rows) + 1)
fig, axis = plt.subplots(figsize=(8, 3.4))
axis.fill_between(steps, lower, upper, color="#0072b2", alpha=0.25, lw=0, label="95% interval")
axis.plot(steps, value, color="#0072b2", label="P(known) at the next opportunity")
right = log.correct[rows] == 1
axis.plot(steps[right], np.full(right.sum(), 1.04), "o", color="#009e73", label="right")
axis.plot(steps[~right], np.full((~right).sum(), 1.04), "x", color="#d55e00", label="wrong")
axis.set(xlabel=f"answers on skill {skill}", ylabel="mastery", ylim=(-0.02, 1.1))
axis.legend(loc="upper left", bbox_to_anchor=(1, 1))
fig.tight_layout()

# %% [markdown]
# ## Which variant predicts better?
#
# Two folds of students, each predicted by the model of the other. Items make the largest
# difference here, abilities the next; empirical Bayes helps little or nothing.

# %%
by_item = {"guess_by": "item", "slip_by": "item"}
variants = {
    "plain": BKT(),
    "forgetting": BKT(forgetting=True),
    "forgetting, empirical Bayes": BKT(forgetting=True, borrow="empirical"),
    "forgetting, guess below .3, slip below .1": BKT(
        forgetting=True, bounds={"guess": (0, 0.3), "slip": (0, 0.1)}
    ),
    "forgetting, learn by item": BKT(forgetting=True, learn_by="item"),
    "forgetting, guess and slip by item": BKT(forgetting=True, **by_item),
    "individualised": BKT(forgetting=True, ability=True, difficulty=True, recency=True, lag=True),
}
compared = cross_validate(variants, log, cv=2)
compared

# %% [markdown]
# ## Time between answers
#
# The cloze experiment has timestamps. Forgetting by the time since the last practice: each class
# of gaps has a probability of its own, per skill.

# %%
cloze = pl.read_csv(DATA / "cloze" / "responses.csv").filter(pl.col("outcome") != "STUDY")
cloze = cloze.with_columns(
    pl.col("time").str.to_datetime(), correct=(pl.col("outcome") == "CORRECT").cast(int)
)
timed = ResponseLog.from_frame(
    cloze.unique(["student", "item", "time"], maintain_order=True),
    skill="item",
    item=False,
    id=False,
)
gaps = (120, 600, 86400)
model = BKT(forgetting=True, forget_by="gap", gaps=gaps).fit(timed)
table = pl.DataFrame({n: c.tolist() for n, c in model.class_parameters_.items()})
medians = table.group_by("class").agg(pl.col("value").median(), pl.len()).sort("class")
names = ["under 2 min", "under 10 min", "under a day", "longer"]
medians.with_columns(gap=pl.col("class").map_elements(lambda k: names[k], return_dtype=pl.String))

# %% [markdown]
# ## Counting where the log lives
#
# A lazy frame, DuckDB or Spark counts the distinct answer sequences; only the counts are fitted.

# %%
numbered = statics.with_row_index("row").lazy()
counts = count_sequences(numbered, skill="skill_set", order="row")
same = BKT().fit_counts(counts)
print(counts)
print(
    f"largest difference: {abs(same.parameters_['learn'] - plain.parameters_['learn']).max():.1e}"
)
