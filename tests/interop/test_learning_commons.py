"""Standards of the Learning Commons Knowledge Graph: tables and JSON lines say the same."""

from __future__ import annotations

import csv
import json
import random
import re
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from tests.conftest import trials

from adaptlearn.errors import CurriculumError
from adaptlearn.interop import Framework, read_case, read_learning_commons, write_case

WHOLE, GROUP, ONE, TWO, AWAY, PART = (
    f"{one}0000000-0000-4000-8000-000000000000" for one in "123456"
)
STATE = {"jurisdiction": "Utah", "academicSubject": "Mathematics"}


def node(identifier: str, code: str, grades: Iterable[str], **more: str) -> dict[str, Any]:
    own = {"identifier": f"sfi-{code}", "caseIdentifierUUID": identifier, "statementCode": code}
    return own | {
        "description": f"Statement of {code}", "statementType": "Standard",
        "gradeLevel": json.dumps(list(grades)), "dateModified": "2025-06-01", **STATE, **more,
    }  # fmt: skip


NODES = [
    node(GROUP, "3.NF", ["3"], statementType="Domain"),
    node(ONE, "3.NF.1", ["3"]),
    node(TWO, "4.NF.1", ["4"]),
    node(AWAY, "K.CC.1", ["K"], jurisdiction="Ohio"),
]
ENDS = [
    ("hasChild", "StandardsFramework", WHOLE, GROUP),
    ("hasChild", "StandardsFrameworkItem", GROUP, ONE),
    ("hasChild", "StandardsFramework", WHOLE, TWO),
    ("buildsTowards", "StandardsFrameworkItem", ONE, TWO),
    ("relatesTo", "StandardsFrameworkItem", TWO, ONE),
    ("supports", "LearningComponent", PART, ONE),
    ("buildsTowards", "StandardsFrameworkItem", AWAY, ONE),
    ("supports", "LearningComponent", PART, AWAY),
]


def table(path: Path, rows: list[dict[str, Any]]) -> Path:
    with path.open("w", newline="", encoding="utf-8") as out:
        writer = csv.DictWriter(out, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return path


def tables(folder: Path) -> tuple[Path, Path]:
    relations = [
        {"identifier": f"r{row}", "relationshipType": kind, "sourceEntity": entity,
         "sourceEntityKey": "caseIdentifierUUID", "sourceEntityValue": first,
         "targetEntity": "StandardsFrameworkItem", "targetEntityKey": "caseIdentifierUUID",
         "targetEntityValue": then}
        for row, (kind, entity, first, then) in enumerate(ENDS)
    ]  # fmt: skip
    return table(folder / "StandardsFrameworkItem.csv", NODES), table(
        folder / "Relationships.csv", relations
    )


def lines(folder: Path) -> tuple[Path, Path]:
    nodes: list[Mapping[str, Any]] = [
        {"type": "node", "labels": ["StandardsFrameworkItem"], "identifier": one["identifier"],
         "properties": one | {"gradeLevel": json.loads(one["gradeLevel"])}}
        for one in NODES
    ]  # fmt: skip
    nodes = [*nodes, {"type": "node", "labels": ["LearningComponent"], "identifier": PART}]
    relations: list[Mapping[str, Any]] = [
        {"type": "relationship", "identifier": f"r{row}", "label": kind, "properties": {},
         "source_identifier": first, "source_labels": [entity], "target_identifier": then,
         "target_labels": ["StandardsFrameworkItem"]}
        for row, (kind, entity, first, then) in enumerate(ENDS)
    ]  # fmt: skip
    paths = folder / "nodes.jsonl", folder / "relationships.jsonl"
    for path, rows in zip(paths, (nodes, relations), strict=True):
        path.write_text("".join(json.dumps(one) + "\n" for one in rows), "utf-8")
    return paths


def check(found: Framework) -> None:
    assert [one.identifier for one in found.items] == [GROUP, ONE, TWO]
    assert [(one.type, one.external) for one in found.associations] == [
        ("isChildOf", False), ("isChildOf", False), ("isChildOf", False), ("precedes", False),
        ("isRelatedTo", False), ("ext:supports", True), ("precedes", True),
    ]  # fmt: skip
    assert found.document["title"] == "Utah, Mathematics"
    school = found.curriculum
    assert school.skills.tolist() == [ONE, TWO]
    assert school.ancestors(TWO).tolist() == [ONE]
    assert school.standards.skills_of(GROUP).tolist() == [ONE]
    assert school.standards.grades.tolist() == [[3, 3], [3, 3], [4, 4]]
    assert school.courses.labels[0] == GROUP
    assert "1 relationship between others" in "".join(found.report.skipped)


@pytest.mark.parametrize("form", [tables, lines])
def test_the_graph_is_read(form: Callable[[Path], tuple[Path, Path]], tmp_path: Path) -> None:
    found = read_learning_commons(*form(tmp_path), where=STATE)
    check(found)
    assert not [one for one in found.report.warnings if "UUID" not in one]
    write_case(found, tmp_path / "case.json")
    assert read_case(tmp_path / "case.json") == found
    assert len(read_learning_commons(*form(tmp_path), labels="code").items) == 4


def test_tables_and_lines_give_one_framework(tmp_path: Path) -> None:
    assert read_learning_commons(*tables(tmp_path), where=STATE) == read_learning_commons(
        *lines(tmp_path), where=STATE
    )


def test_what_cannot_be_read_is_told(tmp_path: Path) -> None:
    nodes, relations = tables(tmp_path)

    def refused(
        *fragments: str, first: Path = nodes, second: Path = relations, **more: Any
    ) -> None:
        with pytest.raises(CurriculumError) as error:
            read_learning_commons(first, second, **more)
        for fragment in fragments:
            assert fragment in str(error.value)

    refused("holds no standard with {'jurisdiction': 'Iowa'}", where={"jurisdiction": "Iowa"})
    refused("column 'description' is missing", first=relations)
    refused("column 'relationshipType' is missing", second=nodes)
    refused("column 'state' is missing", where={"state": "Utah"})
    refused("cannot be read", second=tmp_path / "none.csv")
    broken = tmp_path / "broken.jsonl"
    broken.write_text("{\n{{\n")
    refused("no line of it", first=broken)
    nodes, relations = lines(tmp_path)
    whole = nodes.read_text("utf-8")
    nodes.write_text(whole + whole[: len(whole) // 9], "utf-8")
    cut = read_learning_commons(nodes, relations, where=STATE)
    check(cut)
    assert re.search(r"1 line is no object of JSON \(first: line 6\)", "".join(cut.report.skipped))
    loop = relations.read_text("utf-8").replace(f'"{AWAY}"', f'"{TWO}"')
    relations.write_text(loop, "utf-8")
    refused(
        "goes in a circle: 3.NF.1 -> 4.NF.1 -> 3.NF.1", first=nodes, second=relations, where=STATE
    )


def test_damaged_lines_give_an_error_or_a_report(tmp_path: Path) -> None:
    draw = random.Random(9)
    paths = lines(tmp_path)
    whole = [[json.loads(line) for line in path.read_text("utf-8").splitlines()] for path in paths]

    def damaged(record: dict[str, Any]) -> str:
        content = json.loads(json.dumps(record))
        for _ in range(draw.randrange(4)):
            within = content.get("properties")
            node = draw.choice([content, within]) if isinstance(within, dict) else content
            if node:
                odd: Any = draw.choice([None, [], {}, 1, "", [None], {"id": []}, "[3", ONE])
                node[draw.choice(list(node))] = json.loads(json.dumps(odd))
        return json.dumps(content)

    for _ in range(trials(300)):
        for path, records in zip(paths, whole, strict=True):
            path.write_text("".join(damaged(one) + "\n" for one in records), "utf-8")
        for repair in (False, True):
            with suppress(CurriculumError):
                read_learning_commons(*paths, repair=repair)
