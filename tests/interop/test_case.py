"""Standards as CASE packages: what is read, what is refused, and what comes back."""

from __future__ import annotations

import csv
import json
import random
import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import date
from importlib import import_module
from pathlib import Path
from typing import Any

import networkx as nx
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.conftest import trials

from adaptlearn import Curriculum, MasteryTracker, Sequencer
from adaptlearn.errors import CurriculumError, ParameterError, UnknownLabelError
from adaptlearn.interop import (
    Framework,
    Result,
    from_oatutor,
    read_case,
    read_results,
    write_case,
    write_oneroster,
)

MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)")  # RFC 3339
ONE, TWO, THREE = (f"{one}0000000-0000-4000-8000-000000000000" for one in "123")


def item(identifier: str, code: str = "", **more: Any) -> dict[str, Any]:
    return {
        "identifier": identifier,
        "fullStatement": f"Statement of {code or identifier}.",
        "humanCodingScheme": code,
        **more,
    }


def link(kind: str, origin: str, destination: str, **more: Any) -> dict[str, Any]:
    ends = {
        "originNodeURI": {"identifier": origin},
        "destinationNodeURI": {"identifier": destination},
    }
    return {"associationType": kind, **ends, **more}


def package(
    items: Sequence[Any] = (), links: Sequence[Any] = (), **document: Any
) -> dict[str, Any]:
    about = {"identifier": THREE, "title": "Numbers", "uri": "https://x.test/uri/d", **document}
    return {"CFDocument": about, "CFItems": list(items), "CFAssociations": list(links)}


def refused(source: Any, *fragments: str, **options: Any) -> None:
    with pytest.raises(CurriculumError) as error:
        read_case(source, **options)
    for fragment in fragments:
        assert fragment in str(error.value)


def told(found: Framework) -> str:
    return "\n".join((*found.report.skipped, *found.report.warnings))


@pytest.fixture
def valid(data: Any) -> Callable[[Path], None]:
    """Whether a file is a package of CASE 1.1, as its schema has it."""
    jsonschema: Any = import_module("jsonschema")  # it has no types
    schema = json.loads(
        data("standards", "case", "case-v1p1-cfpackage.schema.json").read_text("utf-8")
    )
    formats = jsonschema.FormatChecker()
    formats.checks("date-time")(lambda text: MOMENT.fullmatch(text) is not None)
    checker = jsonschema.Draft201909Validator(schema, format_checker=formats)

    def check(path: Path) -> None:
        faults = [one.message for one in checker.iter_errors(json.loads(path.read_text("utf-8")))]
        assert not faults, faults[:3]

    return check


# The samples: items by type, associations inside by type, associations to other frameworks.
SAMPLES: Mapping[str, tuple[Mapping[str, int], Mapping[str, int], Mapping[str, int]]] = {
    "opensalt_sample_framework.json": (
        {"Component": 8, "Standard": 6, "Cluster": 2},
        {"isChildOf": 16, "precedes": 2},
        {"exactMatchOf": 16, "precedes": 1, "exemplar": 2, "isRelatedTo": 2},
    ),
    "coherence_map_math_case.json": (
        {"Standard": 480, "Cluster": 142, "Domain": 63},
        {"isChildOf": 685, "precedes": 757, "isRelatedTo": 142},
        {},
    ),
    "opensalt_sample_case.csv": (
        {"": 10},
        {"isChildOf": 7},
        {"exemplar": 1, "isRelatedTo": 3},
    ),
}


@pytest.mark.parametrize("name", SAMPLES)
def test_a_sample_is_read_and_every_row_accounted_for(data, name, tmp_path):
    items, inside, outside = SAMPLES[name]
    path = data("standards", "case", name)
    found = read_case(path)
    assert Counter(one.type for one in found.items) == items
    assert Counter(one.type for one in found.associations if not one.external) == inside
    assert Counter(one.type for one in found.associations if one.external) == outside
    sizes = {"CFItems": sum(items.values()), "CFAssociations": sum(inside.values())}
    sizes["CFAssociations"] += sum(outside.values())
    assert found.report.n_rows == found.report.n_kept == sizes
    if name.endswith(".json"):
        raw = json.loads(path.read_text("utf-8"))
        assert {key: len(raw[key]) for key in sizes} == sizes
        assert [one.identifier for one in found.items] == [
            one["identifier"] for one in raw["CFItems"]
        ]
    target = tmp_path / "again.json"
    write_case(found, target)
    assert read_case(target) == found
    first = target.read_bytes()
    write_case(read_case(target), target)
    assert target.read_bytes() == first
    write_case(found.curriculum, target)
    assert read_case(target).curriculum == found.curriculum


@pytest.mark.parametrize(
    "name",
    [
        "opensalt_sample_framework.json",
        "opensalt_sample_case.csv",
        pytest.param("coherence_map_math_case.json", marks=pytest.mark.slow),
    ],
)
def test_a_sample_that_is_written_is_valid(data, valid, name, tmp_path):
    found = read_case(data("standards", "case", name))
    for content in (found, found.curriculum):
        write_case(content, tmp_path / "written.json")
        valid(tmp_path / "written.json")


def test_the_coherence_map_is_a_curriculum_that_the_sequencer_runs_on(data):
    found = read_case(data("standards", "case", "coherence_map_math_case.json"), labels="code")
    school = found.curriculum
    with data("standards", "case", "coherence_map_math_edges.csv").open(newline="") as lines:
        edges = {(one["before"], one["after"]) for one in csv.DictReader(lines)}
    assert {(one, other) for one, other in school.to_dict()["prerequisites"]} == edges
    assert nx.is_directed_acyclic_graph(nx.DiGraph(list(edges)))
    assert (len(school.skills), school.prerequisites.nnz) == (480, 757)
    assert int((np.diff(school.prerequisites.indptr) > 0).sum()) == 361
    assert (len(school.standards), len(school.courses), len(school.units)) == (685, 63, 142)
    grades = school.standards.grades[school.standards.index.code("K.CC")]
    assert grades.tolist() == [0, 0]
    assert school.standards.grades[school.standards.index.code("HSG-CO")].tolist() == [9, 12]
    guess = {"probMastery": 0.1, "probTransit": 0.2, "probSlip": 0.1, "probGuess": 0.2}
    tracker = MasteryTracker(from_oatutor(dict.fromkeys(school.skills.tolist(), guess)))
    first = school.skills[~np.diff(school.prerequisites.indptr).astype(bool)].tolist()
    answers = {
        "student": ["ann"] * 40 + ["bob"],
        "skill": [first[0]] * 41,
        "correct": [1] * 40 + [0],
    }
    tracker.update(answers)
    sequencer = Sequencer(school, tracker, random_state=0)
    for decision in sequencer.recommend(["ann", "bob"], n=3):
        known = {first[0]} if decision.student == "ann" else set()
        assert decision.lesson is not None
        assert set(school.ancestors(decision.lesson)) <= known


def test_a_group_that_precedes_comes_before_with_all_below_it(data):
    path = data("standards", "case", "opensalt_sample_framework.json")
    school = read_case(path, labels="code").curriculum
    head = "CCSS.Math.Content"
    parts = {f"{head}.6.RP.A.3{letter}" for letter in "abcd"}
    assert set(school.ancestors(f"{head}.7.RP.A.3")) == parts
    assert school.ancestors(f"{head}.6.RP.A.2").tolist() == [f"{head}.6.RP.A.1"]
    assert set(school.standards.skills_of(f"{head}.6.RP.A.3")) == parts
    assert school.standards.of_grade(7).tolist() == [
        place for place, code in enumerate(school.standards.labels) if ".7." in code
    ]


def test_identifiers_of_standards_go_into_results_of_a_gradebook(data, tmp_path):
    found = read_case(data("standards", "case", "coherence_map_math_case.json"))
    standard = found.item("3.NF.A.1")
    assert standard is found.item(standard.identifier)
    assert standard.identifier in found.curriculum.skills
    assert standard.identifier in found.curriculum.standards.labels
    result = Result("ann", "k", standard.identifier, standard.code, 0.5, date(2026, 9, 1))
    write_oneroster(tmp_path / "results", results=[result])
    assert read_results(tmp_path / "results") == [result]
    with pytest.raises(UnknownLabelError, match=r"3\.NF\.A\.1"):
        found.item("3.NF.A1")


def test_spellings_of_versions_mean_the_same():
    tree = [link("isChildOf", ONE, TWO), link("precedes", ONE, ONE[:-1] + "1")]
    ours = package([item(ONE, educationLevel=["06"]), item(TWO)], tree[:1])
    theirs = {
        "document": {("sourcedId" if key == "identifier" else key): value
                     for key, value in ours["CFDocument"].items()},
        "items": [
            {"sourcedId" if key == "identifier" else "educationalLevel"
             if key == "educationLevel" else key: value for key, value in one.items()}
            for one in ours["CFItems"]
        ],
        "associations": ours["CFAssociations"],
    }  # fmt: skip
    theirs["items"][0]["educationalLevel"] = "06"
    assert read_case(theirs) == read_case(ours)
    assert read_case(ours).items[0].grades == ("06",)


def test_tree_gives_courses_units_and_standards():
    items = [item(one, one.upper()) for one in ("g", "d", "s1", "s2", "s3", "s4")]
    links = [
        link("isChildOf", "g", THREE), link("isChildOf", "d", "g"),
        link("isChildOf", "s1", "d", sequenceNumber=2),
        link("isChildOf", "s2", "d", sequenceNumber=1), link("isChildOf", "s3", "g"),
    ]  # fmt: skip
    found = read_case(package(items, links), labels="code")
    assert found.curriculum.skills.tolist() == ["S1", "S2", "S3", "S4"]
    content = found.curriculum.to_dict()
    assert content["courses"] == [
        {"course": "G", "title": "G Statement of G.", "units": [
            {"unit": "D", "title": "D Statement of D.", "standards": ["D"]},
            {"unit": "G", "title": "G Statement of G.", "standards": ["S3"]},
        ]},
        {"course": THREE, "title": "Numbers", "units": [
            {"unit": THREE, "title": "Numbers", "standards": ["S4"]},
        ]},
    ]  # fmt: skip
    assert found.curriculum.standards.skills_of("G").tolist() == ["S1", "S2", "S3"]


def test_an_end_outside_is_external_and_one_that_claims_to_be_inside_dangles():
    away = {"identifier": TWO, "uri": f"https://x.test/uri/{TWO}", "title": "Other"}
    outside = link("exactMatchOf", ONE, TWO) | {"destinationNodeURI": away}
    found = read_case(package([item(ONE)], [outside, outside | {"associationType": "precedes"}]))
    assert [one.external for one in found.links] == [True, True]
    assert found.links[0].more["destinationNodeURI"] == away
    assert not found.curriculum.prerequisites.nnz
    claims = link("precedes", ONE, TWO) | {"destinationNodeURI": away | {
        "uri": "https://x.test/uri/d/items/9"}}  # fmt: skip
    for lost in (link("precedes", ONE, "nobody"), link("precedes", "nobody", ONE), claims):
        bad = package([item(ONE)], [outside, lost])
        refused(bad, "1 row (row 1)", "does not hold", lost["destinationNodeURI"]["identifier"]
                if lost["destinationNodeURI"]["identifier"] != ONE else "nobody")  # fmt: skip
        mended = read_case(bad, repair=True)
        assert mended.report.n_kept["CFAssociations"] == len(mended.associations) == 1
        assert "does not hold" in told(mended)


def test_cycles_come_with_their_path_and_can_be_mended(tmp_path):
    items = [item(one, one.upper()) for one in "abcdg"]
    links = [link("precedes", one, other) for one, other in ("ab", "bc", "cd", "ca")]
    refused(
        package(items, links),
        "'precedes' goes in a circle: A -> B -> C -> A",
        "1 row (row 3) closes it",
    )
    mended = read_case(package(items, links), labels="code", repair=True)
    assert mended.curriculum.ancestors("C").tolist() == ["A", "B"]
    assert "A -> B -> C -> A" in told(mended)
    assert len(mended.associations) == 3
    write_case(mended, tmp_path / "mended.json")
    assert read_case(tmp_path / "mended.json", labels="code") == mended
    refused(package(items, [link("precedes", "a", "a")]), "A -> A")
    round_and_up = [link("isChildOf", one, other) for one, other in ("ab", "bc", "ca")]
    refused(package(items, round_and_up), "'isChildOf' goes in a circle: A -> B -> C -> A")
    assert len(read_case(package(items, round_and_up), repair=True).associations) == 2
    # A group that precedes a part of itself says nothing of its parts.
    within = [link("isChildOf", "a", "g"), link("precedes", "a", "g")]
    found = read_case(package(items, within))
    assert not found.curriculum.prerequisites.nnz
    assert "groups that share items in 1 row (row 1)" in told(found)


def test_long_cycles_are_told_in_short():
    n = 1_000
    items = [item(f"{one}", f"S{one}") for one in range(n)]
    links = [link("precedes", f"{one}", f"{(one + 1) % n}") for one in range(n)]
    with pytest.raises(CurriculumError) as error:
        read_case(package(items, links))
    assert "1000 items" in str(error.value)
    assert len(str(error.value)) < 1_000
    chain = [link("isChildOf", f"{one + 1}", f"{one}") for one in range(n - 1)]
    assert len(read_case(package(items, chain)).curriculum.skills) == 1


def test_groups_that_come_to_too_much_are_refused():
    items = [item("a"), item("b"), *(item(f"{one}") for one in range(3_000))]
    below = [link("isChildOf", f"{one}", "ab"[one % 2]) for one in range(3_000)]
    refused(package(items, [*below, link("precedes", "a", "b")]), "2,000,000 prerequisites")


def test_rows_of_one_identifier():
    twice = [item(ONE, "A"), item(ONE, "A"), item(TWO, "B")]
    found = read_case(package(twice))
    assert len(found.items) == found.report.n_kept["CFItems"] == 2
    assert "an earlier one is repeated in 1 row (row 1)" in told(found)
    differ = package([item(ONE, "A"), item(ONE, "B")])
    refused(differ, "rows 0 and 1", ONE, "differ")
    assert [one.code for one in read_case(differ, repair=True).items] == ["A"]
    links = [
        link("precedes", ONE, TWO, identifier=THREE),
        link("precedes", TWO, ONE, identifier=THREE),
    ]
    refused(package(twice, links), "CFAssociations: rows 0 and 1")


def test_a_document_that_is_an_item_too():
    items = [item(THREE, "A"), item(ONE, "B"), item(TWO, "C")]
    school = read_case(package(items, [link("isChildOf", ONE, THREE)])).curriculum
    assert school.standards.skills_of(THREE).tolist() == [ONE]
    assert school.courses.skills.sum(axis=1).tolist() == [1, 1]


def test_codes_are_labels_if_each_item_has_its_own():
    refused(package([item(ONE, "A"), item(TWO, "A")]), "several items have code 'A'", labels="code")
    refused(package([item(ONE, "A"), item(TWO)]), "1 item without a code", labels="code")
    with pytest.raises(ParameterError, match="labels"):
        read_case(package([item(ONE)]), labels="title")


def test_what_is_kept_with_a_warning_and_strict():
    odd = item(
        ONE, notes=3, colour="red", subjectURI=[{}], educationLevel=[6], fullStatement=" ",
        lastChangeDateTime="yesterday", CFDocumentURI="https://x.test",
        abbreviatedStatement="Short",
    )  # fmt: skip
    links = [
        link("IsChildOf", TWO, ONE),
        link("leadsTo", ONE, TWO),
        {"associationType": "precedes"},
        7,
    ]
    content = package([odd, item(TWO), {}, None], links) | {"CFRubrics": [{}]}
    found = read_case(content)
    assert [one.type for one in found.associations] == ["isChildOf", "ext:leadsTo"]
    assert (found.items[0].statement, found.items[0].grades) == ("Short", ())
    for fragment in (
        "CFItems: 'notes' is not as CASE has it", "'colour' is not a field of CASE 1.1",
        "'subjectURI' is not as", "'educationLevel' is not as", "'lastChangeDateTime' is not as",
        "no 'fullStatement' in 1 row (row 0)", "no identifier in 2 rows (rows 2, 3)",
        "type 'IsChildOf' is not a type of CASE; it is read as 'isChildOf'", "as 'ext:leadsTo'",
        "no type, or not two ends in 2 rows (rows 2, 3)", "CFRubrics",
    ):  # fmt: skip
        assert fragment in told(found)
    assert "CFDocumentURI" not in told(found)
    refused(content, "strict=False", "'colour'", "'leadsTo'", strict=True)
    assert found.report.n_kept == {"CFItems": 2, "CFAssociations": 2}
    assert "ext:leadsTo" in str(found)
    assert repr(found) == "Framework('Numbers': 2 items, 2 associations)"
    bare = read_case({"CFItems": [item(ONE)]})
    assert "does not say what it is of" in told(bare)
    assert "'2.0'" in told(read_case(package([item(ONE)], caseVersion="2.0")))


def test_what_is_no_package_is_told(tmp_path):
    def refused_text(text: str | bytes, *fragments: str) -> None:
        path = tmp_path / "file.json"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        refused(path, "file.json", *fragments)

    message = {"imsx_codeMajor": "failure", "imsx_description": "no such framework"}
    refused_text(json.dumps(message), "server's message", "no such framework")
    refused_text('{"error": {"code": 401}}', "server's message", "401")
    refused_text('{"CFDocuments": []}', "list of a server's documents")
    refused_text('{"skills": []}', "'CFItems' is missing", "'skills'")
    refused_text("[1]", "list, not a CASE package")
    refused_text("\ufeff\n <!doctype html><p>Sign in", "web page")
    refused_text("", "is empty")
    refused_text('{"CFItems": [{"identifier": ', "not whole JSON")
    refused_text("[" * 100_000, "within each other")
    refused_text('{"CFItems": ' + "[" * 200 + "]" * 200 + "}", "within each other")
    refused_text('{"CFItems": [1e999]}', "beyond what a float holds")
    refused_text("a,b\n1,2\n", "column 'Identifier' is missing")
    refused_text("PK\x03\x04 zip", "zip archive")
    refused_text(b"\xff\xfe{\0", "UTF-16")
    refused_text(b'{"CFItems": "\xff"}', "UTF-8")
    refused_text('{"CFItems": {}, "CFAssociations": 7}', "expected a list, got a dict", "a int")
    refused_text('{"CFItems": []}', "holds no item")
    refused(tmp_path / "none.json", "No such file")
    refused(tmp_path, "cannot be read")
    refused(package([item(ONE, notes={1, 2})]), "values that JSON does not have")
    big = tmp_path / "big.json"
    big.write_text(json.dumps(package([item(ONE)])))
    refused(big, "larger than the 10 bytes", max_bytes=10)
    twice = tmp_path / "twice.json"
    twice.write_text('{"CFItems": [{"identifier": "a", "identifier": "b", "fullStatement": "x"}]}')
    assert "'identifier' stands more than once" in told(read_case(twice))


def test_a_package_of_a_curriculum(valid, tmp_path):
    school = Curriculum.from_dict({
        "skills": [{"skill": "add", "title": "Adding", "threshold": 0.9}, "sub", "mul", "4"],
        "prerequisites": [("add", "sub"), (["add", "sub"], "mul")],
        "lessons": [{"lesson": "L", "skills": ["add", "sub", "mul"], "minutes": 20}],
        "standards": [{"standard": "N.1", "skills": ["add", "sub"], "grade": "K-2"},
                      {"standard": "mul", "skills": ["mul"], "grade": 3}],
        "courses": [{"course": "Two", "units": [{"unit": "N.1", "standards": ["N.1"]},
                                                {"unit": "rest", "skills": ["mul", "4"]}]}],
    })  # fmt: skip
    path = tmp_path / "school.json"
    write_case(school, path, title="School")
    valid(path)
    found = read_case(path)
    assert found.curriculum == school
    assert not found.report.notes
    assert found.document["title"] == "School"
    assert {one.code for one in found.items} == {
        "add", "sub", "mul", "4", "N.1", "Two", "rest",
    }  # fmt: skip
    assert found.item("N.1").grades == ("KG", "01", "02")
    # What CASE itself says, for those who do not know the extension.
    content = json.loads(path.read_text("utf-8"))
    del content["extensions"]
    theirs = read_case(content, labels="code").curriculum
    assert theirs.skills.tolist() == ["add", "sub", "mul", "4"]
    assert theirs.to_dict()["prerequisites"] == [["add", "sub"]]
    assert theirs.standards.skills_of("N.1").tolist() == ["add", "sub"]
    assert theirs.courses.skills_of("Two").tolist() == ["add", "sub", "mul", "4"]
    # Once somebody changes it, what they changed counts.
    content = json.loads(path.read_text("utf-8"))
    content["CFItems"][0]["fullStatement"] = "Sums"
    changed = read_case(content, labels="code")
    assert "have changed" in told(changed)
    assert changed.curriculum.skill_titles[0] == "add Sums"
    content["extensions"]["adaptlearn"] = {"curriculum": {}, "digest": "x"}
    assert "have changed" in told(read_case(content))
    with pytest.raises(ParameterError, match="got a dict"):
        write_case({}, path)  # type: ignore[arg-type]


SLOW = [HealthCheck.too_slow, HealthCheck.function_scoped_fixture]
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
names = st.sampled_from("abcdefgh")


@st.composite
def packages(draw: Any) -> dict[str, Any]:
    """Packages of any kind: trees, cycles, ends outside, missing and odd values."""
    value = st.one_of(texts, st.none(), st.integers(), st.lists(texts, max_size=2))
    odd = st.dictionaries(
        st.sampled_from(["notes", "subject", "language", "extensions", "colour", "licenseURI",
                         "educationLevel", "CFItemType", "lastChangeDateTime", "uri"]),
        value, max_size=2,
    )  # fmt: skip
    items = [item(one, draw(texts), **draw(odd)) for one in draw(st.lists(names, max_size=8))]
    end = st.one_of(
        st.fixed_dictionaries({"identifier": names}),
        st.fixed_dictionaries({"identifier": texts, "uri": texts, "title": texts}),
        st.fixed_dictionaries({"identifier": st.just(THREE), "targetType": texts}),
        st.fixed_dictionaries({"uri": texts, "targetType": st.sampled_from(["ext:", "CASE"])}),
        value,
    )
    kinds = st.sampled_from(["isChildOf", "precedes", "isRelatedTo", "ext:x", "ISPARTOF", ""])
    links = [
        {"associationType": draw(kinds), "originNodeURI": draw(end),
         "destinationNodeURI": draw(end), **draw(odd)}
        for _ in range(draw(st.integers(0, 8)))
    ]  # fmt: skip
    return package(items, links, **draw(odd))


def check_accounts(found: Framework) -> None:
    """Each row is kept, or stands in one note that says why it is not."""
    for file, n in found.report.n_rows.items():
        skipped = [
            row
            for one in found.report.notes
            if (one.file, one.outcome) == (file, "skipped")
            for row in one.rows.tolist()
        ]
        assert n - found.report.n_kept[file] == len(set(skipped)) == len(skipped), file


@pytest.mark.filterwarnings("ignore::adaptlearn.errors.DataWarning")
@settings(max_examples=trials(150), deadline=None, suppress_health_check=SLOW)
@given(packages())
def test_what_is_written_comes_back(valid, tmp_path_factory, content):
    try:
        found = read_case(content, repair=True)
    except CurriculumError:
        return
    path = tmp_path_factory.mktemp("case") / "again.json"
    check_accounts(found)
    write_case(found, path)
    valid(path)
    assert read_case(path) == found
    with suppress(CurriculumError):
        read_case(content, labels="code")
    write_case(found.curriculum, path)
    valid(path)
    assert read_case(path).curriculum == found.curriculum


@st.composite
def curricula(draw: Any) -> Curriculum:
    labels = draw(st.lists(st.one_of(texts.filter(str.strip), st.just(ONE)), min_size=1, max_size=6,
                           unique=True))  # fmt: skip
    some = st.lists(st.sampled_from(labels), min_size=1, max_size=3, unique=True)
    edges = draw(st.lists(st.tuples(st.one_of(some, st.sampled_from(labels)),
                                    st.sampled_from(labels)), max_size=6))  # fmt: skip
    standards = draw(st.dictionaries(st.sampled_from([*labels, "s", TWO]), some, max_size=3))
    units = st.lists(
        st.fixed_dictionaries({
            "unit": st.sampled_from([*labels, "u"]), "skills": some,
            "standards": st.lists(st.sampled_from([*standards] or ["none"]), max_size=2),
        }), max_size=3, unique_by=lambda one: one["unit"],
    )  # fmt: skip
    return Curriculum.repaired({
        "skills": labels,
        "prerequisites": edges,
        "lessons": {"L": draw(some), "M": draw(some)},
        "standards": standards,
        "courses": draw(st.dictionaries(st.sampled_from([*labels, "c"]), units, max_size=2)),
    })  # fmt: skip


@pytest.mark.filterwarnings("ignore::adaptlearn.errors.DataWarning")
@settings(max_examples=trials(150), deadline=None, suppress_health_check=SLOW)
@given(curricula())
def test_a_curriculum_that_is_written_comes_back(tmp_path_factory, school):
    path = tmp_path_factory.mktemp("case") / "school.json"
    write_case(school, path)
    again = read_case(path)
    assert again.curriculum == school
    assert "have changed" not in told(again)
    content = json.loads(path.read_text("utf-8"))
    del content["extensions"]
    read_case(content)


def test_damaged_files_give_an_error_or_a_report(data, tmp_path):
    sample = data("standards", "case", "opensalt_sample_framework.json").read_bytes()
    draw = random.Random(7)
    path = tmp_path / "damaged.json"
    for _ in range(trials(300)):
        raw = bytearray(sample)
        for _ in range(draw.randint(1, 5)):
            place = draw.randrange(len(raw))
            match draw.randrange(4):
                case 0:
                    raw = raw[:place]
                case 1:
                    raw[place] = draw.randrange(256)
                case 2:
                    del raw[place : place + draw.randrange(200)]
                case _:
                    raw[place:place] = raw[: draw.randrange(50)]
            if not raw:
                break
        path.write_bytes(raw)
        for repair in (False, True):
            with suppress(CurriculumError):
                read_case(path, repair=repair)


def test_damaged_content_gives_an_error_or_a_report(data):
    sample = json.loads(
        data("standards", "case", "opensalt_sample_framework.json").read_text("utf-8")
    )
    draw = random.Random(8)
    values: list[Any] = [None, "", 7, -1.5, True, [], {}, [None], "a", {"identifier": []}, "<p>"]

    def damage(node: Any) -> None:
        keys = list(node) if isinstance(node, dict) else range(len(node))
        if not keys:
            return
        key = draw.choice(list(keys))
        if isinstance(node[key], dict | list) and node[key] and draw.random() < 0.8:
            damage(node[key])
        else:
            node[key] = draw.choice(values)

    for _ in range(trials(300)):
        content = json.loads(json.dumps(sample))
        for _ in range(draw.randint(1, 30)):
            damage(content)
        for repair in (False, True):
            with suppress(CurriculumError):
                read_case(content, repair=repair)
