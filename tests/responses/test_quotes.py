"""A quotation mark too many or too few: every row is read as it is, or the file is refused."""

from __future__ import annotations

import csv
import io
import random
import warnings
from pathlib import Path

import pytest
from tests.conftest import trials

from adaptlearn import ResponseLog
from adaptlearn.errors import DataWarning, ResponseDataError
from adaptlearn.interop import read_datashop

TEXTS = [
    "x", "", "5", "a, b", ", c", "d,", ",", "1,2,3", "a\tb", "\tc", "; d", "a;b;c", '"', '""',
    'say "hi"', '"hi", she said', '",', ',"', '\t"', "well, then\nno", "\nstop", "a\n\nb, c",
    "one\r\ntwo, three", '5"', "'",
]  # fmt: skip
MULTILINE = [text for text in TEXTS if "\n" in text]


def written(header, rows, luck, separator):
    """A file of these rows; some texts are quoted only where that must be, some always."""
    stream = io.StringIO()
    writer = csv.writer(
        stream,
        delimiter=separator,
        quoting=luck.choice([csv.QUOTE_MINIMAL, csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
        lineterminator=luck.choice(["\n", "\r\n"]),
    )
    writer.writerow(header)
    writer.writerows([row[name] for name in header] for row in rows)
    text = stream.getvalue()
    return text if luck.random() < 0.7 else text.rstrip("\r\n")


def table(luck, names, of_role):
    """A header in any order and up to seven rows, with texts that nobody asks for."""
    notes = [f"note {n}" for n in range(luck.randrange(1, 4))]
    header = [*names, *notes]
    luck.shuffle(header)
    texts = TEXTS if luck.random() < 0.5 else [text for text in TEXTS if text not in MULTILINE]
    if luck.random() < 0.3:
        texts = ["", ", c", "\tc", "x", '"']
    rows = [
        {name: of_role[name](n) if name in of_role else luck.choice(texts) for name in header}
        for n in range(luck.randrange(1, 8))
    ]
    return header, rows


def mutated(text, luck):
    """The text with a mark less, or one more, most often beside a mark, a separator, an end."""
    marks = [place for place, letter in enumerate(text) if letter == '"']
    if marks and luck.random() < 0.4:
        place = luck.choice(marks)
        return text[:place] + text[place + 1 :]
    near = [p + d for p, letter in enumerate(text) if letter in '",;\t\n' for d in (0, 1)]
    place = luck.choice(near) if luck.random() < 0.7 else luck.randrange(len(text) + 1)
    return text[:place] + '"' + text[place:]


def differing(read, rows):
    assert len(read) == len(rows), "a row was lost"
    return sum(one != other for one, other in zip(read, rows, strict=True))


@pytest.mark.trials
@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_a_log_with_a_mark_too_many_or_too_few_loses_no_row(tmp_path: Path, separator):
    luck = random.Random(ord(separator))
    labels = ["ann", "bob, jr", "7", 'the "x"', "tab\tbed", ";", ", c"]
    roles = {
        "student": lambda _: luck.choice(labels),
        "skill": lambda _: luck.choice(labels),
        "correct": lambda _: luck.choice("01"),
    }
    path, n_read, refused = tmp_path / "log.csv", 0, 0
    for _ in range(trials(2000)):
        header, rows = table(luck, roles, roles)
        whole = written(header, rows, luck, separator)
        wanted = [tuple(row[name] for name in roles) for row in rows]
        for text in (whole, mutated(whole, luck)):
            path.write_bytes(text.encode())
            source = path if luck.random() < 0.7 else io.StringIO(text, newline="")
            try:
                log = ResponseLog.from_file(source)
            except ResponseDataError as error:
                # Only a text that looks like a row may be refused without a fault.
                refused += text is whole
                assert "one line" in str(error) or text is not whole, (whole, error)  # noqa: PT017
                continue
            n_read += 1
            read = [
                (str(student), str(skill), str(correct))
                for student, skill, correct in zip(
                    log.student.values, log.skill.values, log.correct.tolist(), strict=True
                )
            ]
            assert differing(read, wanted) <= (text is not whole), (whole, text)
    assert n_read > trials(2000)
    assert refused < trials(2000) / 100


@pytest.mark.trials
@pytest.mark.parametrize("separator", ["\t", ","])
def test_an_export_with_a_mark_too_many_or_too_few_loses_no_row(tmp_path: Path, separator):
    luck = random.Random(1)
    texts = ["cut, share", "1\t2", 'the "half"', "5", "step"]
    roles = {
        "Row": str,
        "Anon Student Id": lambda n: f"Stu_{n % 3}",
        "Problem Name": lambda _: luck.choice(texts),
        "Step Name": lambda n: f"s{n}",
        "First Attempt": lambda _: luck.choice(["correct", "incorrect", "hint"]),
        "KC (Default)": lambda _: luck.choice(["halves", "halves~~thirds", "a, b"]),
    }
    path, n_read, refused = tmp_path / "steps.txt", 0, 0
    for _ in range(trials(2000)):
        header, rows = table(luck, roles, roles)
        whole = written(header, rows, luck, separator)
        if separator == "," and "\t" in whole.splitlines()[0]:
            continue
        for text in (whole, mutated(whole, luck)):
            path.write_bytes(text.encode())
            try:
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore", DataWarning)
                    log = read_datashop(path, extra=["Row"])
            except ResponseDataError as error:
                refused += text is whole
                assert "one line" in str(error) or text is not whole, (whole, error)  # noqa: PT017
                continue
            n_read += 1
            wanted = [(row["Anon Student Id"], row["First Attempt"] == "correct") for row in rows]
            read = list(zip(log.student.values.tolist(), log.correct == 1, strict=True))
            assert differing(read, wanted) <= (text is not whole), (whole, text)
    assert n_read > trials(1000)
    assert refused < trials(2000) / 100
