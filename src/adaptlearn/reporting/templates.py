"""The words of pages: templates that a school can translate."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from string import Formatter
from typing import Any

from adaptlearn.errors import ParameterError
from adaptlearn.labels import near_spellings
from adaptlearn.media import Markup, html_text, terminal_text
from adaptlearn.sequencing.decisions.templates import filled

Templates = Mapping[str, str]

_MOST = 200  # letters of a name on a page
_TAG = re.compile(r"[A-Za-z]{2,8}([-_][A-Za-z0-9]{1,8})*")
_PLAIN = re.compile(r"[A-Za-z0-9 .'\u00c0-\u024f-]{1,60}")
_MARK = 0xE000  # private use: stands for a name until the sentence is HTML

# Of languages and scripts that are written from right to left.
_RIGHT_TO_LEFT = frozenset(
    ("ar", "arc", "ckb", "dv", "fa", "he", "ks", "nqo", "pnb", "ps", "sd", "syr", "ug", "ur", "yi",
     "adlm", "arab", "hebr", "nkoo", "syrc", "thaa")
)  # fmt: skip

TEMPLATES: Templates = {
    "status.0": "not begun",
    "status.1": "learning",
    "status.2": "nearly",
    "status.3": "mastered",
    "status.4": "due for review",
    "letter.0": "B",
    "letter.1": "L",
    "letter.2": "N",
    "letter.3": "M",
    "letter.4": "R",
    "legend": "What the signs mean",
    "legend.0": "No answer yet, or only one.",
    "legend.1": "Practice has begun.",
    "legend.2": "Nearly there.",
    "legend.3": "Known well.",
    "legend.4": "Known well, and it is time to look at it again.",
    "made": "Made on {day}.",
    "week": "week",
    "day": "{day} {month}",
    "month.1": "January",
    "month.2": "February",
    "month.3": "March",
    "month.4": "April",
    "month.5": "May",
    "month.6": "June",
    "month.7": "July",
    "month.8": "August",
    "month.9": "September",
    "month.10": "October",
    "month.11": "November",
    "month.12": "December",
    # The student's page, in words for a child.
    "student.title": "My plan: {name}",
    "student.hello": "Hello {name}!",
    "student.known": "You know {known} of these topics well.",
    "student.known.0": "You are at the start. Every answer counts.",
    "student.known.1": "You know one of these topics well.",
    "student.known.all": "You know all of these topics well. Well done!",
    "student.next": "What comes next",
    "student.next.soon": "It looks as if you know everything. A few more answers will make sure.",
    "student.goal": "My goal",
    "student.goal.reached": "You have reached your goal. Well done!",
    "student.goal.unknown": "Nobody can say yet how far it is. Please ask your teacher.",
    "student.goal.minutes": "Between {lower} and {upper} minutes of lessons to go.",
    "student.goal.hours": "Between {lower} and {upper} hours of lessons to go.",
    "student.goal.days": "You will probably get there between {first} and {last}.",
    "student.goal.from": "You will probably not get there before {first}.",
    "student.plan.week": "My week",
    "student.plan.day": "My day",
    "student.plan.none": "There is no plan yet.",
    "student.reviews": "Time to review",
    "student.reviews.none": "Nothing to review now.",
    "student.topics": "My topics",
    "student.topics.known": "I know these well",
    "student.topics.learning": "I am learning these",
    "student.topics.later": "These come later",
    "student.range": "You probably know {lower} to {upper} of its {skills} parts.",
    "student.range.same": "You probably know {lower} of its {skills} parts.",
    "student.range.one.01": "It is too early to say.",
    "student.range.one.00": "You do not know it yet.",
    "student.range.one.11": "You probably know it. A few more answers will make sure.",
    "student.range.guess": "You would answer {lower} to {upper} of {skills} questions right.",
    "student.range.guess.same": "You would answer {lower} of {skills} questions right.",
    "student.doubts": "This looks wrong to me",
    "student.doubts.why": "Few answers are behind these. One more question would help.",
    "student.doubts.none": "Nothing here rests on a few answers alone.",
    "student.doubts.question": "Ask for the question {question}.",
    "student.doubts.lesson": "Ask your teacher for one more question.",
    # The family's page.
    "family.title": "The plan of {name}",
    "family.hello": "How {name} is doing",
    "family.known": "{name} knows {known} of these standards well.",
    "family.known.0": "{name} is at the start.",
    "family.known.1": "{name} knows one of these standards well.",
    "family.known.all": "{name} knows all of these standards well.",
    "family.next": "What comes next",
    "family.next.soon": (
        "It looks as if {name} knows everything. A few more answers will make sure."
    ),
    "family.goal": "The goal",
    "family.goal.reached": "{name} has reached the goal.",
    "family.goal.unknown": "Nobody can say yet how far it is. Please ask the teacher.",
    "family.goal.minutes": "Between {lower} and {upper} minutes of lessons to go.",
    "family.goal.hours": "Between {lower} and {upper} hours of lessons to go.",
    "family.goal.days": "{name} will probably get there between {first} and {last}.",
    "family.goal.from": "{name} will probably not get there before {first}.",
    "family.plan.week": "This week",
    "family.plan.day": "This day",
    "family.plan.none": "There is no plan yet.",
    "family.reviews": "Time to review",
    "family.reviews.none": "Nothing to review now.",
    "family.topics": "Standard by standard",
    "family.means": "It means: {skills}.",
    "family.judged": "Judged by {answers} answers. {range}",
    "family.judged.1": "Judged by one answer. {range}",
    "family.judged.0": "There is no answer yet.",
    "family.judged.told": "A placement or a teacher says so; there is no answer yet.",
    "family.range": "{name} probably knows {lower} to {upper} of its {skills} parts.",
    "family.range.same": "{name} probably knows {lower} of its {skills} parts.",
    "family.range.one.01": "It is too early to say whether {name} knows it.",
    "family.range.one.00": "{name} does not know it yet.",
    "family.range.one.11": "{name} probably knows it. A few more answers will make sure.",
    "family.range.known": "{name} knows this well.",
    "family.range.guess": "{name} would answer {lower} to {upper} of {skills} questions right.",
    "family.range.guess.same": "{name} would answer {lower} of {skills} questions right.",
    "family.helps": "What helps: practice of {skills}.",
    "family.helps.review": "What helps: a short review of {skills}.",
    "family.doubts": "This looks wrong to us",
    "family.doubts.why": "Few answers are behind these. One more question would help.",
    "family.doubts.none": "Nothing here rests on a few answers alone.",
    "family.doubts.question": "Ask for the question {question}.",
    "family.doubts.lesson": "Ask the teacher for one more question.",
    # The district's page.
    "district.title": "Progress of the district",
    "district.whole": "{students} students",
    "district.several": "A student who takes several courses counts in each of them.",
    "district.steps": "A share lies between the two numbers that are given for it. Small groups "
    "have wide steps; a dash stands where there are too few students for any.",
    "district.hidden": "not shown",
    "district.hidden.why": "A group is not shown if it has fewer than 10 students, or if such a "
    "group could otherwise be worked out from totals.",
    "district.all": "All students",
    "district.school": "By school",
    "district.course": "By course",
    "district.group": "By group",
    "district.details": "Courses and groups of each school",
    "district.name.school": "school",
    "district.name.course": "course",
    "district.name.group": "group",
    "district.students": "students",
    "district.mastered": "mastered, from and to",
    "district.between": "{lower}\u2013{upper}%",
    "district.under": "under {upper}%",
    "district.over": "{lower}% or more",
    # The class's page.
    "class.title": "Class {title}",
    "class.title.none": "The class",
    "class.student": "Student",
    "class.standard": "Standard",
    "class.more": "{number} more",
    "class.stuck": "Who is stuck",
    "class.stuck.none": "Nobody is stuck.",
    "class.on": "on {skill}",
    "class.for": "{answers} answers.",
    "class.for.day": "{answers} answers in 1 day.",
    "class.for.days": "{answers} answers in {days} days.",
    "class.before": "Comes before:",
    "class.groups": "Groups for tomorrow",
    "class.groups.lesson": "Their next lesson is the same.",
    "class.groups.leader": "with {leader}",
    "class.groups.free": "free practice",
    "class.groups.left": "Without a group: {names}.",
    "class.groups.none": "No student has a next lesson.",
    "class.spread": "Standard by standard",
    "class.spread.how": "Open a standard to see who stands where.",
    "class.others": "all others",
    "class.low": "low",
    "class.middle": "middle",
    "class.high": "high",
    "class.grid": "Student by student",
    "class.grid.how": "All students and all standards",
    "class.grid.part": "Standards {first} to {last}",
    "class.sort": "Sort by",
    "class.find": "Find a student",
    "class.followed": "Was the plan followed?",
    "class.followed.none": "There was no plan.",
    "class.followed.nothing": "Nothing was planned.",
    "class.planned": "minutes planned",
    "class.done": "of these done",
    "class.ready": "Ready to move on",
    "class.ready.rule": "They meet the rule {rule}. You decide.",
    "class.ready.all": "They have mastered all standards of this page. You decide.",
    "class.ready.none": "Nobody yet.",
    "minutes": "{minutes} minutes",
    "minutes.1": "1 minute",
    "review": "review",
}
"""The English templates of all pages, by key.

A template is a text with fields in braces, as in ``"Made on {day}."``. Pass your own table, or a
part of it, as `templates=` to translate a page; keys that it lacks stay English.
"""


class Words:
    """Sentences of one language, as HTML.

    Parameters
    ----------
    templates : mapping of str to str, optional
        In place of those of `TEMPLATES` with the same keys.
    language : str
        A tag of BCP 47, such as ``"es"`` or ``"ar"``.

    Raises
    ------
    ParameterError
        The error lists the keys that no page has, and templates whose braces are wrong.
    """

    def __init__(self, templates: Templates | None = None, language: str = "en") -> None:
        given = {} if templates is None else dict(templates)
        problems = [
            f"no page has the key {key!r}{near_spellings(key, TEMPLATES)}"
            for key in given
            if key not in TEMPLATES
        ]
        for key in given.keys() & TEMPLATES.keys():
            try:
                filled(given[key], _fields(TEMPLATES[key]))
            except ParameterError as error:
                problems += [f"{key}: {problem}" for problem in error.problems]
        if not _TAG.fullmatch(language):
            problems.append(f"language must be a tag such as 'en', got {language!r}")
        if problems:
            raise ParameterError("templates", problems)
        self._table = {**TEMPLATES, **given}
        self.language = language

    @property
    def direction(self) -> str:
        """``"rtl"`` for languages that are written from right to left, else ``"ltr"``."""
        parts = self.language.casefold().replace("_", "-").split("-")
        script = next((part for part in parts[1:] if len(part) == 4), None)
        return "rtl" if (script or parts[0]) in _RIGHT_TO_LEFT else "ltr"

    def __call__(self, key: str, **fields: Any) -> Markup:
        """A sentence, in which names cannot turn the direction of what stands around them."""
        marks = {name: chr(_MARK + place) for place, name in enumerate(fields)}
        text = str(html_text(filled(self._table[key], marks)))
        said = {mark: name_html(fields[name]) for name, mark in marks.items()}
        return Markup("".join(said.get(letter, letter) for letter in text))


def name_html(value: Any) -> Markup:
    """A name that comes from outside, cut where it is long, or a number, as HTML."""
    if hasattr(value, "__html__"):  # of ours, or of a template
        return Markup(value.strip())
    if not isinstance(value, str):
        return html_text(value)
    return Markup(f"<bdi>{html_text(short(value))}</bdi>")


def names_html(names: Iterable[str]) -> Markup:
    """Names in a row, isolated from each other where their letters could run the other way."""
    said = (html_text(name) if _PLAIN.fullmatch(name) else name_html(name) for name in names)
    return Markup(", ".join(said))


def short(name: str, most: int = _MOST) -> str:
    """A name as one line, cut where it is long."""
    text = " ".join(terminal_text(name).split())
    return text if len(text) <= most else f"{text[: most - 1]}…"


def _fields(template: str) -> dict[str, str]:
    """The fields that a template of ours has, and that a translation of it may have."""
    return {name: "" for _, name, _, _ in Formatter().parse(template) if name}
