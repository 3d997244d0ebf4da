"""Files that are something else than they seem: read where that is safe, else told."""

from __future__ import annotations

import gzip
import io
import os
import threading
import zipfile
from pathlib import Path

import pytest
from tests.responses.test_files import hide

from adaptlearn import ResponseLog
from adaptlearn.errors import (
    AdaptLearnWarning,
    DataWarning,
    MissingDependency,
    ResponseDataError,
)

GOOD = b"student,skill,correct\nann,add,1\nbob,add,0\n"


def refusal(path: Path, content: bytes) -> str:
    path.write_bytes(content)
    with pytest.raises(ResponseDataError) as caught:
        ResponseLog.from_file(path)
    assert caught.value.subject == str(path)
    (problem,) = caught.value.problems
    return problem


def archive(*names: str) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as file:
        for name in names:
            file.writestr(name, "<x/>")
    return stream.getvalue()


def zst(content: bytes) -> bytes:
    import pyarrow as pa

    stream = pa.BufferOutputStream()
    with pa.CompressedOutputStream(stream, "zstd") as packed:
        packed.write(content)
    return bytes(stream.getvalue())


def parquet(path: Path) -> Path:
    import pyarrow as pa
    from pyarrow import parquet as files

    files.write_table(pa.table({"student": ["a"], "skill": ["x"], "correct": [1]}), path)
    return path


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (archive("docProps/app.xml", "xl/workbook.xml"), 'Excel workbook (.xlsx), not CSV; in Exc'),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), 'old Excel workbook (.xls), not CSV'),
        (archive("mimetype-opendocument.spreadsheet"), "OpenDocument spreadsheet"),
        (archive("log.csv"), "zip archive; unpack it"),
        (GOOD.decode().encode("utf-16"), 'UTF-16, as Excel\'s "Unicode Text" is; save it as "CSV'),
        (GOOD.decode().encode("utf-16-le"), "UTF-16"),
        (GOOD.decode().encode("utf-16-be"), "UTF-16"),
        (b"\xef\xbb\xbf\n <!DOCTYPE html><html>", "web page (HTML or XML), not CSV: a login page"),
        (b"<?xml version='1.0'?>", "web page"),
        (b'[{"student": 1}]', "JSON, not CSV; read it into a frame"),
        (b'{"student": 1}\n{"student": 2}\n', "JSON"),
        (b"SQLite format 3\0", "not text (it holds NUL bytes)"),
        (gzip.compress(archive("xl/workbook.xml")), "Excel workbook"),
        (gzip.compress(gzip.compress(GOOD)), "gzip within gzip; unpack it first"),
    ],
    ids=lambda given: "" if isinstance(given, bytes) else None,
)  # fmt: skip
@pytest.mark.parametrize("name", ["log.csv", "log.parquet"])
@pytest.mark.filterwarnings("ignore:.* whatever its name says")
def test_what_is_no_log_is_told_by_name_with_the_remedy(
    content: bytes, said: str, name: str, tmp_path: Path
) -> None:
    assert said in refusal(tmp_path / name, content)


def test_an_open_file_is_recognised_too() -> None:
    for stream in (io.BytesIO(b'[{"a": 1}]'), io.StringIO('[{"a": 1}]')):
        with pytest.raises(ResponseDataError, match="is JSON"):
            ResponseLog.from_file(stream)


def test_headers_that_only_look_odd_are_read(tmp_path: Path) -> None:
    path = tmp_path / "log.csv"
    path.write_text("[id],student,skill,correct,<p>,{x}\n1,a,x,1,,\n")
    assert len(ResponseLog.from_file(path)) == 1


@pytest.mark.parametrize("engine", ["polars", "pyarrow", "neither"])
@pytest.mark.parametrize("pack", [gzip.compress, zst])
def test_packed_files_are_read_whatever_their_name(
    pack, engine: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "log.csv"
    path.write_bytes(pack(GOOD))
    if pack is gzip.compress:
        hide(monkeypatch, *{"polars", "pyarrow"} - {engine})
    log = ResponseLog.from_file(path)
    assert log.student.values.tolist() == ["ann", "bob"]
    stream = io.BytesIO(path.read_bytes())
    assert len(ResponseLog.from_file(stream)) == 2
    assert not stream.closed


@pytest.mark.parametrize("pack", [gzip.compress, zst])
@pytest.mark.parametrize("keep", [0.3, 0.999])
def test_a_packed_file_that_is_cut_short_loses_no_row_silently(
    pack, keep: float, tmp_path: Path
) -> None:
    rows = "".join(f"s{n * 7919 % 1000},k{n * 31 % 97},{n % 2}\n" for n in range(20_000))
    whole = pack(b"student,skill,correct\n" + rows.encode())
    said = refusal(tmp_path / "log.csv.gz", whole[: int(len(whole) * keep)])
    assert "it is damaged, or cut short" in said


def test_zst_without_a_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "log.csv.zst"
    path.write_bytes(zst(GOOD))

    def missing(name: str) -> None:
        raise ImportError(name)

    monkeypatch.setattr("adaptlearn.responses.engines.import_module", missing)
    with pytest.raises(MissingDependency, match="reading a zst file needs pyarrow; install it"):
        ResponseLog.from_file(path)


def test_parquet_that_is_named_otherwise_is_read_and_told(tmp_path: Path) -> None:
    path = parquet(tmp_path / "log.csv")
    with pytest.warns(DataWarning, match=r"log\.csv holds Parquet, whatever its name says"):
        assert len(ResponseLog.from_file(path)) == 1
    path = tmp_path / "log.parquet"
    path.write_bytes(GOOD)
    with pytest.warns(DataWarning, match=r"log\.parquet holds text, whatever its name says"):
        assert len(ResponseLog.from_file(path)) == 2


def test_parquet_takes_no_options_of_csv(tmp_path: Path) -> None:
    path = parquet(tmp_path / "log.parquet")
    with pytest.raises(ResponseDataError, match="its own types: 'decimal' is for CSV"):
        ResponseLog.from_file(path, decimal=",")
    with pytest.raises(ResponseDataError, match="by the name of its file only"):
        ResponseLog.from_file(io.BytesIO(path.read_bytes()))


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes with names here")
@pytest.mark.parametrize("content", [GOOD, gzip.compress(GOOD)], ids=["plain", "gzip"])
def test_a_pipe_is_read_once(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "log.csv"
    os.mkfifo(path)
    writer = threading.Thread(target=path.write_bytes, args=[content])
    writer.start()
    assert ResponseLog.from_file(path).student.values.tolist() == ["ann", "bob"]
    writer.join()


def test_progress_is_told_in_bytes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "log.csv"
    path.write_bytes(b"student,skill,correct\n" + b"ann,add,1\n" * 20_000)
    size = path.stat().st_size
    hide(monkeypatch, "polars", "pyarrow")
    told: list[tuple[int, int]] = []
    ResponseLog.from_file(path, on_read=lambda *at: told.append(at))
    assert told[0] == (0, size)
    assert told[-1] == (size, size)
    assert len(told) > 10
    assert {total for _, total in told} == {size}
    assert [done for done, _ in told] == sorted(done for done, _ in told)
    ResponseLog.from_file(io.BytesIO(GOOD), on_read=lambda *_: pytest.fail("it has no size"))


def test_a_large_file_without_a_fast_package_is_told_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "log.csv"
    path.write_bytes(GOOD)
    monkeypatch.setattr("adaptlearn.responses.files.lines._LARGE", 10)
    assert len(ResponseLog.from_file(path)) == 2
    hide(monkeypatch, "polars", "pyarrow")
    told = r"log\.csv: reading 0 MB in half the time needs polars; install it: python -m pip inst"
    with pytest.warns(AdaptLearnWarning, match=told) as caught:
        assert len(ResponseLog.from_file(path)) == 2
    assert [warning.filename for warning in caught] == [__file__]
    # polars would not read this one either.
    path.write_bytes(GOOD.replace(b"ann", b'"ann"'))
    assert len(ResponseLog.from_file(path)) == 2
