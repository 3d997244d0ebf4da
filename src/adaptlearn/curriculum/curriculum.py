"""The curriculum: skills, what comes before what, lessons that teach, items that exercise."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from adaptlearn.curriculum.content.draft import Draft, Repair
from adaptlearn.curriculum.content.parts import LESSON_KINDS, Item, Lesson, Parts, check
from adaptlearn.curriculum.content.sources import read_frames, read_json, read_mapping
from adaptlearn.curriculum.content.writing import content_of
from adaptlearn.curriculum.graph.bits import pack, unpack
from adaptlearn.curriculum.graph.lessons import Doors, Standing, doors_of
from adaptlearn.curriculum.graph.matrices import incidence, row
from adaptlearn.curriculum.outline import SkillGroups, outline_of
from adaptlearn.curriculum.skill_graph import SkillGraph
from adaptlearn.errors import CurriculumError, DataWarning, warn
from adaptlearn.labels import Label, LabelIndex, label_array, looks_damaged
from adaptlearn.numerics import Bits, Bools, Floats
from adaptlearn.serialization import fingerprint
from adaptlearn.tables import ends, html_bar, html_card, html_table
from adaptlearn.validation import OneOf, check_parameters, some
from adaptlearn.wording import counted

_LEVELS = ["level", "skills", "", "such as"]
_LEVELS_SHOWN = 12


class Curriculum(SkillGraph):
    """A curriculum: skills, prerequisites, lessons, standards and courses; checked and immutable.

    Make a curriculum with `from_frames`, `from_dict` or `from_json`. `from_frames`, `from_dict` and
    `from_json` raise an error if a curriculum contradicts itself; the error lists every fault. With
    ``repair=True``, they repair the faults of a curriculum instead of raising an error, and report
    every repair. Labels of skills, lessons and items are integers or strings. If you pass no
    lessons, each skill has one lesson with the same label. If you pass no list of skills, the
    curriculum has all skills that occur in the prerequisites, lessons and items, in the order in
    which they occur.

    Attributes
    ----------
    skills : array, shape (n_skills,)
        The labels of the skills, in the order given: all integers, or all ``str``.
    skill_titles : tuple of str
    thresholds : float array, shape (n_skills,)
        The mastery threshold of each skill; NaN if the author of the curriculum gives no threshold.
        A skill counts as mastered if its mastery is at least its threshold.
    prerequisites : sparse 0/1 array, shape (n_skills, n_skills)
        Row k marks the direct prerequisites of skill k; students must master all of them first.
    alternatives : sparse 0/1 array, shape (n_groups, n_skills)
        Row g marks the skills of group g, a group of alternatives; students must master at least
        one of these skills.
    alternatives_of : sparse 0/1 array, shape (n_skills, n_groups)
        Row k marks the groups of alternatives of skill k; students must master at least one skill
        of each group.
    encompasses : sparse float array, shape (n_skills, n_skills)
        Practice of skill k may also be practice of other skills. Row k contains a weight in (0, 1]
        for each skill that practice of skill k also practises.
    lessons : array, shape (n_lessons,)
    lesson_titles : tuple of str
    lesson_kinds : tuple of str
        The kind of each lesson: ``"instruction"`` (the default), ``"practice"``, ``"review"``,
        ``"assessment"``, ``"enrichment"`` or ``"elective"``.
    lesson_tags : tuple of tuple of str
    lesson_modes : tuple of str
        What each lesson needs: ``"device"`` (the default), ``"teacher"``, ``"group"``, or
        ``"offline"`` (none of these).
    minutes : float array, shape (n_lessons,)
        The minutes that each lesson takes; NaN if unknown.
    difficulty : float array, shape (n_lessons,)
        The difficulty of each lesson, from 0 to 1; NaN if unknown.
    teaches : sparse 0/1 array, shape (n_lessons, n_skills)
    items : array, shape (n_items,)
    exercises : sparse 0/1 array, shape (n_items, n_skills)
    outline : Outline
        Which units each course has, and which standards each unit has.
    standards, units, courses : SkillGroups
        The groups of skills in the outline. Each group shows which skills it requires and which
        students have finished it.
    repairs : tuple of Repair
        The repairs that `repaired` made; empty for a curriculum without faults.

    See Also
    --------
    adaptlearn.curriculum.audit_curriculum : Finds what is probably not intended.
    adaptlearn.curriculum.plot_curriculum : Draws a curriculum.

    Notes
    -----
    The *outer fringe* of a student is what the student is ready to learn: the skills that are not
    yet mastered, but whose prerequisites are all mastered (Doignon & Falmagne, 1985, "Spaces for
    the assessment of knowledge").

    Examples
    --------
    >>> from adaptlearn import Curriculum
    >>> school = Curriculum.from_dict({"prerequisites": [["count", "add"], ["add", "multiply"]]})
    >>> school.skills.tolist()
    ['count', 'add', 'multiply']
    >>> school.outer_fringe([[True, False, False]]).tolist()
    [[False, True, False]]
    """

    def __init__(self, parts: Parts, repairs: Iterable[Repair] = ()) -> None:
        super().__init__(list(parts.skills), parts.prerequisites, parts.encompasses)
        self._parts = parts
        self.skill_titles = tuple(parts.skills.values())
        self.thresholds = _numbers(parts.thresholds)
        self.lessons = label_array([lesson.label for lesson in parts.lessons])
        self.lesson_titles = tuple(lesson.title for lesson in parts.lessons)
        self.lesson_kinds = tuple(lesson.kind for lesson in parts.lessons)
        self.lesson_tags = tuple(lesson.tags for lesson in parts.lessons)
        self.lesson_modes = tuple(lesson.mode for lesson in parts.lessons)
        self.minutes = _numbers([lesson.minutes for lesson in parts.lessons])
        self.difficulty = _numbers([lesson.difficulty for lesson in parts.lessons])
        self.items = label_array([item.label for item in parts.items])
        self.repairs = tuple(repairs)
        self.teaches = self._membership(parts.lessons)
        self.exercises = self._membership(parts.items)
        self.outline = outline_of(parts.standards, parts.courses, self.skills, self.skill_index)

    def _membership(self, units: Sequence[Lesson | Item]) -> csr_array:
        rows = [row for row, unit in enumerate(units) for _ in unit.skills]
        skills = [self.skill_index.place[skill] for unit in units for skill in unit.skills]
        return incidence(rows, skills, (len(units), len(self.skills)))

    @classmethod
    def from_frames(
        cls,
        skills: Any = None,
        prerequisites: Any = None,
        lessons: Any = None,
        items: Any = None,
        *,
        encompasses: Any = None,
        standards: Any = None,
        courses: Any = None,
        columns: Mapping[str, Mapping[str, str]] | None = None,
        skill_separator: str | None = None,
        repair: bool = False,
    ) -> Self:
        """Read pandas, Polars, PyArrow or DuckDB frames, or dicts of arrays.

        Parameters
        ----------
        skills : frame, optional
            Columns ``skill`` and, optionally, ``title`` and ``threshold`` (of mastery).
        prerequisites : frame, optional
            Columns ``prerequisite`` and ``skill``: the first comes before the second. Optionally
            ``group``: rows with the same skill and group are alternatives, and one of them is
            enough.
        lessons : frame, optional
            Columns ``lesson`` and ``skills`` (one row per lesson, a list in each cell), or
            ``lesson`` and ``skill`` (one row per pair). Optionally ``title``, ``kind``,
            ``difficulty`` (0 to 1), ``tags`` (a list or one text), ``mode`` and ``minutes``.
            Without the column ``minutes``, minutes are unknown. If the column is there, an empty
            cell is a fault.
        items : frame, optional
            Columns ``item`` and ``skills`` or ``skill``, as for lessons.
        encompasses : frame, optional
            Columns ``skill``, ``encompassed`` and ``weight`` in (0, 1].
        standards : frame, optional
            Columns ``standard`` (its code) and ``skills`` or ``skill``; optionally ``title`` and
            ``grade``: an integer, ``"K"``, ``"PK"``, or a band such as ``"9-12"``.
        courses : frame, optional
            One row per unit, or per unit and standard: columns ``course``, ``unit``, and
            ``standards`` or ``standard``, or ``skills`` or ``skill``, or both; optionally
            ``title`` and ``grade`` of the course, ``unit_title``.
        columns : mapping, optional
            Your names of columns, per table: ``{"skills": {"skill": "name"}}``. Other columns of a
            frame are not read.
        skill_separator : str, optional
            The text between the skills, standards or tags in a cell that holds several.
        repair : bool
            Whether to repair faults and list them in `repairs` (see `repaired`), not refuse them.

        Raises
        ------
        CurriculumError
            The error lists every fault of every table; with `repair`, only the faults that cannot
            be repaired.
        """
        tables = {"skills": skills, "prerequisites": prerequisites, "lessons": lessons,
                  "items": items, "encompasses": encompasses, "standards": standards,
                  "courses": courses}  # fmt: skip
        return cls._read(read_frames(tables, columns, skill_separator), repair)

    @classmethod
    def from_dict(cls, content: Mapping[str, Any], *, repair: bool = False) -> Self:
        """Read plain lists and mappings.

        Parameters
        ----------
        content : mapping
            ``skills``: labels, or ``{"skill", "title", "threshold"}``. ``prerequisites``: pairs
            (first, then), or a mapping of each skill to its prerequisites; a list in place of a
            prerequisite holds alternatives. ``encompasses``: triples (skill, encompassed, weight),
            or a mapping of each skill to a mapping of weights. ``lessons``: ``{"lesson", "skills",
            "title", "minutes", "kind", "difficulty", "tags", "mode"}``, or a mapping of each lesson
            to its skills. ``items``: ``{"item", "skills"}``, or a mapping likewise. ``standards``:
            ``{"standard", "skills", "title", "grade"}``, or a mapping likewise. ``courses``:
            ``{"course", "title", "grade", "units"}`` with units ``{"unit", "title", "standards",
            "skills"}``. All are optional.
        repair : bool
            Whether to repair faults and list them in `repairs` (see `repaired`), not refuse them.

        Raises
        ------
        CurriculumError
            The error lists every fault; with `repair`, only the faults that cannot be repaired.
        """
        return cls._read(read_mapping(content), repair)

    @classmethod
    def from_json(cls, source: str | os.PathLike[str], *, repair: bool = False) -> Self:
        """Read JSON with the content that `from_dict` takes.

        Parameters
        ----------
        source : str or path
            A text that starts with a brace, or the path of a file in UTF-8.
        repair : bool
            Whether to repair faults and list them in `repairs` (see `repaired`), not refuse them.

        Raises
        ------
        CurriculumError
            The error is raised if the source is not JSON, or has faults. The error lists all
            faults; with `repair`, only the faults that cannot be repaired.
        """
        return cls._read(read_json(source), repair)

    @classmethod
    def repaired(cls, source: Mapping[str, Any] | str | os.PathLike[str]) -> Self:
        """Read a curriculum with faults, repair the faults, and say how in `repairs`.

        If there are duplicates, the first is kept. A prerequisite is dropped if it is the skill
        itself or if one of its two skills is unknown. Unknown skills of lessons and items are
        dropped, and then lessons and items without skills. Prerequisites are read in the order they
        are listed. A prerequisite is dropped if it would close a cycle with the prerequisites
        before it. Then alternatives are dropped if they make a skill unreachable. No more is
        dropped than necessary.

        Parameters
        ----------
        source : mapping, str or path
            The content that `from_dict` or `from_json` take. For frames, use `from_frames` with
            ``repair=True``.

        Raises
        ------
        CurriculumError
            The error is raised if the curriculum cannot be repaired: it has no skill, a column is
            missing, the source is not JSON, or some labels are integers and others strings.

        Examples
        --------
        >>> from adaptlearn import Curriculum
        >>> loop = {"prerequisites": [["a", "b"], ["b", "a"]]}
        >>> print(*Curriculum.repaired(loop).repairs)
        prerequisites form a cycle: a -> b -> a: dropped 'b' -> 'a', the last of them to be listed
        """
        draft = read_mapping(source) if isinstance(source, Mapping) else read_json(source)
        return cls._read(draft, repair=True)

    @classmethod
    def _read(cls, draft: Draft, repair: bool) -> Self:
        parts, repairs, fatal = check(draft)
        if repair and fatal:
            raise CurriculumError("curriculum (beyond repair)", fatal)
        if fatal or (repairs and not repair):
            raise CurriculumError("curriculum", [*fatal, *(fault.problem for fault in repairs)])
        return cls._made(parts, repairs)

    @classmethod
    def _made(cls, parts: Parts, repairs: Iterable[Repair]) -> Self:
        made = cls(parts, repairs)
        damaged = [title for title in dict.fromkeys((*made.skill_titles, *made.lesson_titles))
                   if looks_damaged(title)]  # fmt: skip
        if damaged:
            warn(
                f"{len(damaged)} titles hold characters that were lost on the way (wrong encoding, "
                f"or a spreadsheet's error): {some(damaged)}; they are kept as they are",
                DataWarning,
            )
        return made

    @cached_property
    def lesson_index(self) -> LabelIndex:
        """The position of each lesson, by label."""
        return LabelIndex("lesson", self.lessons)

    def skills_of(self, lesson: Label) -> NDArray[Any]:
        """Labels of the skills that a lesson teaches, in the curriculum's order."""
        labels: NDArray[Any] = self.skills[row(self.teaches, self.lesson_index.code(lesson))]
        return labels

    @property
    def standards(self) -> SkillGroups:
        """The standards: which skills each requires, and which students have finished it."""
        return self.outline.standards

    @property
    def units(self) -> SkillGroups:
        """The units of courses, labelled (course, unit)."""
        return self.outline.units

    @property
    def courses(self) -> SkillGroups:
        """The courses: which skills each requires, and which students have finished it."""
        return self.outline.courses

    def open_lessons(self, mastered: Any) -> Bools:
        """Find the lessons that students can take now.

        An open lesson teaches at least one skill that is not mastered. For each skill of the lesson
        that is not mastered, every prerequisite is either mastered or taught by the lesson itself.
        Of alternatives, one is enough. So an open lesson teaches a skill of the outer fringe,
        unless the lesson's skills are alternative prerequisites of each other, in a circle.

        Parameters
        ----------
        mastered : bool array, shape (n_students, n_skills)

        Returns
        -------
        bool array, shape (n_students, n_lessons)
        """
        missing = ~self._checked(mastered)
        return unpack(self.standing(pack(missing)).open, len(missing))

    def standing(self, missing: Bits, unready: Bits | None = None) -> Standing:
        """Which lessons are unfinished, open and ready, for many students at once.

        Parameters
        ----------
        missing : uint8 array, shape (n_skills, n_bytes)
            The skills that are not mastered, as bits: one bit per student, in the form that
            `adaptlearn.curriculum.graph.pack` returns.
        unready : uint8 array, shape (n_skills, n_bytes), optional
            The skills that a student does not know well enough to start other skills that need
            them, in the same form as `missing`. By default, the array `missing` is used.

        Returns
        -------
        Standing
        """
        return Standing(self.teaches, self._doors, missing, unready)

    @cached_property
    def _doors(self) -> Doors:
        return doors_of(self.teaches, self.requirements)

    def lessons_of_kind(self, *kinds: str) -> Bools:
        """Whether each lesson is of one of the given kinds, shape (n_lessons,)."""
        for kind in kinds:
            check_parameters("lessons_of_kind", {"kind": kind}, {"kind": [OneOf(LESSON_KINDS)]})
        return np.array([kind in kinds for kind in self.lesson_kinds], bool)

    @cached_property
    def is_elective(self) -> Bools:
        """Lessons of the kinds elective and enrichment, shape (n_lessons,)."""
        return self.lessons_of_kind("elective", "enrichment")

    def to_dict(self) -> dict[str, Any]:
        """The curriculum as a dict that `from_dict` reads, without `repairs`."""
        return content_of(self._parts)

    def to_json(self, indent: int | None = None) -> str:
        """JSON that `from_json` reads back."""
        return json.dumps(self.to_dict(), ensure_ascii=False, indent=indent)

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 of the content; equal curricula have equal fingerprints."""
        return fingerprint(self.to_dict())

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Curriculum):
            return NotImplemented
        return self is other or self.fingerprint == other.fingerprint

    def __hash__(self) -> int:
        return hash(self.fingerprint)

    def __repr__(self) -> str:
        n_edges = self.prerequisites.nnz + self.alternatives.shape[0]
        return (
            f"<Curriculum: {len(self.skills)} skills, {n_edges} prerequisites, "
            f"{len(self.lessons)} lessons, {len(self.items)} items>"
        )

    def _repr_html_(self) -> str:
        facts = [
            counted(len(self.skills), "skill"),
            counted(self.prerequisites.nnz + self.alternatives.shape[0], "prerequisite"),
            counted(len(self.lessons), "lesson"),
        ]
        more = {"item": len(self.items), "standard": len(self.standards),
                "course": len(self.courses), "repair": len(self.repairs)}  # fmt: skip
        facts += [counted(n, noun) for noun, n in more.items() if n]
        return html_card("Curriculum", facts, html_table("", _LEVELS, self._levels(), prose=True))

    def _levels(self) -> Iterator[list[str]]:
        """How many skills stand on each level, and the first few of them."""
        widths = np.bincount(self.depth)
        for level in ends(len(widths), _LEVELS_SHOWN):
            if level is None:
                yield ["…"] * len(_LEVELS)
                continue
            first = [self.skill_titles[k] for k in np.flatnonzero(self.depth == level)[:3]]
            width = widths[level]
            told = f"{', '.join(first)}{', …' if width > len(first) else ''}"
            yield [str(level), html_bar(width / widths.max()), f"{width:,}", told]


def curriculum_problems(given: Any) -> Iterator[str]:
    """What keeps something from being a curriculum."""
    if not isinstance(given, Curriculum):
        yield (
            f"curriculum is a {type(given).__name__}; expected a Curriculum: "
            "Curriculum.from_dict, from_json and from_frames make one"
        )


def _numbers(values: list[float]) -> Floats:
    array = np.array(values, np.float64)
    array.flags.writeable = False
    return array
