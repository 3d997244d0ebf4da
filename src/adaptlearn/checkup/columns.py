"""Columns that say nothing, say the same twice, say too much, or name one thing in two ways."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from adaptlearn.checkup.facts import Facts, pairs
from adaptlearn.checkup.findings import Finding
from adaptlearn.labels import labels_at
from adaptlearn.numerics import Ints
from adaptlearn.responses import Labelled, ResponseLog
from adaptlearn.wording import counted, named, share, shown

_FEW = 10  # answers of an item
_GAPS = frozenset({"na", "n/a", "nan", "<na>", "#n/a", "none", "null", "nil", "nat", "undefined"})


def constant_columns(facts: Facts) -> Iterator[Finding]:
    """Item and further columns that have one value throughout."""
    log = facts.log
    columns: list[tuple[str, Ints]] = [] if log.item is None else [("item", log.item.codes)]
    columns += [(name, codes) for name, codes, _ in facts.extras]
    found = tuple(name for name, codes in columns if len(log) > 1 and (codes == codes[0]).all())
    if found:
        yield Finding(
            "constant-columns",
            "note",
            f"The same value in all {len(log):,} rows: {named(found, 'column')}.",
            "It tells nothing about a response: its one class gets the skill's parameters.",
            "Leave it out.",
            ", ".join(found),
            len(found),
            found,
        )


def telling_columns(facts: Facts) -> Iterator[Finding]:
    """Further columns that give the answer away."""
    log = facts.log
    right = log.correct[log.answered] == 1
    missed_without = min(int(right.sum()), int((~right).sum()))
    found = {}
    for name, codes, n_values in facts.extras:
        if not 2 <= n_values <= len(right) / 10:
            continue  # constant, or nearly a value per row: that tells every answer it has seen
        total = np.bincount(codes[log.answered], minlength=n_values)
        rights = np.bincount(codes[log.answered], right, n_values)
        missed = int(np.minimum(rights, total - rights).sum())
        if missed_without and missed <= 0.02 * missed_without:
            found[name] = share(len(right) - missed, len(right))
    if found:
        told = ", ".join(f"{part} follow from {name!r}" for name, part in found.items())
        yield Finding(
            "columns-tell-answer",
            "warning",
            f"Of all answers, {told} (without it: "
            f"{share(len(right) - missed_without, len(right))}).",
            "Its value is probably known only after the answer. A model that uses it is told the "
            "answer, so its metrics mean nothing.",
            "Keep it out of every `*_by` option and feature.",
            ", ".join(found),
            len(found),
            tuple(found),
        )


def items_and_skills(facts: Facts) -> Iterator[Finding]:
    """Items that are the skills under other names, and items that change their skills."""
    log = facts.log
    if log.item is None:
        return
    n_items = len(log.item.labels)
    item, skills = pairs(log.item.codes, n_items, facts.skill_sets, int(facts.skill_sets.max()) + 1)
    per_item = np.bincount(item, minlength=n_items)
    per_skills = np.bincount(skills)
    present = int(np.count_nonzero(per_item))
    if per_item.max() == 1 and per_skills.max() == 1 and present > 1:
        yield Finding(
            "item-is-skill",
            "note",
            f"Each of the {present:,} items has a skill of its own: the two columns say the same.",
            "Items add nothing to skills: parameters per item (`guess_by='item'`, difficulties) "
            "repeat those per skill, and practice on one item does not help with another.",
            "Read the log with `item=False`, or with skills that several items share.",
            "item",
            present,
        )
    changing = per_item > 1
    if not changing.any() or facts.expanded is not None:
        return  # rows of one response with a skill each are another matter
    found = labels_at(log.item.labels, changing)
    rows = np.flatnonzero(changing[log.item.codes])
    one = int(np.argmax(per_item))
    several = ", ".join(map(shown, _skills_of(log, np.flatnonzero(log.item.codes == one))[:4]))
    example = f"for example {shown(labels_at(log.item.labels, np.array([one]))[0])} with {several}"
    yield Finding(
        "item-changes-skill",
        "warning",
        f"With different skills in different rows: {named(found, 'item')} of {present:,}, "
        f"{share(len(rows), len(log))} of the responses; {example}.",
        "The same question counts for one skill in one row and for another in the next. So the "
        "evidence is split, and the item's difficulty is mixed with the skills'.",
        "If items were re-labelled, give the current ones: `ResponseLog.from_frame(…, "
        "q_matrix=…)`. If `item` names a page or a problem of several steps, name the step.",
        "item",
        len(found),
        found,
        rows,
    )


def _skills_of(log: ResponseLog, rows: Ints) -> list[Any]:
    part = log[rows].skill
    return list(part.labels[np.unique(part.codes)].tolist())


def rare_items(facts: Facts) -> Iterator[Finding]:
    """Items with too few answers to have parameters of their own."""
    log = facts.log
    if log.item is None:
        return
    answers = np.bincount(log.item.codes[log.answered], minlength=len(log.item.labels))
    used = answers > 0
    rare = used & (answers < _FEW)
    if rare.sum() <= 0.1 * used.sum():
        return
    found = labels_at(log.item.labels, rare)
    yield Finding(
        "items-with-few-answers",
        "note",
        f"{len(found):,} of {int(used.sum()):,} items ({share(len(found), int(used.sum()))}) have "
        f"fewer than ten answers; they hold {share(int(answers[rare].sum()), int(answers.sum()))} "
        "of all answers.",
        "Their own difficulty, guess or slip would depend on a few answers.",
        "BKT's `borrow` pulls such items toward their skill. Or group items into kinds, and use "
        "the kind as the class.",
        "item",
        len(found),
        found,
    )


def names_alike(facts: Facts) -> Iterator[Finding]:
    """Labels that differ only by case or by space."""
    for role, labels in _present_labels(facts):
        if labels.dtype.kind != "O":
            continue
        plain = [" ".join(label.casefold().split()) for label in labels.tolist()]
        if len(set(plain)) == len(plain):
            continue
        spellings: dict[str, list[str]] = {}
        for spelling, label in zip(plain, labels.tolist(), strict=True):
            spellings.setdefault(spelling, []).append(label)
        alike = [group for group in spellings.values() if len(group) > 1]
        found = tuple(label for group in alike for label in group)
        told = "; ".join(" and ".join(map(shown, group)) for group in alike[:3])
        yield Finding(
            f"{role}s-alike",
            "warning",
            f"{counted(len(found), role)} differ only by case or space, in "
            f"{counted(len(alike), 'group')}: {told}{'; …' if len(alike) > 3 else ''}.",
            f"Each spelling counts as a {role} of its own. So one history is split, and each part "
            "starts from nothing.",
            f"Spell them alike before reading: `frame['{role}'].str.strip().str.lower()`.",
            role,
            len(found),
            found,
        )


def names_of_gaps(facts: Facts) -> Iterator[Finding]:
    """Labels that probably stand for a missing value."""
    for role, labels in _present_labels(facts):
        if labels.dtype.kind == "O":
            gaps = [label for label in labels.tolist() if label.strip().casefold() in _GAPS]
        else:
            gaps = [-1] if labels[0] == -1 else []
        if not gaps:
            continue
        column: Labelled = getattr(facts.log, role)
        uses = np.isin(column.codes, facts.log.codes_of(role, gaps))
        yield Finding(
            f"{role}-names-a-gap",
            "warning",
            f"Column {role!r} has {', '.join(map(shown, gaps))} as a name, in "
            f"{counted(int(uses.sum()), 'place')} ({share(int(uses.sum()), len(uses))}). These are "
            "probably gaps that were turned into text or numbers.",
            f"All of them count as one {role}, although they have nothing in common.",
            "Leave these rows out, or fill the gaps before reading.",
            role,
            len(gaps),
            tuple(gaps),
        )


def _present_labels(facts: Facts) -> Iterator[tuple[str, NDArray[Any]]]:
    """Labels that occur, by role: a part of a log has those of the whole."""
    for role in ("student", "skill", "item"):
        column: Labelled | None = getattr(facts.log, role)
        if column is not None:
            used = np.bincount(column.codes, minlength=len(column.labels)) > 0
            yield role, column.labels[used]
