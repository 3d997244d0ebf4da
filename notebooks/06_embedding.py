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
# # The loop inside an application
#
# A small class works with a tutor for two weeks. Answers come twice and late, a process is killed,
# a teacher decides, a better model takes over, and a student leaves. The students are simulated.
# Everything is kept in one file.

# %%
# %matplotlib inline
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from tempfile import mkdtemp

import matplotlib.pyplot as plt
import numpy as np
import polars as pl

from adaptlearn import Curriculum, Tutor
from adaptlearn.models import BKT
from adaptlearn.simulation import simulate_school

DAY = 86400.0
folder = Path(mkdtemp())
pl.Config.set_fmt_str_lengths(100)
plt.rcParams.update({"axes.spines.top": False, "axes.spines.right": False})

# %% [markdown]
# ## A model, a curriculum, a file

# %%
school = simulate_school(n_students=200, n_skills=6, random_state=3)  # last year
curriculum = Curriculum.from_dict(school.curriculum)
model = BKT().fit(school.responses)
model.save(folder / "model.json")
(folder / "curriculum.json").write_text(curriculum.to_json())
tutor = Tutor.open(folder / "school.db", model=model, curriculum=curriculum, random_state=0)
tutor

# %% [markdown]
# ## Two weeks of a class
#
# Each day, each student asks for a lesson and answers six questions about it. A third of the
# answers is sent twice, and some come a day late.

# %%
rng = np.random.default_rng(5)
students = [f"s{number:02d}" for number in range(12)]
paces = dict(zip(students, rng.uniform(0.05, 0.2, len(students)), strict=True))
knows = {student: set() for student in students}
start = 1_740_990_000.0
statuses, curves, kept = [], [], []
for day in range(10):
    now = start + day * DAY
    sent, kept = kept, []
    for decision in tutor.next_lesson(students, now=now):
        if decision.lesson is None:
            continue
        (skill,) = curriculum.skills_of(decision.lesson).tolist()
        for question in range(6):
            if rng.random() < paces[decision.student]:
                knows[decision.student].add(skill)
            right = rng.random() < (0.9 if skill in knows[decision.student] else 0.2)
            answer = {
                "id": f"{decision.student}-{day}-{question}",
                "student": decision.student,
                "skill": skill,
                "correct": int(right),
                "time": now + 60 * question,
            }
            (kept if rng.random() < 0.1 else sent).append(answer)
            sent += [answer] * int(rng.random() < 1 / 3)
    statuses += [receipt.status for receipt in tutor.record(sent)]
    curves.append(tutor.mastery(students).value.mean(axis=1))
statuses += [receipt.status for receipt in tutor.record(kept)]
pl.Series("status", statuses).value_counts(sort=True)

# %%
figure, axes = plt.subplots(figsize=(7, 3.2))
axes.plot(range(1, 11), np.array(curves), color="0.6", linewidth=1)
axes.plot(range(1, 11), np.mean(curves, axis=1), color="C0", linewidth=2.5)
axes.set(xlabel="day", ylabel="mean P(known)", ylim=(0, 1))
axes.set_title("What 12 students know, and their mean", loc="left", fontsize=10)
plt.show()

# %% [markdown]
# Answers that come late do not change the result: the state is the one that they would have given
# in time. `verify` computes all states again from the events, and compares them bit for bit.

# %%
print(tutor.verify())

# %% [markdown]
# ## Another process, killed
#
# Another process records answers to the same file and says so. It is killed in the middle. Every
# answer that it spoke of is there.

# %%
program = f"""
import adaptlearn
from adaptlearn import Curriculum, Tutor

folder = {str(folder)!r}
with open(f"{{folder}}/curriculum.json") as stream:
    curriculum = Curriculum.from_dict(__import__("json").load(stream))
model = adaptlearn.load(f"{{folder}}/model.json")
tutor = Tutor.open(f"{{folder}}/school.db", model=model, curriculum=curriculum)
for number in range(100_000):
    event = {{"id": f"killed-{{number}}", "student": "s00", "skill": {str(school.skills[0])!r},
             "correct": 1, "time": {start + 10 * DAY} + number}}
    tutor.record(event)
    print(number, flush=True)
"""
command = [sys.executable, "-c", program]
other = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)  # noqa: S603 - our own program
told = [other.stdout.readline() for _ in range(20)]
os.kill(other.pid, signal.SIGKILL)
told += other.stdout.readlines()
other.stdout.close()
other.wait()
there = {entry.event.id for entry in tutor.history("s00")}
acknowledged = {f"killed-{line.strip()}" for line in told}
print(len(acknowledged), "acknowledged;", len(acknowledged - there), "of them lost")
print("verified:", bool(tutor.verify()))

# %% [markdown]
# ## A teacher decides, and says why

# %%
lesson = curriculum.lessons[0]
tutor.override("pin", lesson, student="s01", author="Ms Lee", reason="was absent on Monday")
tutor.next_lesson("s01", now=start + 11 * DAY)
tutor.replay("s01")

# %% [markdown]
# ## A better model takes over
#
# A model that is fitted to more answers takes over at once. The decisions on record keep the
# fingerprint of the model that made them.

# %%
log = tutor.log()
this_year = pl.DataFrame(
    {
        "student": log.student.values.tolist(),
        "skill": log.skill.values.tolist(),
        "correct": log.correct,
        "time": log.time,
    }
)
last_year = pl.DataFrame({name: school.responses[name] for name in this_year.columns})
better = BKT().fit(pl.concat([last_year, this_year], how="vertical_relaxed"))
before = tutor.mastery(students).value.mean()
tutor.sync(model=better)
print(f"mean P(known) {before:.3f} before, {tutor.mastery(students).value.mean():.3f} after")
tutor.next_lesson("s01", now=start + 12 * DAY)
pl.DataFrame(
    [(step.decision.lesson, step.decision.model[:8]) for step in tutor.replay("s01").steps],
    schema=["lesson", "model"],
    orient="row",
).tail(3)

# %% [markdown]
# ## A student leaves

# %%
print(len(tutor.export("s02")["events"]), "events held")
print(tutor.forget("s02"), "events erased")
print("still in the files:", any(b"s02" in one.read_bytes() for one in folder.glob("school.db*")))
tutor.close()
shutil.rmtree(folder)
