"""Rosters as OneRoster exports: what is read, what is refused, and what comes back."""

from __future__ import annotations

import csv
import io
import itertools
import random
import zipfile
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.conftest import trials

from adaptlearn.errors import RosterError, UnknownLabelError
from adaptlearn.interop import (
    Result,
    Roster,
    read_oneroster,
    read_results,
    write_oneroster,
)

HEADERS: Mapping[str, Sequence[str]] = {
    "orgs.csv": ("sourcedId", "name", "type", "parentSourcedId"),
    "academicSessions.csv": (
        "sourcedId", "title", "type", "startDate", "endDate", "schoolYear", "parentSourcedId",
    ),
    "courses.csv": ("sourcedId", "title", "orgSourcedId"),
    "classes.csv": (
        "sourcedId", "title", "courseSourcedId", "classType", "schoolSourcedId",
        "termSourcedIds",
    ),
    "users.csv": ("sourcedId", "status", "dateLastModified", "enabledUser", "username",
                  "givenName", "familyName"),
    "roles.csv": ("userSourcedId", "roleType", "role", "orgSourcedId"),
    "enrollments.csv": ("sourcedId", "classSourcedId", "schoolSourcedId", "userSourcedId", "role"),
}  # fmt: skip
ROWS: Mapping[str, Sequence[Sequence[str]]] = {
    "orgs.csv": [("d", "District", "district", ""), ("s", "School", "school", "d")],
    "academicSessions.csv": [("t", "Fall", "term", "2026-08-15", "2026-12-20", "2027", "")],
    "courses.csv": [("m", "Mathematics", "d")],
    "classes.csv": [("k", "Math 5", "m", "scheduled", "s", "t")],
    "users.csv": [
        (user, "", "2026-08-01", "true", f"{user}.name", user.title(), "X")
        for user in ("ann", "bob", "lee")
    ],
    "roles.csv": [
        ("ann", "primary", "student", "s"),
        ("bob", "primary", "student", "s"),
        ("lee", "primary", "teacher", "s"),
    ],
    "enrollments.csv": [
        ("e1", "k", "s", "ann", "student"),
        ("e2", "k", "s", "bob", "student"),
        ("e3", "k", "s", "lee", "teacher"),
    ],
}


def text_of(rows: Sequence[Sequence[str]]) -> str:
    out = io.StringIO(newline="")
    csv.writer(out).writerows(rows)
    return out.getvalue()


def export(folder: Path, changes: Mapping[str, Any] = {}, **manifest: str) -> Path:
    """The small roster, with some files changed: rows, a whole text, or None for no file."""
    folder.mkdir()
    properties = {"oneroster.version": "1.2"} | manifest
    files: dict[str, Any] = {
        "manifest.csv": text_of([("propertyName", "value"), *properties.items()])
    }
    files |= {file: text_of([HEADERS[file], *rows]) for file, rows in ROWS.items()}
    for file, content in changes.items():
        if isinstance(content, list | tuple):
            files[file] = text_of([HEADERS[file], *content])
        else:
            files[file] = content
    for file, content in files.items():
        if content is not None:
            raw = content if isinstance(content, bytes) else content.encode()
            (folder / file).write_bytes(raw)
    return folder


def more(file: str, *rows: Sequence[str]) -> dict[str, Any]:
    return {file: [*ROWS[file], *rows]}


def ids(table: Any) -> list[str]:
    return sorted(table["sourcedId"].tolist())


def refused(path: Path, *fragments: str, **options: Any) -> None:
    with pytest.raises(RosterError) as error:
        read_oneroster(path, **options)
    for fragment in fragments:
        assert fragment in str(error.value)


def warned(roster: Roster, *fragments: str) -> None:
    for fragment in fragments:
        assert any(fragment in one for one in roster.report.warnings), (
            fragment,
            roster.report.warnings,
        )


# The samples: name, version, rows of each file, and rows of each table that is made of them.
SAMPLES = {
    "synthetic_v1p1": ("1.1", 115, (2, 2, 2, 4, 48, 4, 52)),
    "synthetic_v1p2": ("1.2", 167, (2, 2, 2, 4, 48, 4, 52)),
    "catalyst_v1p1_full": ("1.1", 20, (0, 3, 0, 1, 4, 2, 3)),
    "catalyst_v1p1_minimal": ("1.1", 20, (0, 5, 0, 2, 4, 2, 6)),
    "catalyst_v1p2_full": ("1.2", 27, (0, 3, 0, 1, 4, 2, 3)),
    "catalyst_v1p2_test": ("1.2", 7, (1, 1, 1, 1, 1, 0, 1)),
    "oat_v1p1": ("1.1", 10, (2, 0, 0, 3, 2, 0, 3)),
}
TABLES = ("schools", "terms", "courses", "classes", "students", "teachers", "enrollments")


@pytest.mark.parametrize("name", SAMPLES)
def test_a_sample_is_read_and_every_row_accounted_for(data, name, tmp_path):
    version, n_rows, sizes = SAMPLES[name]
    folder = data("standards", "oneroster", name)
    roster = read_oneroster(folder)
    assert roster.version == version
    assert tuple(len(getattr(roster, table)) for table in TABLES) == sizes
    report = roster.report
    assert sum(report.n_rows.values()) == n_rows
    for file, n in report.n_rows.items():
        with (folder / file).open(newline="") as lines:
            assert n == sum(1 for row in csv.reader(lines) if row) - 1, file
        left_out = [
            row
            for one in report.notes
            if one.file == file and (one.outcome == "skipped" or "left out" in one.text)
            for row in one.rows.tolist()
        ]
        assert n - report.n_kept[file] == len(set(left_out)) == len(left_out), file
    for target in (tmp_path / "folder", tmp_path / "packed.zip"):
        for more_too in (False, True):
            first = read_oneroster(folder, personal=more_too, extensions=more_too)
            where = target.with_stem(f"{target.stem}{more_too}")
            write_oneroster(where, first)
            assert read_oneroster(where, personal=more_too, extensions=more_too) == first


def test_the_faults_of_a_sample_are_told(data):
    roster = read_oneroster(data("standards", "oneroster", "catalyst_v1p2_full"))
    warned(
        roster,
        "'dataLastModified' is read as 'dateLastModified'",
        "'1/05/2023', '15/06/2023' in 5 rows",
        "'Scheduled' in 1 row",
        "courses.csv is absent",
    )
    assert any("'tobedeleted' in 1 row (row 1)" in one for one in roster.report.skipped)
    with pytest.raises(RosterError, match="'dataLastModified' is read"):
        read_oneroster(data("standards", "oneroster", "catalyst_v1p2_full"), strict=True)


def test_the_small_roster_is_read(tmp_path):
    roster = read_oneroster(export(tmp_path / "x"), strict=True)
    assert ids(roster.students) == ["ann", "bob"]
    assert ids(roster.teachers) == ["lee"]
    assert roster.students_of("k") == ["ann", "bob"]
    assert repr(roster) == ("Roster(1 schools, 1 classes, 2 students, 1 teachers, 3 enrollments)")
    with pytest.raises(UnknownLabelError, match="did you mean 'k'"):
        roster.students_of("K")
    frame = roster.classes.to_frame("polars")
    assert frame["title"].to_list() == ["Math 5"]


def test_personal_columns_are_kept_only_if_asked_for(tmp_path):
    path = export(tmp_path / "x")
    personal = {"username", "givenName", "familyName", "email", "phone", "password"}
    assert not personal & set(read_oneroster(path).users.columns())
    kept = read_oneroster(path, personal=True).users
    assert kept["givenName"].tolist() == ["Ann", "Bob", "Lee"]


def test_columns_are_found_in_any_order_and_extensions_if_asked_for(tmp_path):
    header = [*HEADERS["orgs.csv"], "metadata.region", "ext_x"]
    rows = [header, *([*row, "north", "1"] for row in ROWS["orgs.csv"])]
    turned = text_of([row[::-1] for row in rows])
    path = export(tmp_path / "x", {"orgs.csv": "\ufeff" + turned})
    assert "ext_x" not in read_oneroster(path, strict=True).orgs.columns()
    orgs = read_oneroster(path, extensions=True).orgs
    assert orgs["metadata.region"].tolist() == ["north", "north"]
    assert orgs["parentSourcedId"].tolist() == ["", "d"]


def test_quoted_newlines_and_blank_lines_and_lists(tmp_path):
    users = text_of([HEADERS["users.csv"], *ROWS["users.csv"]]).replace("Ann,", '"An\nn",')
    classes = [("k", "Math 5", "m", "SCHEDULED", "s", " t , t")]
    changes = {"users.csv": users + "\r\n\r\n", "classes.csv": classes}
    roster = read_oneroster(export(tmp_path / "x", changes), personal=True)
    assert roster.users["givenName"].tolist()[0] == "An\nn"
    assert roster.classes["termSourcedIds"].tolist() == ["t,t"]
    warned(roster, "'SCHEDULED' in 1 row (row 0), read as the standard spells them")


def test_rows_that_are_short_or_long(tmp_path):
    text = text_of([HEADERS["enrollments.csv"], *ROWS["enrollments.csv"]])
    text += "e4,k,s,ann\r\ne5,k,s,bob,student,oops\r\ne6,k,s,bob,student,,\r\n"
    roster = read_oneroster(export(tmp_path / "x", {"enrollments.csv": text}))
    assert ids(roster.enrollments) == ["e1", "e2", "e3", "e4", "e6"]
    warned(roster, "fewer cells than the header in 1 row (row 3)")
    assert "more cells than the header's 5 in 1 row (row 4)" in "".join(roster.report.skipped)


def test_who_is_deleted_or_not_enabled_is_left_out_and_counted(tmp_path):
    users = [
        ("ann", "tobedeleted", "2026-08-01", "true", "a", "A", "X"),
        ("bob", "", "2026-08-01", "FALSE", "b", "B", "X"),
        ROWS["users.csv"][2],
    ]
    roster = read_oneroster(export(tmp_path / "x", {"users.csv": users}), strict=True)
    assert ids(roster.users) == ["lee"]
    assert ids(roster.enrollments) == ["e3"]
    assert roster.report.n_kept["users.csv"] == 1
    told = "".join(roster.report.skipped)
    assert "status is 'tobedeleted' in 1 row (row 0)" in told
    assert "enabledUser is 'false' in 1 row (row 1)" in told
    assert "left out of users.csv in 2 rows (rows 0, 1): 'ann', 'bob'" in told


def test_references_that_lead_nowhere(tmp_path):
    changes = more("enrollments.csv", ("e4", "k", "s", "eve", "student")) | more(
        "classes.csv", ("k2", "Math 6", "m6", "scheduled", "s2", "t,t2")
    )
    changes["enrollments.csv"].append(("e5", "k3", "s", "ann", "student"))
    roster = read_oneroster(export(tmp_path / "x", changes))
    warned(
        roster,
        "'userSourcedId': unknown to users.csv in 1 row (row 3): 'eve'",
        "'classSourcedId': unknown to classes.csv in 1 row (row 4): 'k3'",
        "'courseSourcedId': unknown to courses.csv in 1 row (row 1): 'm6'",
        "'schoolSourcedId': unknown to orgs.csv in 1 row (row 1): 's2'",
        "'termSourcedIds': unknown to academicSessions.csv in 1 row (row 1): 't2'",
    )
    assert ids(roster.classes) == ["k", "k2"]
    assert ids(roster.enrollments) == ["e1", "e2", "e3"]
    refused(tmp_path / "x", "'eve'", "'k3'", "'m6'", "'s2'", "'t2'", strict=True)


def test_rows_of_one_id(tmp_path):
    same = read_oneroster(export(tmp_path / "same", more("courses.csv", ROWS["courses.csv"][0])))
    assert len(same.courses) == 1
    assert "1 row (row 1) repeat an earlier row" in "".join(same.report.skipped)
    other = more("courses.csv", ("m", "Maths", "d")) | more(
        "orgs.csv", ("s", "Other", "school", "")
    )
    refused(
        export(tmp_path / "other", other),
        "courses.csv: rows with sourcedId 'm' differ: 2 rows (rows 0, 1)",
        "orgs.csv: rows with sourcedId 's' differ: 2 rows (rows 1, 2)",
    )


def test_an_organisation_above_itself(tmp_path):
    orgs = [("d", "District", "district", "s"), ("s", "School", "school", "d"),
            ("x", "Own", "school", "x")]  # fmt: skip
    refused(
        export(tmp_path / "x", {"orgs.csv": orgs}),
        "orgs.csv: 2 rows (rows 0, 1): 'd' is below 's' is below 'd'",
        "orgs.csv: 1 row (row 2): 'x' is below 'x'",
    )


@pytest.mark.parametrize(
    ("changes", "manifest", "fragments"),
    [
        ({}, {"oneroster.version": "1.0"}, ["oneroster.version is '1.0'; versions 1.1 and 1.2"]),
        ({"users.csv": None}, {}, ["users.csv is missing"]),
        (
            {"courses.csv": None, "orgs.csv": None},
            {"file.courses": "bulk"},
            ["courses.csv is missing; the manifest says 'bulk'"],
        ),
        ({}, {"file.users": "some"}, ["file.users is 'some'; expected 'bulk', 'delta', 'absent'"]),
        ({"users.csv": "<!DOCTYPE html><html>"}, {}, ["users.csv: is a web page"]),
        ({"orgs.csv": '{"imsx_codeMajor": "failure"}'}, {}, ["orgs.csv: is JSON"]),
        ({"orgs.csv": b"\xff\xfea\0,\0"}, {}, ["orgs.csv: is text in UTF-16"]),
        ({"orgs.csv": b"sourcedId,name,type\n\xe9,1,2\n"}, {}, ["not text in UTF-8 (byte 0xe9"]),
        ({"orgs.csv": 'sourcedId,name,type\n"a,b,c\n'}, {}, ["orgs.csv: line 2: "]),
        (
            {"orgs.csv": "sourcedId,title,type\na,b,school\n", "users.csv": "sourcedId\nann\n"},
            {},
            [
                "orgs.csv: column 'name' is missing",
                "users.csv: column 'enabledUser' is missing",
                "users.csv: column 'username' is missing",
            ],
        ),
        ({"orgs.csv": "sourcedId,name,name,type\n"}, {}, ["column 'name' stands more than once"]),
    ],
)  # fmt: skip
def test_what_is_no_roster_is_refused(tmp_path, changes, manifest, fragments):
    refused(export(tmp_path / "x", changes, **manifest), *fragments)


def test_without_a_manifest_the_columns_tell_the_version(tmp_path):
    roster = read_oneroster(export(tmp_path / "two", {"manifest.csv": None}))
    assert roster.version == "1.2"
    warned(roster, "by its columns, this is OneRoster 1.2")
    header = (*HEADERS["users.csv"], "role", "orgSourcedIds")
    users = [
        (*row, role, "s,d") for row, role in zip(ROWS["users.csv"], ["student"] * 3, strict=True)
    ]
    changes = {"manifest.csv": None, "roles.csv": None, "users.csv": text_of([header, *users])}
    older = read_oneroster(export(tmp_path / "one", changes))
    assert older.version == "1.1"
    assert older.roles["orgSourcedId"].tolist() == ["s", "d"] * 3
    assert older.roles["roleType"].tolist() == ["primary", "secondary"] * 3


def test_a_file_that_the_manifest_calls_absent_is_not_read(tmp_path):
    roster = read_oneroster(export(tmp_path / "x", {}, **{"file.courses": "absent"}))
    assert len(roster.courses) == 0
    warned(roster, "courses.csv: the manifest says that it is absent; not read")


def delta(folder: Path, *users: Sequence[str], mode: str = "delta") -> Path:
    folder.mkdir()
    properties = [("propertyName", "value"), ("oneroster.version", "1.2"), ("file.users", mode)]
    (folder / "manifest.csv").write_text(text_of(properties))
    (folder / "users.csv").write_text(text_of([HEADERS["users.csv"], *users]))
    return folder


def test_changes_apply_in_any_order(tmp_path):
    base = export(tmp_path / "base")
    changes = [
        delta(tmp_path / "1", ("ann", "", "2026-09-01", "true", "a", "Anna", "X")),
        delta(tmp_path / "2", ("ann", "tobedeleted", "2026-09-03", "true", "a", "Anna", "X"),
              ("bob", "", "2026-09-03T10:00:00Z", "true", "b", "Rob", "X")),
        delta(tmp_path / "3", ("ann", "", "2026-09-02", "true", "a", "Anne", "X"),
              ("bob", "", "2026-09-03", "true", "b", "Bert", "X")),
    ]  # fmt: skip
    found = [
        read_oneroster(base, deltas=order, personal=True)
        for order in itertools.permutations(changes)
    ]
    assert all(one == found[0] for one in found)
    assert sorted(found[0].users["givenName"].tolist()) == ["Lee", "Rob"]


def test_changes_that_nobody_can_order_are_refused(tmp_path):
    base = export(tmp_path / "base")
    undated = delta(tmp_path / "1", ("ann", "", "1/05/2026", "true", "a", "Anna", "X"))
    refused(base, "users.csv: 1 row (row 0)", "have no dateLastModified", deltas=[undated])
    one = delta(tmp_path / "2", ("bob", "", "2026-09-01", "true", "b", "Rob", "X"))
    two = delta(tmp_path / "3", ("bob", "", "2026-09-01", "true", "b", "Bert", "X"))
    refused(base, "rows with one date and sourcedId 'bob' differ", deltas=[one, two], personal=True)
    assert len(read_oneroster(base, deltas=[one, two]).users) == 3  # what is kept is the same


def packed(path: Path, files: Mapping[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return path


def test_archives(tmp_path):
    folder = export(tmp_path / "x")
    files = {file.name: file.read_bytes() for file in folder.iterdir()}
    plain = read_oneroster(folder)
    inside = {f"export/{name}": content for name, content in files.items()}
    assert read_oneroster(packed(tmp_path / "a.zip", inside)) == plain
    refused(packed(tmp_path / "b.zip", {**files, "../x.csv": b""}), "'../x.csv' is a path out of")
    refused(packed(tmp_path / "c.zip", {**files, "/x.csv": b""}), "is a path out of the archive")
    refused(packed(tmp_path / "d.zip", {**files, "o/orgs.csv": b""}), "have one name")
    bomb = packed(tmp_path / "e.zip", {**files, "orgs.csv": b"a" * 10_000_000})
    assert bomb.stat().st_size < 50_000
    refused(bomb, "bytes unpacked, the limit is 1,000,000", max_bytes=1_000_000)
    refused(tmp_path / "nothing", "there is no such folder")
    (tmp_path / "f.zip").write_bytes(b"PK\x03\x04 and no more")
    refused(tmp_path / "f.zip", "is neither a folder nor a zip archive")
    cut = (tmp_path / "a.zip").read_bytes()
    (tmp_path / "g.zip").write_bytes(cut[:300] + b"\0" * 60 + cut[360:])
    refused(tmp_path / "g.zip", "cannot be unpacked")


def test_an_archive_that_lies_about_its_size_is_no_way_round_the_limit(tmp_path):
    files = {file.name: file.read_bytes() for file in export(tmp_path / "x").iterdir()}
    content = b"sourcedId,name,type\n" + b"a,b,school\n" * 100_000
    path = packed(tmp_path / "a.zip", {**files, "orgs.csv": content})
    raw = path.read_bytes()
    true, told = (n.to_bytes(4, "little") for n in (len(content), 100))
    assert raw.count(true) == 2
    path.write_bytes(raw.replace(true, told))
    refused(path, "orgs.csv", max_bytes=100_000)


LABELS = (
    st.text(
        st.characters(blacklist_categories=["Cs"], blacklist_characters="\0,\r\n"),
        min_size=1,
        max_size=8,
    )
    .map(str.strip)
    .filter(bool)
)
CELLS = st.text(st.characters(blacklist_categories=["Cs"], blacklist_characters="\0\r"), max_size=8)


@given(data=st.data())
@settings(
    max_examples=trials(1000),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_what_is_written_comes_back(tmp_path_factory, data):
    draw = data.draw
    folder = tmp_path_factory.mktemp("roster")
    users = draw(st.lists(LABELS, min_size=1, max_size=5, unique=True))
    classes = draw(st.lists(LABELS, min_size=1, max_size=3, unique=True))
    changes = {
        "users.csv": [(user, "", "", "true", *(draw(CELLS) for _ in range(3))) for user in users],
        "roles.csv": [(user, "primary", "student", "s") for user in users],
        "classes.csv": [(one, draw(CELLS), "m", "scheduled", "s", "t") for one in classes],
        "enrollments.csv": [
            (f"e{number}", draw(st.sampled_from(classes)), "s", user, "student")
            for number, user in enumerate(users)
        ],
    }
    first = read_oneroster(export(folder / "x", changes), personal=True)
    assert sorted(first.users["sourcedId"].tolist()) == sorted(users)
    target = folder / draw(st.sampled_from(["y", "y.zip"]))
    results = [
        Result(row[3], row[1], draw(LABELS), draw(CELLS), draw(st.floats(0, 1)), date(2026, 5, 1))
        for row in changes["enrollments.csv"]
    ]
    titles: dict[tuple[str, str], str] = {}  # a standard has one title in a class
    results = [
        one._replace(title=titles.setdefault((one.class_, one.standard), one.title))
        for one in results
    ]
    write_oneroster(target, first, results)
    assert read_oneroster(target, personal=True) == first
    assert read_results(target) == results


def test_a_formula_stays_text_and_is_quoted_on_the_way_out(tmp_path):
    formula = '=HYPERLINK("evil")'
    changes = {"courses.csv": [("m", formula, "d")], "orgs.csv": [*ROWS["orgs.csv"],
               ("-7", "'=x", "school", ""), ("@a", "+49", "school", "")]}  # fmt: skip
    roster = read_oneroster(export(tmp_path / "x", changes))
    assert roster.courses["title"].tolist() == [formula]
    write_oneroster(tmp_path / "y", roster)
    with (tmp_path / "y" / "courses.csv").open(newline="") as lines:
        assert "'" + formula in next(itertools.islice(csv.reader(lines), 1, None))
    text = (tmp_path / "y" / "orgs.csv").read_text()
    for cell in ("-7,", "'@a,", ",+49,", ",'=x,"):
        assert cell in text
    assert read_oneroster(tmp_path / "y") == roster


@pytest.mark.parametrize("method", [8, 12, 14])
def test_an_archive_with_a_damaged_list_of_files_is_told(tmp_path, method):
    files = {one.name: one.read_bytes() for one in export(tmp_path / "x").iterdir()}
    raw = bytearray(packed(tmp_path / "x.zip", files).read_bytes())
    end, first = raw.rindex(b"PK\x05\x06"), raw.index(b"PK\x01\x02")
    if method == 8:  # the list is said to begin later: files begin before the archive does
        raw[end + 18] += 1
    else:  # each file is said to be packed in another way
        while first >= 0:
            raw[first + 10] = method
            first = raw.find(b"PK\x01\x02", first + 1)
    (tmp_path / "x.zip").write_bytes(raw)
    with pytest.raises(RosterError, match=r"cannot be unpacked"):
        read_oneroster(tmp_path / "x.zip")


@given(data=st.data())
@settings(
    max_examples=trials(1000),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_whatever_the_files_hold_there_is_a_report_or_a_clear_error(tmp_path_factory, data):
    folder = export(tmp_path_factory.mktemp("damage") / "x")
    names = sorted(file.name for file in folder.iterdir())
    rng = random.Random(data.draw(st.integers(0, 2**32)))
    file = folder / rng.choice(names)
    content = bytearray(file.read_bytes())
    what = data.draw(st.sampled_from(["bytes", "cut", "flip", "swap", "zip", "lines"]))
    if what == "bytes":
        content = bytearray(data.draw(st.binary(max_size=200)))
    elif what == "cut":
        del content[rng.randrange(len(content)) :]
    elif what == "flip":
        for _ in range(3):
            content[rng.randrange(len(content))] = rng.randrange(256)
    elif what == "swap":
        content = bytearray((folder / rng.choice(names)).read_bytes())
    elif what == "lines":
        lines = content.splitlines(keepends=True)
        rng.shuffle(lines)
        content = bytearray(b"".join(lines))
    file.write_bytes(content)
    path: Path = folder
    if what == "zip":
        files = {one.name: one.read_bytes() for one in folder.iterdir()}
        path = packed(folder.with_suffix(".zip"), files)
        raw = bytearray(path.read_bytes())
        for _ in range(3):
            raw[rng.randrange(len(raw))] = rng.randrange(256)
        path.write_bytes(raw)
    with suppress(RosterError):  # and no other exception
        assert sum(read_oneroster(path).report.n_rows.values()) >= 0


def test_bad_results_are_refused_together(tmp_path):
    roster = read_oneroster(export(tmp_path / "x"))
    day = date(2026, 5, 1)
    bad = [
        Result("ann", "k", "5.NF.1", "Fractions", 1.5, day),
        Result("eve", "k", "5.NF.1", "Fractions", 0.5, day),
        Result("bob", "k9", "5.NF.1", "Fractions", 0.5, day),
        Result("bob", "k9", "5.NF.1", "Fractions", 0.7, day),
    ]
    with pytest.raises(RosterError) as error:
        write_oneroster(tmp_path / "y", roster, bad)
    for fragment in (
        "mastery must be from 0 to 1: 1.5",
        "'eve'",
        "'k9'",
        "two results have the same",
    ):
        assert fragment in str(error.value)
    assert not (tmp_path / "y").exists()


def test_nothing_is_overwritten(tmp_path):
    roster = read_oneroster(export(tmp_path / "x"))
    before = {file: file.read_bytes() for file in (tmp_path / "x").iterdir()}
    with pytest.raises(RosterError, match="the folder is not empty"):
        write_oneroster(tmp_path / "x", roster)
    (tmp_path / "y.zip").write_bytes(b"mine")
    with pytest.raises(RosterError, match="the file exists"):
        write_oneroster(tmp_path / "y.zip", roster)
    assert (tmp_path / "y.zip").read_bytes() == b"mine"
    assert {file: file.read_bytes() for file in (tmp_path / "x").iterdir()} == before
