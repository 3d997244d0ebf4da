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
# course (statics, OLI 2011) and of a memory experiment with timestamps (cloze). What each variant
# buys *on these data* is measured; on other data it may be otherwise.
#
# The files are not part of the package: `ADAPTLEARN_DATA` names their folder, by default
# `../shared/data` beside the repository. Of statics only training students are used, a hundred
# of them, so that the notebook runs in a minute.

# %%
import os
import warnings
from datetime import timedelta
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import polars as pl

from adaptlearn import ResponseLog, check, count_sequences, cross_validate
from adaptlearn.errors import DataWarning, IdentificationWarning
from adaptlearn.models import BKT

DATA = Path(os.environ.get("ADAPTLEARN_DATA") or "../../shared/data")
# Some skills cannot be identified, or are absent from a fold: `check` and `unidentified_` say so.
warnings.simplefilter("ignore", IdentificationWarning)
warnings.simplefilter("ignore", DataWarning)
# Okabe and Ito's colours, which the colour-blind tell apart.
BLUE, ORANGE, GREEN, RED, GREY = "#0072b2", "#e69f00", "#009e73", "#d55e00", "0.6"
plt.rcParams.update({"axes.spines.top": False, "axes.spines.right": False})
plt.rcParams.update({"axes.titlelocation": "left", "axes.titlesize": 10, "legend.frameon": False})
pl.Config.set_fmt_str_lengths(120)
small = {"markersize": 4, "linestyle": "none"}


def frame(columns):
    """Columns as the models report them, as a table."""
    return pl.DataFrame(
        {name: values.tolist() for name, values in columns.items()}, strict=False
    ).fill_nan(None)


# %%
statics = pl.read_csv(DATA / "statics" / "train.csv").rename({"skill_set": "skill"})
students = statics["student"].unique().sort()
statics = statics.filter(pl.col("student").is_in(students.sample(100, seed=0).to_list()))
log = ResponseLog.from_frame(statics)
log

# %% [markdown]
# ## What can this log identify?
#
# Before anything is fitted: what the log can say, and what it cannot.

# %%
check(log)

# %%
statics.group_by("skill").agg(
    pl.len().alias("answers"), pl.col("item").n_unique().alias("items"), pl.col("correct").mean()
).sort("answers", descending=True).head(5)

# %% [markdown]
# One skill holds two answers in five, over hundreds of items: hardly one thing to know.
# It stays in the log, but what is said of single skills below is said of the others.
#
# ## Plain, and with forgetting
#
# Four probabilities per skill: known at first, learned between two answers, guessed, slipped.
# `forgetting=True` adds the fifth. `uncertainty=True` adds standard errors.

# %%
plain = BKT().fit(log)
forgetting = BKT(forgetting=True, uncertainty=True).fit(log)
for name, model in {"plain": plain, "with forgetting": forgetting}.items():
    print(f"{name}: log-likelihood {model.log_likelihood_.sum():,.0f}")

# %% [markdown]
# That the likelihood rises does not make it memory that fades: "forgetting" takes up whatever makes
# right answers rarer later on, harder items for example.
#
# ### How sure are these numbers?
#
# Intervals come from the observed information and are symmetric on the logit scale. Some skills
# are pinned down and some are not, with as many answers. Where several intervals of one skill span
# nearly everything, its parameters can be traded for each other. A single one near 0 or 1 may
# span it too: there the likelihood is not the bell that the interval takes it for. A
# parameter that ended at 0 or 1 has none.

# %%
busiest = np.argsort(forgetting.n_answers_)[::-1][1:11]  # without the catch-all
errors = frame(forgetting.intervals())

figure, panels = plt.subplots(1, 5, figsize=(11, 3.8), sharey=True, layout="constrained")
for axes, name in zip(panels, ("prior", "learn", "forget", "guess", "slip"), strict=True):
    rows = errors.filter(pl.col("parameter") == name)
    for place, skill in enumerate(forgetting.skills_[busiest].tolist()):
        row = rows.row(by_predicate=pl.col("skill") == skill, named=True)
        sure = row["lower"] is not None
        if sure:
            axes.plot([row["lower"], row["upper"]], [place, place], color=BLUE, linewidth=2)
        axes.plot(row["value"], place, "o", color=BLUE, markerfacecolor=BLUE if sure else "white")
    axes.set(title=name, xlim=(-0.05, 1.05), xticks=(0, 0.5, 1), xticklabels=("0", ".5", "1"))
    axes.grid(axis="x", alpha=0.3)
panels[0].set_yticks(
    range(len(busiest)),
    [
        f"skill {skill} ({count:,} answers)"
        for skill, count in zip(
            forgetting.skills_[busiest], forgetting.n_answers_[busiest], strict=True
        )
    ],
)
panels[0].invert_yaxis()
panels[2].set_xlabel("probability, with 95% interval (hollow: at a limit, no interval)")
plt.show()

# %% [markdown]
# `identifiability` lists what the answers leave undetermined, or determine implausibly. How many
# of the 98 skills, and an example of each finding:

# %%
found = frame(forgetting.identifiability())
found.group_by("finding").agg(pl.col("skill").n_unique().alias("skills")).sort("skills")

# %%
found.unique("finding", maintain_order=True)

# %% [markdown]
# ## What you know beforehand
#
# A guess of .6 may fit, and still not be a guess: there may be easy items behind it. Parameters can
# be bounded, fixed, or drawn toward a plausible value by a Beta prior, for all skills or one by
# one. The likelihood says what that costs on one skill; the comparison below, on all of them.

# %%
skill = forgetting.skills_[busiest[0]].item()
one_skill = ResponseLog.from_frame(statics.filter(pl.col("skill") == skill))
held = {
    "free": {},
    "bounds": {"bounds": {"guess": (0, 0.3), "slip": (0, 0.1)}},
    "fixed": {"fixed": {"slip": {skill: 0.1}}},
    "Beta priors": {"beta_priors": {"guess": (30, 90), "slip": (20, 180)}},
}
tables = []
for name, options in held.items():
    model = BKT(forgetting=True, **options).fit(one_skill)
    fitted = frame(model.parameters_).with_columns(pl.col(pl.Float64).round(3))
    (log_likelihood,) = model.log_likelihood_.round(1)
    tables.append(fitted.select(pl.lit(name).alias("held by"), "*", loglik=log_likelihood))
pl.concat(tables)

# %% [markdown]
# ## What the skills know of each other
#
# With `borrow="empirical"` every skill is drawn toward the middle of them all. How strongly, the
# log itself tells: by how much more the skills differ than their errors would make them. A
# parameter moves as far as its skill's answers leave it open; most of those that stood at 0 or
# 1 for want of evidence come back between.

# %%
drawn = BKT(forgetting=True, borrow="empirical").fit(log)

figure, panels = plt.subplots(1, 2, figsize=(10, 4), sharey=True, layout="constrained")
for axes, name in zip(panels, ("learn", "guess"), strict=True):
    alone, together = forgetting.parameters_[name], drawn.parameters_[name]
    axes.vlines(forgetting.n_answers_, alone, together, color="0.85", linewidth=0.8, zorder=0)
    axes.plot(forgetting.n_answers_, alone, "o", **small, markerfacecolor="white", color=GREY)
    axes.plot(forgetting.n_answers_, together, "o", **small, color=BLUE)
    axes.set(title=name, xscale="log", xlabel="answers on the skill", ylim=(-0.03, 1.03))
panels[0].set_ylabel("probability")
panels[1].legend(["the same skill", "on its own", 'borrow="empirical"'], loc="upper right")
plt.show()

# %% [markdown]
# ## Items
#
# `guess_by="item", slip_by="item"` is KT-IDEM: an item may be easy to guess, or easy to get wrong.
# An item with few answers keeps near its skill's parameters. Hardest and easiest of one skill:

# %%
by_item = {"guess_by": "item", "slip_by": "item"}
items = BKT(forgetting=True, **by_item).fit(log)
chances = frame(items.class_parameters_).filter(pl.col("skill") == skill)
chances = chances.pivot("parameter", index="class", values="value").rename({"class": "item"})
shares = statics.filter(pl.col("skill") == skill).group_by("item")
shares = shares.agg(pl.len().alias("answers"), pl.col("correct").mean())
chances = shares.join(chances, on="item").sort("correct").with_columns(pl.col(pl.Float64).round(2))
pl.concat([chances.head(3), chances.tail(3)])

# %% [markdown]
# ## Which variant predicts better?
#
# Two folds by student: every answer is predicted, before it is seen, by a model fitted to other
# students. The last two are individualised: `difficulty` gives each item one easiness that acts on
# guess and slip alike, `ability` follows each student, `recency` how they did lately, `lag` how
# long ago the skill was practised.

# %%
compared = cross_validate(
    {
        "plain": BKT(),
        "forgetting": BKT(forgetting=True),
        "+ bounds": BKT(forgetting=True, **held["bounds"]),
        "+ Beta priors": BKT(forgetting=True, **held["Beta priors"]),
        "+ empirical Bayes": BKT(forgetting=True, borrow="empirical"),
        "+ learn by item": BKT(forgetting=True, learn_by="item"),
        "+ guess, slip by item": BKT(forgetting=True, **by_item),
        "+ difficulty": BKT(forgetting=True, difficulty=True),
        "+ difficulty, ability, recency, lag": BKT(
            forgetting=True, difficulty=True, ability=True, recency=True, lag=True
        ),
    },
    log,
    cv=2,
    n_bootstrap=200,
)
compared

# %%
names = list(compared.pooled)
scores = [result.auc for result in compared.pooled.values()]

figure, axes = plt.subplots(figsize=(7.5, 3.4), layout="constrained")
axes.hlines(
    range(len(names)), [s.lower for s in scores], [s.upper for s in scores], color=BLUE, linewidth=2
)
axes.plot([s.value for s in scores], range(len(names)), "o", color=BLUE)
axes.set_yticks(range(len(names)), names)
axes.invert_yaxis()
axes.set_xlabel("AUC of predictions of unseen students, with 95% interval")
axes.grid(axis="x", alpha=0.3)
plt.show()

# %% [markdown]
# - The items matter most: the same skill is asked easily and hard. One easiness per item does as
#   well as a guess and a slip of its own, or a little better.
# - Following the student comes next.
# - Forgetting helps. Learning by item helps as well, but students meet the items in much the same
#   order: it may tell which item comes next, rather than what was learned from the last.
# - Beta priors and empirical Bayes leave predictions about as they were: what they buy is
#   parameters one can believe. Strict bounds cost.
#
# The intervals say how each AUC would vary with other students. The students are the same
# throughout, so two variants can differ surely although their intervals overlap. All of it is one
# sample of one course.
#
# ## Learning curves
#
# The share of right answers at each opportunity, and what the models predicted of the same
# answers out of fold. Most ups and downs are the items': students meet them in much the same
# order. A curve that rises is not yet learning, nor one that falls forgetting.

# %%
opportunity = statics.select(pl.int_range(1, pl.len() + 1).over("student", "skill")).to_series()
predicted = pl.DataFrame(compared.predictions).with_columns(
    statics["skill"], statics["correct"], opportunity.alias("opportunity")
)
lines = {
    "plain": {"color": ORANGE, "linestyle": "--"},
    "forgetting": {"color": GREEN, "linestyle": "-."},
    "+ difficulty, ability, recency, lag": {"color": BLUE},
}

figure, panels = plt.subplots(1, 3, figsize=(11, 3.6), sharey=True, layout="constrained")
for axes, name in zip(panels, forgetting.skills_[busiest[:3]].tolist(), strict=True):
    curve = (
        predicted.filter(pl.col("skill") == name, pl.col("opportunity") <= 15)
        .group_by("opportunity")
        .agg(pl.col("correct", *lines).mean(), pl.len().alias("n"))
        .filter(pl.col("n") >= 30)
        .sort("opportunity")
    )
    error = 1.96 * (curve["correct"] * (1 - curve["correct"]) / curve["n"]).sqrt()
    axes.errorbar(
        curve["opportunity"],
        curve["correct"],
        error,
        fmt="o",
        color="black",
        markersize=4,
        elinewidth=0.8,
        label="observed, 95% interval",
    )
    for label, style in lines.items():
        axes.plot(curve["opportunity"], curve[label], label=label, **style)
    axes.set(title=f"skill {name}", xlabel="opportunity", xticks=(1, 5, 10, 15))
panels[0].set_ylabel("share of right answers")
figure.legend(*panels[0].get_legend_handles_labels(), loc="outside lower center", ncols=4)
plt.show()

# %% [markdown]
# ## What a student knows
#
# P(known) after each of a student's answers, when the next one begins. The band says how far
# it might be off because the parameters are estimates. How sure one can be of the *student* is
# the mastery itself: at .5 one knows nothing, however narrow the band. (`when="after_response"`
# gives P(known) right after the answer, before what it may have taught.)

# %%
of_skill = statics.filter(pl.col("skill") == skill).group_by("student", maintain_order=True)
of_skill = of_skill.agg("correct").filter(pl.col("correct").list.len() >= 20)
of_skill = of_skill.sort(pl.col("correct").list.head(20).list.mean())
few = [of_skill.row(int(place * (len(of_skill) - 1)), named=True) for place in (0.1, 0.5, 0.9)]
# Each beginning of a history counts as a student of its own.
beginnings = [
    {"student": f"{row['student']}, {t:02d}", "skill": skill, "correct": answer}
    for row in few
    for t in range(1, 21)
    for answer in row["correct"][:t]
]
mastery = frame(forgetting.mastery(pl.DataFrame(beginnings)).table())
mastery = mastery.filter(pl.col("skill") == skill)

figure, panels = plt.subplots(1, 3, figsize=(11, 3.4), sharey=True, layout="constrained")
steps = np.arange(1, 21)
for axes, row in zip(panels, few, strict=True):
    path = mastery.filter(pl.col("student").str.starts_with(f"{row['student']}, ")).sort("student")
    right = np.array(row["correct"][:20]) == 1
    axes.fill_between(
        steps, path["lower"], path["upper"], color=BLUE, alpha=0.25, linewidth=0, label="95% band"
    )
    axes.plot(steps, path["mastery"], color=BLUE, label="P(known) at the next opportunity")
    axes.plot(steps[right], np.full(right.sum(), 1.08), "o", color=GREEN, markersize=4)
    axes.plot(steps[~right], np.full((~right).sum(), -0.08), "x", color=RED, markersize=5)
    axes.set(title=f"student {row['student']}", xlabel=f"answer on skill {skill}")
    axes.set(ylim=(-0.15, 1.15), yticks=(0, 0.5, 1), xticks=(1, 5, 10, 15, 20))
panels[0].plot([], [], "o", color=GREEN, markersize=4, label="right")
panels[0].plot([], [], "x", color=RED, markersize=5, label="wrong")
panels[0].set_ylabel("P(known)")
figure.legend(*panels[0].get_legend_handles_labels(), loc="outside lower center", ncols=4)
plt.show()

# %% [markdown]
# ## Time between answers
#
# The cloze experiment has timestamps: sentences of statistics, practised within minutes and tested
# after minutes or days. With `forget_by="gap"` the time since the last practice chooses the
# probability to forget, with `learn_by="gap"` that to learn. No students are set apart for testing
# here; the folds are by student, as above. (Rows that only showed the sentence are left out.)

# %%
cloze = pl.read_csv(DATA / "cloze" / "responses.csv", try_parse_dates=True)
cloze = cloze.filter(pl.col("outcome") != "STUDY")
cloze = cloze.with_columns(correct=(pl.col("outcome") == "CORRECT").cast(int))
timed = ResponseLog.from_frame(cloze, skill="item", item=False, id=False)
ends = {"up to 2 min": 120, "2 to 5 min": 300, "5 to 10 min": 600, "10 min to a day": 86400}
gaps = {"forgetting": True, "gaps": tuple(ends.values())}

cross_validate(
    {
        "plain": BKT(),
        "forgetting": BKT(forgetting=True),
        "+ forget by gap": BKT(**gaps, forget_by="gap"),
        "+ learn and forget by gap": BKT(**gaps, forget_by="gap", learn_by="gap"),
    },
    timed,
    cv=3,
    n_bootstrap=200,
)

# %%
fading = BKT(**gaps, forget_by="gap", uncertainty=True).fit(timed)
labels = [*ends, "over a day"]
by_gap = frame(fading.class_parameters_).sort("class").partition_by("class")
seconds = pl.col("time").diff().over("student", "item").dt.total_seconds()
seen = (
    cloze.sort("student", "time")
    .with_columns(gap=seconds)
    .drop_nulls("gap")
    .with_columns(gap=sum((pl.col("gap") >= end).cast(int) for end in ends.values()))
    .group_by("gap")
    .agg(pl.col("correct").mean(), pl.len().alias("n"))
    .sort("gap")
)

figure, panels = plt.subplots(1, 2, figsize=(10, 3.4), sharey=True, layout="constrained")
panels[0].barh(seen["gap"], seen["correct"], color="0.45", height=0.7)
for place, n in zip(seen["gap"], seen["n"], strict=True):
    panels[0].annotate(f"{n:,} answers", (0.02, place), color="white", va="center")
panels[0].set(title="observed", xlabel="share of right answers", xlim=(0, 1))
panels[0].set(ylabel="since the last answer", yticks=range(len(labels)), yticklabels=labels)
for place, part in enumerate(by_gap):
    low, middle, high = (part["value"].quantile(share) for share in (0.25, 0.5, 0.75))
    panels[1].plot([low, high], [place, place], color=BLUE, linewidth=2)
    panels[1].plot(middle, place, "o", color=BLUE)
panels[1].set(title="estimated", xlabel="P(forget): median and quartiles of 72 sentences")
panels[1].set(xlim=(0, 0.5))
panels[1].grid(axis="x", alpha=0.3)
panels[0].invert_yaxis()
plt.show()

# %% [markdown]
# Over a day more is forgotten than within minutes, without the model having been told so, and
# predictions gain. That learning by gap gains more need not be learning: which sentences came back
# soon was the schedule's choice, and the log cannot tell the two apart.
#
# `at` asks what was known at a moment, from the answers given until then:

# %%
whom = cloze.group_by("student").len().sort("len", "student")["student"][-1]
theirs = cloze.filter(pl.col("student") == whom)
student_log = ResponseLog.from_frame(theirs, skill="item", item=False, id=False)
rows = []
for minutes in (5, 10, 15, 20):
    moment = theirs["time"].min() + timedelta(minutes=minutes)
    now = fading.mastery(student_log, at=moment)
    rows.append(
        {
            "minutes": minutes,
            "answers": int((theirs["time"] <= moment).sum()),
            "P(known) > .9": int((now.value > 0.9).sum()),
            "its interval > .9": int((now.lower > 0.9).sum()),
        }
    )
pl.DataFrame(rows)

# %% [markdown]
# ## Counting where the log lives
#
# Plain BKT and forgetting need of a log only which answer sequences occur, and how often. A lazy
# frame, DuckDB or Spark counts them, and the counts are fitted: to the same parameters.

# %%
counts = count_sequences(statics.with_row_index("row").lazy(), order="row")
same = BKT().fit_counts(counts)
difference = max(
    abs(same.parameters_[name] - plain.parameters_[name]).max()
    for name in ("prior", "learn", "guess", "slip")
)
print(counts)
print(f"largest difference of a parameter: {difference:.1e}")
