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
# # A school day
#
# A class of a school's roster learns grade 5 of a real framework of standards. Tonight we plan
# tomorrow: each student's hour, small groups for the week, the weeks until the goal, and who may
# move on. Then we print the pages of one student.
#
# The roster and the standards are public samples. They are not part of the package:
# `ADAPTLEARN_DATA` names their folder, by default `../../shared/data`. The students of the roster
# are invented, and their answers are simulated, so what they learn here says nothing about real
# students.

# %%
# %matplotlib inline
import os
from datetime import UTC, datetime
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

from adaptlearn import Curriculum, MasteryTracker, Sequencer
from adaptlearn.interop import read_case, read_oneroster
from adaptlearn.models import BKT
from adaptlearn.planning import (
    Block,
    Calendar,
    Needs,
    PromotionRules,
    Slot,
    form_groups,
    learning_plan,
    plan_day,
    promotion_report,
)
from adaptlearn.reporting import figures_of, report_class, report_family, report_student
from adaptlearn.simulation import Course, prior_log, simulators

STANDARDS = Path(os.environ.get("ADAPTLEARN_DATA") or "../../shared/data") / "standards"
if not STANDARDS.is_dir():
    raise SystemExit(f"{STANDARDS} is missing: set ADAPTLEARN_DATA to the folder of the samples")
plt.rcParams.update({"axes.spines.top": False, "axes.spines.right": False})

# %% [markdown]
# ## The class and its standards
#
# The roster is a OneRoster export. The standards are a CASE package; its skills are the parts of
# the standards, and it says which comes before which.

# %%
roster = read_oneroster(STANDARDS / "oneroster" / "synthetic_v1p2")
students = roster.students_of("c-s1-g5")
framework = read_case(STANDARDS / "case" / "coherence_map_math_case.json", labels="code")
print(len(students), "students")
print(framework.curriculum)

# %% [markdown]
# We keep the two domains of grade 5 with the most to calculate. A framework has no lessons, so we
# invent three for each skill: one with a teacher, one at a device, one on paper.

# %%
content = framework.curriculum.to_dict()
domains = [one for one in content["standards"] if one["standard"] in ("5.NF", "5.NBT")]
skills = [skill for one in domains for skill in one["skills"]]
kinds = [
    ("lesson", "instruction", "teacher", 20),
    ("tasks", "practice", "device", 10),
    ("paper", "practice", "offline", 15),
]
grade5 = Curriculum.from_dict(
    {
        "skills": skills,
        "prerequisites": [
            edge for edge in content["prerequisites"] if edge[0] in skills and edge[1] in skills
        ],
        "lessons": [
            {"lesson": f"{skill} {name}", "skills": [skill], "minutes": minutes,
             "kind": kind, "mode": mode}
            for skill in skills
            for name, kind, mode, minutes in kinds
        ],
        "standards": domains,
    }
)  # fmt: skip
print(grade5)

# %% [markdown]
# ## Two weeks of answers
#
# Earlier students gave the answers to which the model is fitted. Our class has practised for 40
# minutes a day since the first of September, 2026.

# %%
course = Course.of(grade5)
kind = simulators(course)["individual"]
model = BKT(random_state=0).fit(prior_log(kind, course, n_students=300, budget=2000))

start = datetime(2026, 9, 1, 8, tzinfo=UTC).timestamp()
log = prior_log(kind, course, n_students=len(students), budget=600, seed=5)
log["student"] = np.array(students)[log["student"]]
log["time"] = log["time"] + start
tracker = MasteryTracker(model).update(log)
sequencer = Sequencer(grade5, tracker, random_state=0)
tonight = float(log["time"].max()) + 3600
print(f"{len(log['student']):,} answers until {datetime.fromtimestamp(tonight, UTC):%d %B}")

# %%
mastery = tracker.mastery(students)
figure, axes = plt.subplots(figsize=(7, 3.4), layout="constrained")
image = axes.imshow(mastery.value, cmap="Blues", vmin=0, vmax=1, aspect="auto")
axes.set_xticks(range(len(mastery.skills)), mastery.skills, rotation=90, fontsize=7)
axes.set_yticks(range(len(students)), students, fontsize=7)
figure.colorbar(image, label="P(known)")
plt.show()

# %% [markdown]
# ## Tomorrow's hour
#
# Two blocks with a break between them. Each student should have a lesson with the teacher, and is
# at a device for at most half an hour. The teacher has five seats in each block, which is too few:
# the plan says who misses the lesson.

# %%
day = [Block("flex 1", "9:00", 30), Block("flex 2", "10:00", 30)]
with_teacher = [lesson for lesson in grade5.lessons.tolist() if lesson.endswith("lesson")]
plan = plan_day(
    sequencer,
    students,
    day,
    floors={"instruction": 20},
    device=30,
    seats={"teacher": {"lessons": with_teacher, "seats": 5}},
    now=tonight,
)
print(plan)

# %%
missing = plan.missing()
for student, kind_missed, minutes in zip(
    missing["student"], missing["kind"], missing["minutes"], strict=True
):
    print(f"{student} lacks {minutes} minutes of {kind_missed}")

# %% [markdown]
# ## Small groups for the week

# %%
week = [Slot(name, leader="teacher", smallest=2, largest=4) for name in ("Mon", "Wed", "Fri")]
groups = form_groups(Needs.of(sequencer, students), week)
print(groups)

# %% [markdown]
# ## The weeks until the goal

# %%
autumn = Calendar("2026-09-16", "2026-12-18", {"Mon": 40, "Wed": 40, "Fri": 40})
plans = learning_plan(sequencer, students, autumn)
print(plans)

# %% [markdown]
# ## Who may move on
#
# The rule is data. The report recommends; a person decides.

# %%
rules = PromotionRules(grade5, {"rules": {"grade 5": {"all_of": ["5.NF", "5.NBT"]}}})
report = promotion_report(sequencer, students, rules, log=log, now=tonight)
print(report)
print(report.why(students[0]))

# %% [markdown]
# ## The pages
#
# All pages draw from one table of figures, so they agree.

# %%
names = {student: f"Student {number}" for number, student in enumerate(students, 1)}
figures = figures_of(sequencer, log, students, names=names, now=tonight)
mine = report_student(figures, students[0], plan=plans)
mine

# %%
report_family(figures, students[0], plan=plans)

# %% [markdown]
# The page of the class begins with who is stuck, and with the groups.

# %%
report_class(figures, "Grade 5", groups=groups, plan=plans, promotion=report)
