"""Rules of promotion as data: standards and courses, joined by all_of, any_of and at_least."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from os import PathLike
from typing import Any, NamedTuple, Self

import numpy as np

from adaptlearn.curriculum.curriculum import Curriculum, curriculum_problems
from adaptlearn.curriculum.graph.matrices import row
from adaptlearn.errors import ParameterError
from adaptlearn.labels import LabelIndex, as_label, near_spellings, plain
from adaptlearn.planning.promotion.demands import CONSTRAINTS, Demand, Settings, setting_problems
from adaptlearn.serialization import fingerprint, parse_json, read_limited
from adaptlearn.validation import Interval, some
from adaptlearn.wording import shown

_SUBJECT = "promotion rules"
_BOUNDS = ("value", "lower")
_KINDS = ("latent", "predicted")
_TOP = ("rules", "kind", "bound", *CONSTRAINTS)
_GROUPS = ("all_of", "any_of", "at_least")
_LEAVES = ("standard", "course")
_FORMS = (*_GROUPS, *_LEAVES, "rule")


class Leaf(NamedTuple):
    """One demand, by its place."""

    demand: int


class Group(NamedTuple):
    """At least so many of some parts."""

    least: int
    parts: tuple[Node, ...]


Node = Leaf | Group


class PromotionRules:
    """Rules that say which standards and courses a student must meet, and when one is met.

    Parameters
    ----------
    curriculum : Curriculum
        With standards, or courses.
    content : mapping
        ``rules`` maps names to rules. A rule is the label of a standard; ``{"standard": label}`` or
        ``{"course": label}`` (all standards of its units); ``{"all_of": [rules]}``, ``{"any_of":
        [rules]}`` or ``{"at_least": k, "of": [rules]}``; or ``{"rule": name}``, another rule.

        Beside ``rules``, the mapping may hold settings for all standards. A rule ``standard`` or
        ``course`` may have its own value of each of the first six.

        - ``confidence`` (default .9): a standard needs at least this probability that the required
          share of its skills is known. Instead of a number you can pass what `calibrate_threshold`
          returned for the criterion ``"false_mastery"``.
        - ``share`` (1): the required share of its skills.
        - ``answers``, ``days`` (5 and 2): the least number of answers on its skills, and of days
          with such answers.
        - ``review_after`` (14): a skill is retained if the student was right on the last review at
          least so many days after first mastery. With None, nothing has to be retained.
        - ``recall`` (.8): a skill is also retained if P(recall) is at least this now.
        - ``kind`` (``"latent"``): the kind of mastery that ``confidence`` is for. With
          ``"predicted"``, a skill counts if P(correct) is at least ``confidence``.
        - ``bound`` (``"value"``): with ``"lower"``, the lower ends of the model's intervals count
          in place of its estimates.

    Attributes
    ----------
    names : tuple of str
        The names of the rules.
    demands : tuple of Demand
        The standards of all rules, each with its settings.
    kind : {"latent", "predicted"}
    bound : {"value", "lower"}

    Raises
    ------
    ParameterError
        The error lists every fault, each with its path within the rules: unknown standards,
        courses and rules, `at_least` more than there are parts, cycles of rules, settings out of
        range.

    Examples
    --------
    >>> from adaptlearn import Curriculum
    >>> school = Curriculum.from_dict({
    ...     "skills": ["add", "subtract", "measure"],
    ...     "standards": {"4.A": ["add", "subtract"], "4.M": ["measure"]},
    ... })
    >>> PromotionRules(school, {"rules": {"grade 4": {"all_of": ["4.A", "4.M"]}}})
    PromotionRules('grade 4': 2 standards)
    """

    def __init__(self, curriculum: Curriculum, content: Mapping[str, Any]) -> None:
        given: Any = content
        wrong = [*curriculum_problems(curriculum)]
        if not isinstance(given, Mapping):
            wrong.append(f'they are a {type(given).__name__}; expected {{"rules": {{…}}}}')
        if wrong:
            raise ParameterError(_SUBJECT, wrong)
        reader = _Reader(curriculum, content)
        if reader.problems:
            raise ParameterError(_SUBJECT, reader.problems)
        self.curriculum = curriculum
        self.demands = tuple(reader.demands)
        self.kind: str = content.get("kind", "latent")
        self.bound: str = content.get("bound", "value")
        self._nodes = {name: node for name, node in reader.nodes.items() if node is not None}
        self._content = {**content, "rules": dict(content["rules"])}
        if "confidence" in content:
            self._content["confidence"] = as_confidence(content["confidence"])

    @classmethod
    def from_json(cls, curriculum: Curriculum, source: str | PathLike[str]) -> Self:
        """Read rules from JSON.

        Parameters
        ----------
        curriculum : Curriculum
        source : str or path
            A text that starts with a brace, or the path of a file in UTF-8.

        Raises
        ------
        ParameterError
            The error is raised if the source is not JSON, or if the rules have faults.
        """
        is_text = isinstance(source, str) and source.lstrip().startswith("{")
        data = source if is_text else read_limited(source)
        try:
            content = parse_json(data)  # type: ignore[arg-type]
        except ValueError as error:
            raise ParameterError(_SUBJECT, [f"not JSON: {error}"]) from error
        return cls(curriculum, content)

    @classmethod
    def of_grade(cls, curriculum: Curriculum, grade: int, **settings: Any) -> Self:
        """A rule that asks for all standards of a grade; its name is ``"grade 5"`` for grade 5.

        Parameters
        ----------
        curriculum : Curriculum
        grade : int
            Kindergarten is 0.
        **settings
            As in `content`, for example ``confidence=0.95``.

        Raises
        ------
        ParameterError
            No standard is for this grade, or a setting is out of range.
        """
        if wrong := [*curriculum_problems(curriculum)]:
            raise ParameterError(_SUBJECT, wrong)
        standards = curriculum.standards
        parts = standards.labels[standards.of_grade(grade)].tolist()
        if not parts:
            raise ParameterError(_SUBJECT, [f"no standard of the curriculum is for grade {grade}"])
        return cls(curriculum, {"rules": {f"grade {grade}": {"all_of": parts}}, **settings})

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the rules, in the order given."""
        return tuple(self._nodes)

    def asked(self, name: str | None = None) -> tuple[str, Node, tuple[Demand, ...]]:
        """A rule, and the demands below it; without a name, the last rule.

        Returns
        -------
        name : str
        node : Node
            Its leaves are places in `demands`.
        demands : tuple of Demand

        Raises
        ------
        ParameterError
            There is no such rule.
        """
        if name is None:
            name = self.names[-1]
        if name not in self._nodes:
            raise ParameterError(_SUBJECT, [f"no rule {name!r}{near_spellings(name, self._nodes)}"])
        node = self._nodes[name]
        used = sorted(demands_of(node))
        place = {demand: at for at, demand in enumerate(used)}
        return name, _renumbered(node, place), tuple(self.demands[at] for at in used)

    def to_dict(self) -> dict[str, Any]:
        """The rules as a dict that JSON can store."""
        return self._content

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the rules; equal rules have equal fingerprints."""
        return fingerprint(self._content)

    def __repr__(self) -> str:
        used = {name: len(demands_of(node)) for name, node in self._nodes.items()}
        told = (f"{name!r}: {n} standard{'' if n == 1 else 's'}" for name, n in used.items())
        return f"PromotionRules({', '.join(told)})"


def _renumbered(node: Node, place: Mapping[int, int]) -> Node:
    """A node whose leaves are other places."""
    if isinstance(node, Leaf):
        return Leaf(place[node.demand])
    return Group(node.least, tuple(_renumbered(part, place) for part in node.parts))


def demands_of(node: Node) -> set[int]:
    """The places of all demands below a node."""
    if isinstance(node, Leaf):
        return {node.demand}
    return set().union(*(demands_of(part) for part in node.parts))


def as_confidence(given: Any) -> Any:
    """The number of a calibrated threshold; anything else as it is."""
    common = getattr(given, "common", None)
    return given if common is None else float(common.threshold.value)


class _Reader:
    """Reads the rules of a mapping, and collects what is wrong with them."""

    def __init__(self, curriculum: Curriculum, content: Mapping[str, Any]) -> None:
        self.problems: list[str] = []
        self.demands: list[Demand] = []
        self.nodes: dict[str, Node | None] = {}
        self._curriculum = curriculum
        self._places: dict[Any, int] = {}
        self._open: list[str] = []
        self._told: set[frozenset[str]] = set()
        self._fields(content, _TOP, "")
        for name, allowed in (("kind", _KINDS), ("bound", _BOUNDS)):
            if content.get(name, allowed[0]) not in allowed:
                expected = " or ".join(map(repr, allowed))
                self.problems.append(f"{name} is {content[name]!r}, expected {expected}")
        self._usual = self._settings(content, Settings(), "")
        rules = content.get("rules")
        if not isinstance(rules, Mapping) or not rules:
            self.problems.append("rules is empty; give a mapping of names to rules")
            return
        self._rules = rules
        for name in rules:
            self._named(name)

    def _fields(self, given: Mapping[str, Any], known: Iterable[str], path: str) -> None:
        names = [*known]
        self.problems += [
            f"{path}{name}: no such field{near_spellings(name, names)}"
            for name in given
            if name not in names
        ]

    def _settings(self, given: Mapping[str, Any], usual: Settings, path: str) -> Settings:
        own = {name: as_confidence(given[name]) for name in CONSTRAINTS if name in given}
        wrong = [*setting_problems(own, path)]
        self.problems += wrong
        return usual if wrong else usual._replace(**own)

    def _named(self, name: Any) -> Node | None:
        """The rule of a name, read once; None if something is wrong with it."""
        if name in self.nodes:  # read before; None if it has a fault, which is told
            return self.nodes[name]
        if name in self._open:
            circle = self._open[self._open.index(name) :]
            if frozenset(circle) not in self._told:
                self._told.add(frozenset(circle))
                way = " -> ".join(f"rules[{one!r}]" for one in [*circle, name])
                self.problems.append(
                    f"{way}: these rules refer to each other in a cycle; take out one reference"
                )
            return None
        self._open.append(name)
        node = self._node(self._rules[name], f"rules[{name!r}]")
        self._open.pop()
        self.nodes[name] = node
        return node

    def _node(self, given: Any, path: str) -> Node | None:
        if not isinstance(given, Mapping):
            given = {"standard": given}
        forms = [form for form in _FORMS if form in given]
        if len(forms) != 1:
            found = " and ".join(forms) or f"none of them, in {shown(dict(given))}"
            expected = ", ".join(_FORMS)
            self.problems.append(f"{path}: one of {expected} is expected, there is {found}")
            return None
        form = forms[0]
        if form == "rule":
            self._fields(given, ["rule"], f"{path}.")
            return self._reference(given["rule"], path)
        if form in _LEAVES:
            self._fields(given, [form, *CONSTRAINTS], f"{path}.")
            settings = self._settings(given, self._usual, f"{path}.")
            return getattr(self, f"_{form}")(given[form], settings, path)  # type: ignore[no-any-return]
        self._fields(given, ["at_least", "of"] if form == "at_least" else [form], f"{path}.")
        return self._group(given, form, path)

    def _reference(self, name: Any, path: str) -> Node | None:
        if not isinstance(name, str) or name not in self._rules:
            near = near_spellings(name, self._rules)
            self.problems.append(f"{path}: no rule {name!r}{near}")
            return None
        return self._named(name)

    def _group(self, given: Mapping[str, Any], form: str, path: str) -> Node | None:
        field = "of" if form == "at_least" else form
        parts = given.get(field)
        if not isinstance(parts, (list, tuple)) or not parts:
            self.problems.append(f"{path}.{field} is empty; give a list of rules")
            return None
        read = [self._node(part, f"{path}.{field}[{at}]") for at, part in enumerate(parts)]
        least: Any = {"all_of": len(parts), "any_of": 1}.get(form, given.get("at_least"))
        if not Interval(1, len(parts), integer=True).accepts(least):
            expected = f"expected an integer from 1 to {len(parts)}, the number of its parts"
            self.problems.append(f"{path}: at_least is {least!r}, {expected}")
            return None
        kept = tuple(node for node in read if node is not None)
        return Group(int(least), kept) if len(kept) == len(read) else None

    def _standard(self, label: Any, settings: Settings, path: str) -> Node | None:
        place = self._place(self._curriculum.standards.index, label, "standard", path)
        if place is None:
            return None
        return self._leaf(as_label(label), row(self._curriculum.standards.skills, place), settings)

    def _course(self, label: Any, settings: Settings, path: str) -> Node | None:
        place = self._place(self._curriculum.courses.index, label, "course", path)
        if place is None:
            return None
        outline, parts = self._curriculum.outline, []
        units = np.flatnonzero(outline.unit_course == place).tolist()
        asked = [one for unit in units for one in row(outline.unit_standards, unit)]
        standards = self._curriculum.standards
        for one in dict.fromkeys(asked):
            skills = row(standards.skills, one)
            parts.append(self._leaf(standards.labels[one], skills, settings))
        for unit in units:
            own = row(outline.unit_skills, unit)
            if own:
                parts.append(self._leaf(self._curriculum.units.labels[unit], own, settings))
        if not parts:
            self.problems.append(f"{path}: the course {label!r} has no standards and no skills")
            return None
        return Group(len(parts), tuple(parts))

    def _place(self, index: LabelIndex, label: Any, what: str, path: str) -> int | None:
        place = None if as_label(label) is None else index.place.get(as_label(label))
        if place is None:
            known = some(index.place) if index.place else f"the curriculum has no {what}s"
            near = near_spellings(label, index.place) or f" (there are {known})"
            self.problems.append(f"{path}: no {what} {label!r}{near}")
        return place

    def _leaf(self, label: Any, skills: list[int], settings: Settings) -> Leaf:
        label = plain(label)
        key = (label, settings)
        if key not in self._places:
            self._places[key] = len(self.demands)
            self.demands.append(Demand.of(label, np.array(skills, np.intp), settings))
        return Leaf(self._places[key])
