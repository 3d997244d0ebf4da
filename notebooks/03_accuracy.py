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
# # How accurate are the models?
#
# Every model answers one question before each answer is seen: will this student get this right?
# Here they answer it on real logs, and then their errors are looked at from all sides: are they
# sure, are they honest, for whom are they wrong, what do they live on, what do they cost?
#
# **A sample**: a hundred training students of an engineering course (statics, OLI 2011), and parts
# of two other logs. Half of them are fitted to, the other half predicted, and the boosted trees
# are fewer than by default, so that the notebook runs in a minute or two. A model that needs many
# students to learn from looks worse here than it is. Figures on the full logs, with students that
# were kept for testing, are in the README; the scripts behind them in `benchmarks/`. The files are
# not part of the package: `ADAPTLEARN_DATA` names their folder, by default `../shared/data` beside
# the repository.

# %%
import os

# The fits are small: on a busy machine threads would mostly wait for each other.
os.environ.setdefault("OMP_NUM_THREADS", "1")

import time
import warnings
from pathlib import Path
from tempfile import TemporaryDirectory

import matplotlib.pyplot as plt
import numpy as np
import polars as pl

from adaptlearn import ResponseLog, check, cross_validate
from adaptlearn.errors import DataWarning, IdentificationWarning
from adaptlearn.evaluation import (
    auc,
    calibration_curve,
    check_leakage,
    group_errors,
    learning_curve,
)
from adaptlearn.models import (
    AFM,
    BKT,
    DAS3H,
    DASH,
    IRT,
    PFA,
    RPFA,
    BestLR,
    BoostedTracer,
    Elo,
    LinearRecurrentTracer,
    Rasch,
)
from adaptlearn.models.recurrent import plot_transfer

DATA = Path(os.environ.get("ADAPTLEARN_DATA") or "../../shared/data")
# Skills and items that are rare, or absent from a fold: expected in a sample.
warnings.simplefilter("ignore", IdentificationWarning)
warnings.simplefilter("ignore", DataWarning)
# Okabe and Ito's colours, which the colour-blind tell apart.
BLUE, ORANGE, GREEN, RED, PINK = "#0072b2", "#e69f00", "#009e73", "#d55e00", "#cc79a7"
plt.rcParams.update({"axes.spines.top": False, "axes.spines.right": False})
plt.rcParams.update({"axes.titlelocation": "left", "axes.titlesize": 10, "legend.frameon": False})
pl.Config.set_fmt_str_lengths(120)
plt.rcParams["axes.prop_cycle"] = plt.cycler(color=[BLUE, ORANGE, GREEN, RED, PINK])


def sample(frame, n):
    """All rows of some of the students."""
    students = frame["student"].unique().sort().sample(n, seed=0)
    return frame.filter(pl.col("student").is_in(students.to_list()))


# %%
statics = sample(pl.read_csv(DATA / "statics" / "train.csv"), 100).rename({"skill_set": "skill"})
log = ResponseLog.from_frame(statics)
log

# %% [markdown]
# ## The leaderboard
#
# Two folds by student: no model is scored on a student it was fitted to. All see the same folds.
# Each model stands here once, with the options that serve it best on such a log, BKT three times.

# %%
individual = {"difficulty": True, "ability": True, "recency": True, "lag": True}
trees = {"max_iter": 80, "learning_rate": 0.12, "max_leaf_nodes": 16, "n_folds": 2}
short = {**trees, "inputs": (LinearRecurrentTracer(n_epochs=10),)}
kept = TemporaryDirectory()  # finished fits, of which some are wanted again below
compared = cross_validate(
    {
        "BKT": BKT(),
        "BKT, forgetting": BKT(forgetting=True),
        "BKT, individualised": BKT(forgetting=True, **individual),
        "Rasch": Rasch(),
        "IRT": IRT(),
        "Elo": Elo(),
        "AFM": AFM(),
        "PFA": PFA(counts="log"),
        "RPFA": RPFA(),
        "BestLR": BestLR(),
        "LinearRecurrentTracer": LinearRecurrentTracer(),
        "BoostedTracer": BoostedTracer(**short),
    },
    log,
    cv=2,
    n_bootstrap=200,
    folder=kept.name,
).ranked()
compared

# %% [markdown]
# Read the order from the *differences*. All models predict the same answers of the same students,
# so a hard class is hard for all, and the interval of a difference is much shorter than the two
# models' own. On the left intervals overlap; on the right, where models far behind are only
# written down, it shows what that hides.

# %%
names = list(compared.pooled)
differences = compared.differences()
own = [compared.pooled[name].auc for name in names]
behind = [differences.estimates[name]["auc"] for name in names[1:]]

figure, (left, right) = plt.subplots(1, 2, figsize=(11, 4.4), sharey=True, layout="constrained")
for axes, estimates, first in ((left, own, 0), (right, behind, 1)):
    rows = np.arange(first, len(names))
    axes.hlines(rows, [e.lower for e in estimates], [e.upper for e in estimates], linewidth=2)
    axes.plot([e.value for e in estimates], rows, "o", markersize=5)
    axes.grid(axis="x", alpha=0.3)
left.set_yticks(range(len(names)), names)
left.invert_yaxis()
left.set(xlabel="AUC, with 95% interval over students", title="by itself")
right.axvline(0, color="0.5", linewidth=1, linestyle="--")
right.set(xlabel="difference in AUC, with 95% interval", title=f"beside {differences.reference}")
right.set_xlim(-0.03, 0.002)
for row, estimate in enumerate(behind, start=1):
    if estimate.upper < -0.03:
        right.annotate(f"← {estimate.value:.3f}", (-0.0295, row), va="center")
plt.show()

# %%
differences

# %% [markdown]
# - The gap in the middle is the *items*: the models below it do not look at them. In this course
#   items of one skill differ from easy to hard.
# - Above it, a plain Elo rating goes a long way. What follows each student, and what relates
#   skills to each other, comes on top.
# - Two models that differ by a thousandth are not ranked by such a sample, whatever the interval
#   says: it holds the luck of who was predicted, not of who was fitted to.
#
# ## Sure, and rightly so?
#
# AUC looks at order alone. Whoever compares a probability with a threshold needs 80% to mean 80%.
# `calibration_curve(…).plot()` draws observed against predicted rates; near the diagonal more is
# seen of their difference. Bins hold equally many answers, bands are over students.

# %%
shown = ("BKT, individualised", "Elo", "LinearRecurrentTracer", "BoostedTracer")
figure, panels = plt.subplots(1, 4, figsize=(12, 3.2), sharey=True, layout="constrained")
for axes, name in zip(panels, shown, strict=True):
    curve = calibration_curve(log, compared.predictions[name])
    axes.axhline(0, color="0.6", linestyle="--", linewidth=1)
    axes.fill_between(
        curve.predicted,
        curve.lower - curve.predicted,
        curve.upper - curve.predicted,
        alpha=0.25,
        linewidth=0,
    )
    axes.plot(curve.predicted, curve.observed - curve.predicted, "o-", markersize=4)
    axes.set(title=f"{name}\ncalibration error {curve.error:.3f}", xlim=(0, 1))
    axes.set_xlabel("predicted P(correct)")
panels[0].set_ylabel("observed minus predicted")
plt.show()

# %% [markdown]
# The trees have the recurrent model's log odds among their features, and bend them straight.
#
# ## Along the way
#
# The share of wrong answers at the first, second, third … opportunity on a skill, and what was
# predicted of the same answers. Grey numbers count the students behind a point. Ups and downs
# are mostly the items', which all students meet in much the same order; models that know the
# items follow them.

# %%
lines = {
    "PFA": {"color": ORANGE, "linestyle": "--"},
    "BKT, individualised": {"color": GREEN, "linestyle": "-."},
    "BoostedTracer": {"color": BLUE},
}
answers = statics.group_by("skill").len().sort("len", "skill", descending=True)
curves = {
    name: learning_curve(log, compared.predictions[name], by_skill=True, max_opportunity=12)
    for name in lines
}

figure, panels = plt.subplots(1, 3, figsize=(12, 3.8), sharey=True, layout="constrained")
for axes, skill in zip(panels, answers["skill"][1:4].to_list(), strict=True):
    for name, curve in curves.items():
        at = (curve.skill == skill) & (curve.n_students >= 20)
        axes.plot(curve.opportunity[at], curve.predicted[at], label=name, **lines[name])
    span = np.abs([curve.lower[at], curve.upper[at]] - curve.observed[at])
    axes.errorbar(
        curve.opportunity[at],
        curve.observed[at],
        span,
        fmt="o",
        color="black",
        markersize=4,
        elinewidth=0.8,
        label="observed, 95% interval",
    )
    for place, students in zip(curve.opportunity[at], curve.n_students[at], strict=True):
        axes.annotate(students, (place, -0.08), ha="center", fontsize=7, color="0.4")
    axes.set(title=f"skill {skill}", xlabel="opportunity")
panels[0].set(ylabel="share of wrong answers", ylim=(-0.1, 0.9))
figure.legend(*panels[0].get_legend_handles_labels(), loc="outside lower center", ncols=4)
plt.show()

# %% [markdown]
# ## For which skills, for which students?
#
# A good average may hide a skill, or a group of students, about whom the model is wrong. On the
# left, each dot is a skill: does the better model win everywhere? With few answers, chance
# decides. On the right, the skills where the best model's predictions are most surely off: of a
# hundred 95% intervals, five miss 0 by chance.

# %%
first, second = (
    group_errors(log, compared.predictions[name]) for name in ("BestLR", compared.best)
)
worse = second.log_loss.value - first.log_loss.value

figure, (left, right) = plt.subplots(1, 2, figsize=(11, 4.4), layout="constrained")
left.axhline(0, color="0.6", linestyle="--", linewidth=1)
left.plot(first.n, worse, "o", markersize=4, alpha=0.6)
many = first.n >= 500
reach = 1.1 * np.abs(worse).max()
title = f"of {many.sum()} skills with 500 answers or more, {(worse[many] < 0).sum()} gain"
left.set(xscale="log", xlabel="answers on the skill", ylim=(-reach, reach), title=title)
left.set_ylabel(f"log loss, {compared.best} minus BestLR")
second.plot(right, most=15)
plt.show()

# %%
second

# %% [markdown]
# This log says nothing of who the students are. But they can be told apart by how they *began*: by
# the share of right answers among their first thirty. Their later answers, which are scored here,
# had no part in that. Plain BKT looks at one skill at a time: on a new skill all students are alike
# to it. So it expects too much of those who began badly, and too little of those who began well.
# With it, a threshold lets the former go on too soon and holds the latter back.

# %%
so_far = statics.select(pl.int_range(pl.len()).over("student")).to_series().to_numpy()
start = (
    statics.filter(pl.Series(so_far < 30))
    .group_by("student")
    .agg(pl.col("correct").mean())
    .with_columns(third=(pl.col("correct").rank("ordinal") * 3 - 1) // (pl.len() + 1))
)
third = statics.select("student").join(start, on="student", how="left", maintain_order="left")
third = third["third"].to_numpy()
later = np.flatnonzero(so_far >= 30)
began = ("began badly", "in between", "began well")

figure, axes = plt.subplots(figsize=(8, 3.6), layout="constrained")
followed = ("BKT, forgetting", "PFA", *shown)
for row, name in enumerate(followed):
    errors = group_errors(log[later], compared.predictions[name][later], by=third[later])
    for group, (label, color) in enumerate(zip(began, (RED, "0.5", GREEN), strict=True)):
        place = row + 0.2 * (group - 1)
        axes.plot([errors.gap.lower[group], errors.gap.upper[group]], [place] * 2, color=color)
        axes.plot(errors.gap.value[group], place, "o", color=color, label=label if not row else "")
axes.axvline(0, color="0.6", linestyle="--", linewidth=1)
axes.set_yticks(range(len(followed)), followed)
axes.invert_yaxis()
axes.set_xlabel("predicted minus observed share of right answers, with 95% interval")
figure.legend(loc="outside upper center", ncols=3)
plt.show()

# %% [markdown]
# And how soon is a model of use? Log loss by how many answers the student had given before:

# %%
ends = np.array([5, 20, 100, 400])
stretch = np.searchsorted(ends, so_far, side="right")
labels = ["1 to 5", "to 20", "to 100", "to 400", "later"]

figure, axes = plt.subplots(figsize=(7.5, 3.6), layout="constrained")
for name, marker in zip(("BKT, forgetting", "PFA", *shown[1:]), "osD^v", strict=True):
    errors = group_errors(log, compared.predictions[name], by=stretch)
    axes.plot(errors.log_loss.value, marker=marker, label=name)
axes.set_xticks(range(len(labels)), labels)
axes.set(xlabel="first, second, … answer of a student", ylabel="log loss")
axes.grid(axis="y", alpha=0.3)
figure.legend(loc="outside right center")
plt.show()

# %% [markdown]
# Compare models within a column; from column to column the questions change too.
#
# ## Too good to be true?
#
# A prediction may know its student's *earlier* answers and nothing else. `check_leakage` turns
# single answers around and looks at which predictions move.

# %%
boosted = BoostedTracer(**short).fit(log)
check_leakage(boosted, log, n_rows=6, n_students=2)

# %% [markdown]
# One leak is in the data, where no model can be blamed. Logs of responses to several skills are
# often *expanded*: a row per skill, each with the same answer. The first row then gives away the
# others. 250 training students of ASSISTments 2009, once with a row per response and
# once expanded:

# %%
assistments = sample(pl.read_csv(DATA / "assistments09" / "train.csv"), 250)
q_matrix = pl.read_csv(DATA / "assistments09" / "qmatrix.csv")
whole = ResponseLog.from_frame(assistments.drop("skill_set"), q_matrix=q_matrix)
rows = assistments.drop("skill_set").with_row_index("response")
rows = rows.join(q_matrix, on="item", maintain_order="left")
expanded = ResponseLog.from_frame(rows)
within = rows.select(pl.int_range(pl.len()).over("response")).to_series().to_numpy()

rivals = {
    "PFA": PFA(counts="log"),
    "Elo": Elo(),
    "LinearRecurrentTracer": LinearRecurrentTracer(n_epochs=10),
}
honest = cross_validate(rivals, whole, cv=2, n_bootstrap=0)
leaking = cross_validate(rivals, expanded, cv=2, n_bootstrap=0).predictions
found = pl.DataFrame(
    {
        "model": list(rivals),
        "a row per response": [honest.pooled[name].auc.value for name in rivals],
        "expanded": [auc(expanded.correct, leaking[name]) for name in rivals],
        "expanded, first rows": [
            auc(expanded.correct[within == 0], leaking[name][within == 0]) for name in rivals
        ],
        "expanded, other rows": [
            auc(expanded.correct[within > 0], leaking[name][within > 0]) for name in rivals
        ],
    }
)
found.with_columns(pl.col(pl.Float64).round(3))

# %%
figure, axes = plt.subplots(figsize=(7.5, 2.8), layout="constrained")
colours = ("black", ORANGE, GREEN, RED)
for column, color, marker in zip(found.columns[1:], colours, "oD^v", strict=True):
    axes.plot(found[column], found["model"], marker, color=color, label=column, markersize=7)
axes.set(xlabel="AUC", xlim=(0.7, 1.01), ylim=(2.5, -0.5))
axes.grid(axis="x", alpha=0.3)
figure.legend(loc="outside right center")
plt.show()

# %% [markdown]
# The more a model can learn, the better it learns to copy the row before: its AUC rises by some
# hundredths, and nothing was learned about students. Models that cannot learn which skills go
# together hardly notice. `check` finds such logs:

# %%
finding = check(expanded)["expanded-rows"]
print(finding.found)
print(finding.remedy)

# %% [markdown]
# ## What do the trees live on?
#
# `feature_gains_` is what each group of [features](../docs/features.md) and the recurrent model
# (*inputs*) have contributed to fitting: a first look, for nothing. It shares out among features
# that say the same, so a small share does not mean that the group could not do the work. What
# each *adds* is seen by building the model up. Here, too, the order matters: what comes late only
# gets what is left.

# %%
layers = {
    "difficulty": ["difficulty"],
    "+ counts, recency, streaks, spacing": ["counts", "recency", "streaks", "spacing", "firsts"],
    "+ residuals, ratings": ["residuals", "ratings"],
    "+ patterns, transitions": ["patterns", "transitions"],
}
built, timeless = {}, []
for name, groups in layers.items():
    timeless = timeless + groups
    built[name] = BoostedTracer(**trees, features=timeless, inputs=())
built["BoostedTracer"] = BoostedTracer(**short)  # found in the folder
steps = cross_validate(built, log, cv=2, n_bootstrap=200, folder=kept.name)
loss = {name: steps.pooled[name].log_loss for name in built}
titles = [*layers, "+ recurrent model"]

figure, (left, right) = plt.subplots(1, 2, figsize=(11.5, 3.8), layout="constrained")
gains = boosted.feature_gains_
left.barh(list(gains), list(gains.values()))
left.invert_yaxis()
left.set(xlabel="share of the splits' gain in training", title="share")
right.hlines(range(len(loss)), [e.lower for e in loss.values()], [e.upper for e in loss.values()])
right.plot([e.value for e in loss.values()], range(len(loss)), "o")
for row, estimate in enumerate(loss.values()):
    right.annotate(f"{estimate.value:.4f}", (estimate.value, row - 0.2), ha="center", fontsize=8)
right.set_yticks(range(len(loss)), titles)
right.set_ylim(len(loss) - 0.6, -0.7)
right.set(xlabel="log loss, with 95% interval", title="built up")
plt.show()

# %% [markdown]
# Neighbouring intervals overlap; the differences, answer for answer, are surer:

# %%
pl.DataFrame(
    [
        {"added": title, "difference in AUC": difference["auc"].value}
        | {"lower": difference["auc"].lower, "upper": difference["auc"].upper}
        for before, name, title in zip(list(built)[:-1], list(built)[1:], titles[1:], strict=True)
        for difference in [steps.differences(to=before).estimates[name]]
    ]
).with_columns(pl.col(pl.Float64).round(4))

# %% [markdown]
# ## Which skills tell about which?
#
# The recurrent model has learned what an answer on one skill says about another. Blue: a first
# answer on the row's skill tells more about the column's than the two skills' averages explain.
# It is association among students' answers, in one course, in the order in which it was taught.
# That teaching one skill teaches the other does not follow.

# %%
recurrent = boosted.inputs_[0]  # as it was fitted to all students of the sample
plot_transfer(recurrent.transfer(), most=24)
plt.show()

# %% [markdown]
# ## What does it cost to serve?
#
# A student has answered, and a hundred candidate items are to be scored for them; then the answer
# comes in. Milliseconds on this machine at this moment, whatever else it does; median of some.
# `benchmarks/cost.py` measures with more care.

# %%
served = {
    "BKT, forgetting": BKT(forgetting=True).fit(log),
    "IRT": IRT().fit(log),
    "Elo": Elo().fit(log),
    "BestLR": BestLR().fit(log),
    "LinearRecurrentTracer": recurrent,
    "BoostedTracer": boosted,
}
whom = statics.filter(pl.col("student") == statics["student"][0]).with_columns(student=0)
candidates = statics.select("item", "skill").unique("item", maintain_order=True).head(100)
asked = {"skills": candidates["skill"].to_list(), "items": candidates["item"].to_list()}


def milliseconds(call, times=15):
    """The median over some calls."""
    taken = []
    for _ in range(times):
        begin = time.perf_counter()
        call()
        taken.append(1e3 * (time.perf_counter() - begin))
    return float(np.median(taken))


def costs_of(model):
    """Of scoring candidates, of taking in an answer, and of keeping the model in a file."""
    state = model.update_state(model.init_state(1), whom)
    answer = {name: whom[name][:1].to_list() for name in ("student", "skill", "item", "correct")}
    with TemporaryDirectory() as folder:
        file = Path(folder, "model")
        model.save(file)
        size = file.stat().st_size
    return {
        "100 candidates (ms)": milliseconds(lambda: model.predict_state(state, [0] * 100, **asked)),
        "one answer (ms)": milliseconds(lambda: model.update_state(state, answer)),
        "saved (kB)": size / 1e3,
    }


costs = pl.DataFrame([{"model": name, **costs_of(model)} for name, model in served.items()])
costs.with_columns(pl.col(pl.Float64).round(2))

# %%
figure, axes = plt.subplots(figsize=(8, 4), layout="constrained")
for name, cost in costs.select("model", "100 candidates (ms)").iter_rows():
    estimate = compared.pooled[name].auc
    axes.plot([cost] * 2, [estimate.lower, estimate.upper], color=BLUE, linewidth=1.5)
    axes.plot(cost, estimate.value, "o", color=BLUE)
    axes.annotate(name, (cost, estimate.value), (6, -12), textcoords="offset points", fontsize=9)
axes.set(xscale="log", xlabel="milliseconds to score 100 items for a student", ylabel="AUC")
axes.xaxis.set_major_formatter("{x:g}")
axes.set_xlim(0.7 * costs["100 candidates (ms)"].min(), 3 * costs["100 candidates (ms)"].max())
axes.grid(alpha=0.3)
plt.show()

# %% [markdown]
# ## When time matters
#
# The cloze experiment has timestamps: sentences of statistics, practised within minutes, tested
# after minutes or days. 150 of its students; no students are set apart for testing here, and the
# folds are by student as above. Clusters of sentences are the skills, sentences the items.
# `DASH` counts answers on the item within an hour, a day, a week, a month; `DAS3H` those on the
# skill; the trees' features *ages*, *windows* and *fading* come in by themselves where a log has
# times.

# %%
cloze = sample(pl.read_csv(DATA / "cloze" / "responses.csv", try_parse_dates=True), 150)
cloze = cloze.filter(pl.col("outcome") != "STUDY").with_columns(
    correct=(pl.col("outcome") == "CORRECT").cast(int), skill="kc_cluster"
)
timed = ResponseLog.from_frame(cloze)
with_times = cross_validate(
    {
        "BestLR": BestLR(),
        "DAS3H without windows": DAS3H(windows=()),
        "DAS3H": DAS3H(),
        "DASH without windows": DASH(windows=()),
        "DASH": DASH(),
        "LinearRecurrentTracer": LinearRecurrentTracer(),
        "BoostedTracer without times": BoostedTracer(**trees, features=timeless, inputs=()),
        "BoostedTracer": BoostedTracer(**trees, inputs=()),
    },
    timed,
    cv=2,
    n_bootstrap=200,
)
with_times

# %%
axes = with_times.plot()
axes.figure.set_size_inches(8, 3.8)
plt.show()

# %%
pl.DataFrame(
    [
        {"with times": name, "difference in AUC": difference.value}
        | {"lower": difference.lower, "upper": difference.upper}
        for name, before in {
            "DAS3H": "DAS3H without windows",
            "DASH": "DASH without windows",
            "BoostedTracer": "BoostedTracer without times",
        }.items()
        for difference in [with_times.differences(to=before).estimates[name]["auc"]]
    ]
).with_columns(pl.col(pl.Float64).round(4))

# %% [markdown]
# Windows of time are worth something to every model that can see them, more to the skills than to
# the items. That `DASH` is so far ahead of `DAS3H` is the experiment's: what is remembered is the
# sentence, not its cluster. On these data the recurrent model, which knows the order of answers and
# no times, does as well as `DASH`, which knows both.
#
# Which model for what: see [Which model?](../docs/models.md).
