"""A file is the old one or the new one, whoever is killed; and it stays what its owner made it."""

from __future__ import annotations

import ast
import os
import random
import socket
import stat
import subprocess
import sys
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from errno import ENOSPC
from pathlib import Path

import pytest
from tests.conftest import trials

from adaptlearn import files
from adaptlearn.errors import AdaptLearnWarning
from adaptlearn.files import write_bytes, write_text

pytestmark = pytest.mark.skipif(os.name == "nt", reason="of permissions, links, devices, signals")
as_root = pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only the superuser may"
)
KILLS = trials(200)
NOBODY = 65534


@pytest.fixture(params=["unnamed", "named"])
def way(request, monkeypatch):
    """Both ways to write: with files that have no name, and where the system has none."""
    if request.param == "named":
        monkeypatch.setattr(files, "_UNNAMED", 0)
    elif not files._UNNAMED:
        pytest.skip("this system has no files without a name")
    return request.param


def mode_of(path):
    return stat.S_IMODE(path.stat().st_mode)


def beside(path):
    return sorted(other.name for other in path.parent.iterdir() if other != path)


@pytest.fixture
def open_folder():
    """A folder that every user may write in."""
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o777)
        yield Path(name)


@contextmanager
def as_nobody():
    groups = os.getgroups()
    os.setgroups([])
    os.setegid(NOBODY)
    os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(0)
        os.setegid(0)
        os.setgroups(groups)


@pytest.mark.parametrize("mode", [0o600, 0o640, 0o644, 0o666, 0o444, 0o755])
@pytest.mark.usefixtures("way")
def test_the_permissions_of_a_file_stay(tmp_path, mode):
    path = tmp_path / "tracker.npz"
    path.write_bytes(b"old")
    path.chmod(mode)
    if not os.access(path, os.W_OK):
        pytest.skip("only the superuser writes to what is read-only")
    write_bytes(path, b"new")
    assert (path.read_bytes(), mode_of(path)) == (b"new", mode)
    assert beside(path) == []


@pytest.mark.parametrize("umask", [0o022, 0o077, 0o002])
@pytest.mark.usefixtures("way")
def test_a_new_file_gets_the_permissions_that_open_gives(tmp_path, umask):
    before = os.umask(umask)
    try:
        write_bytes(tmp_path / "new", b"new")
        (tmp_path / "opened").write_bytes(b"")
    finally:
        os.umask(before)
    assert mode_of(tmp_path / "new") == mode_of(tmp_path / "opened") == 0o666 & ~umask


@pytest.mark.usefixtures("way")
def test_nothing_of_the_process_is_changed(tmp_path, monkeypatch):
    def fail(*_):
        raise AssertionError("the umask belongs to all threads")

    monkeypatch.setattr(os, "umask", fail)
    write_bytes(tmp_path / "a", b"old")
    write_bytes(tmp_path / "a", b"new")


@as_root
@pytest.mark.usefixtures("way")
def test_the_owner_and_the_group_of_a_file_stay(tmp_path):
    path = tmp_path / "tracker.npz"
    path.write_bytes(b"old")
    path.chmod(0o640)
    os.chown(path, 1234, 4321)
    write_bytes(path, b"new")
    now = path.stat()
    assert (now.st_uid, now.st_gid, mode_of(path)) == (1234, 4321, 0o640)


@as_root
def test_who_cannot_give_a_file_away_shows_it_to_no_more_people(open_folder):
    path = open_folder / "tracker.npz"
    path.write_bytes(b"old")
    os.chown(path, 1234, 4321)
    path.chmod(0o662)  # the group may read it, all others only write
    with as_nobody():
        write_bytes(path, b"new")
    assert (path.read_bytes(), path.stat().st_uid, mode_of(path)) == (b"new", NOBODY, 0o622)


@as_root
def test_what_may_not_be_written_to_is_not_replaced(open_folder):
    path = open_folder / "tracker.npz"
    path.write_bytes(b"old")
    path.chmod(0o444)
    with as_nobody(), pytest.raises(PermissionError) as caught:
        write_bytes(path, b"new")
    assert caught.value.filename == str(path)
    assert (path.read_bytes(), beside(path)) == (b"old", [])


@as_root
def test_what_another_user_left_or_planted_is_passed_over(open_folder):
    path = open_folder / "tracker.npz"
    private, *_ = files._places(path)
    private.write_bytes(b"half")
    private.chmod(0o600)
    open_folder.chmod(0o1777)  # only owners remove their files
    with as_nobody():
        write_bytes(path, b"new")
    assert (path.read_bytes(), private.read_bytes()) == (b"new", b"half")


@pytest.mark.skipif(sys.platform != "linux", reason="attributes by Linux's calls")
def test_further_attributes_stay(tmp_path):
    path = tmp_path / "tracker.npz"
    path.write_bytes(b"old")
    try:
        os.setxattr(path, "user.school", b"north")
    except OSError:
        pytest.skip("the file system keeps no attributes")
    write_bytes(path, b"new")
    assert os.getxattr(path, "user.school") == b"north"


@pytest.mark.usefixtures("way")
def test_links_are_followed(tmp_path):
    real, link, chained = tmp_path / "deep" / "real", tmp_path / "link", tmp_path / "chained"
    real.parent.mkdir()
    real.write_bytes(b"old")
    real.chmod(0o600)
    link.symlink_to("deep/real")
    chained.symlink_to(link)
    write_bytes(chained, b"new")
    assert chained.is_symlink()
    assert link.is_symlink()
    assert (real.read_bytes(), mode_of(real), real.is_symlink()) == (b"new", 0o600, False)
    real.unlink()
    write_bytes(link, b"again")  # a link to where nothing is yet
    assert link.is_symlink()
    assert real.read_bytes() == b"again"
    assert beside(real) == []


def test_of_links_in_a_circle_the_error_names_the_path(tmp_path):
    (tmp_path / "a").symlink_to("b")
    (tmp_path / "b").symlink_to("a")
    with pytest.raises(OSError, match="symbolic links") as caught:
        write_bytes(tmp_path / "a", b"new")
    assert caught.value.filename == str(tmp_path / "a")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a", "b"]


def test_of_hard_links_one_gets_the_new_content(tmp_path):
    (tmp_path / "backup").write_bytes(b"old")
    (tmp_path / "current").hardlink_to(tmp_path / "backup")
    write_bytes(tmp_path / "current", b"new")
    assert (tmp_path / "backup").read_bytes() == b"old"


@as_root
@pytest.mark.parametrize(("major", "minor"), [(1, 3), (1, 7)])
def test_a_device_is_written_to(tmp_path, major, minor):
    path = tmp_path / "device"
    os.mknod(path, 0o666 | stat.S_IFCHR, os.makedev(major, minor))
    if minor == 7:  # one that is always full
        with pytest.raises(OSError, match="No space left") as caught:
            write_bytes(path, b"new")
        assert (caught.value.errno, caught.value.filename) == (ENOSPC, str(path))
    else:
        write_bytes(path, b"new")
    assert stat.S_ISCHR(path.stat().st_mode)


def test_a_pipe_is_written_to(tmp_path):
    path, data = tmp_path / "pipe", random.Random(0).randbytes(300_000)  # more than a pipe holds
    os.mkfifo(path)
    with ThreadPoolExecutor(1) as pool:

        def late():
            time.sleep(0.1)
            return path.read_bytes()

        read = pool.submit(late)
        write_bytes(path, data)
        assert read.result() == data
    assert stat.S_ISFIFO(path.stat().st_mode)


def test_that_nobody_reads_a_pipe_is_told(tmp_path, monkeypatch):
    monkeypatch.setattr(files, "_PATIENCE", 0.02)
    path = tmp_path / "pipe"
    os.mkfifo(path)
    with pytest.warns(AdaptLearnWarning, match=r"pipe: .* nobody reads it: nothing was written"):
        write_bytes(path, b"new")
    assert stat.S_ISFIFO(path.stat().st_mode)


def test_a_socket_is_an_error_and_stays(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # the name of a socket is short
    with socket.socket(socket.AF_UNIX) as bound:
        bound.bind("s")
        with pytest.raises(OSError, match=r": 's'$"):
            write_bytes("s", b"new")
    assert stat.S_ISSOCK(Path("s").stat().st_mode)


@pytest.mark.parametrize("name", ["n" * 255, "ü" * 127, "x" * 240 + ".npz"])
@pytest.mark.usefixtures("way")
def test_a_name_may_be_as_long_as_the_folder_allows(tmp_path, name):
    for content in (b"old", b"new"):
        write_bytes(tmp_path / name, content)
        assert (tmp_path / name).read_bytes() == content
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_text_is_utf_8_and_keeps_its_line_ends(tmp_path):
    write_text(tmp_path / "a", "ü\r\n")
    assert (tmp_path / "a").read_bytes() == b"\xc3\xbc\r\n"


@pytest.mark.usefixtures("way")
def test_a_write_that_fails_leaves_the_old_file_and_nothing_beside_it(tmp_path, monkeypatch):
    path = tmp_path / "a"
    path.write_bytes(b"old")

    def full(*_):
        raise OSError(ENOSPC, "No space left on device")

    for part in ("fsync", "fchmod"):
        with monkeypatch.context() as patch:
            patch.setattr(os, part, full)
            with pytest.raises(OSError, match="No space") as caught:
                write_bytes(path, b"new")
        assert caught.value.filename == str(path)
        assert (path.read_bytes(), beside(path)) == (b"old", [])


WRITER = """
import sys
from adaptlearn import files
from adaptlearn.files import write_bytes
path, way, size = sys.argv[1], sys.argv[2], int(sys.argv[3])
if way == "named":
    files._UNNAMED = 0
a, b = b"a" * size, b"b" * size
print("go", flush=True)
while True:
    write_bytes(path, a)
    write_bytes(path, b)
"""


@pytest.mark.trials
def test_who_is_killed_leaves_a_whole_file_and_the_next_writer_nothing_else(tmp_path, way):
    path, size, left = tmp_path / "tracker.npz", 1_000_000, 0
    good = {b"a" * size, b"b" * size}
    luck = random.Random(1)
    for _ in range(KILLS):
        writer = subprocess.Popen(
            [sys.executable, "-c", WRITER, path, way, str(size)], stdout=subprocess.PIPE
        )
        with writer:
            assert writer.stdout is not None
            assert writer.stdout.read(3) == b"go\n"
            time.sleep(luck.random() * 0.03)
            writer.kill()
        if path.exists():
            assert path.read_bytes() in good
        left += len(beside(path))
    if way == "unnamed":
        assert left <= KILLS / 10
    else:
        assert left > 0, "kills that hit no writing show nothing"
    write_bytes(path, b"a" * size)
    assert beside(path) == []


def test_what_a_dead_writer_left_is_removed_and_what_a_living_one_writes_is_not(tmp_path, way):
    path = tmp_path / "tracker.npz"
    write_bytes(path, b"old")
    dead, living = files._places(path)[:2]
    dead.write_bytes(b"half")
    descriptor = files._named(living, 0o600)
    write_bytes(path, b"new")
    assert (path.read_bytes(), beside(path)) == (b"new", [living.name])
    os.close(descriptor)  # as the system does when a process ends
    write_bytes(tmp_path / "other.npz", b"new")
    assert living.exists(), "it is no other file's"
    write_bytes(path, b"newer")
    assert beside(path) == ["other.npz"]


def test_what_is_planted_where_a_writer_writes_is_not_followed(tmp_path, way):
    path, victim = tmp_path / "tracker.npz", tmp_path / "victim"
    victim.write_bytes(b"safe")
    link, folder, pipe = files._places(path)[:3]
    link.symlink_to(victim)
    folder.mkdir()
    os.mkfifo(pipe)
    write_bytes(path, b"new")
    assert (path.read_bytes(), victim.read_bytes()) == (b"new", b"safe")
    assert not path.is_symlink()


@pytest.mark.trials
@pytest.mark.usefixtures("way")
def test_writers_at_the_same_time_and_their_readers(tmp_path):
    path, n = tmp_path / "tracker.npz", trials(300)
    contents = [bytes([65 + k]) * 100_000 for k in range(8)]
    write_bytes(path, contents[0])
    ended, torn = threading.Event(), []

    def read():
        while not ended.is_set():
            content = path.read_bytes()
            if content not in contents:
                torn.append(len(content))

    def write(content):
        for _ in range(n):
            write_bytes(path, content)

    with ThreadPoolExecutor(10) as pool:
        readers = [pool.submit(read) for _ in range(2)]
        writers = [pool.submit(write, content) for content in contents]
        for writer in writers:
            writer.result()
        ended.set()
        for reader in readers:
            reader.result()
    assert torn == []
    assert beside(path) == []


def test_more_writers_than_places_wait(tmp_path, monkeypatch):
    monkeypatch.setattr(files, "_UNNAMED", 0)
    monkeypatch.setattr(files, "_TRIES", 3)
    path = tmp_path / "tracker.npz"
    held = [files._named(place, 0o600) for place in files._places(path)]
    with pytest.raises(OSError, match="busy"):
        write_bytes(path, b"new")
    os.close(held.pop())
    write_bytes(path, b"new")
    assert path.read_bytes() == b"new"
    for descriptor in held:
        os.close(descriptor)


# Where a file may be opened for writing: the writer itself, and a folder that lasts for one call.
# A checkpoint only grows, line by line; a line that is not whole is left out when it is read.
WRITERS = {"files.py", "models/wiring.py", "simulation/matrix/checkpoint.py"}


def writes(tree):
    """Lines that write to a path in another way than by `adaptlearn.files`."""
    ours = {
        alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.module == "adaptlearn.files"
        for alias in node.names
    }
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        name = ast.unparse(node.func).rpartition(".")[2]
        given = [*node.args, *(keyword.value for keyword in node.keywords)]
        modes = {value.value for value in given if isinstance(value, ast.Constant)}
        if name in ("write_bytes", "write_text") and not (
            isinstance(node.func, ast.Name) and name in ours
        ):
            yield node.lineno
        if name == "open" and any(isinstance(mode, str) and set(mode) & set("wax+") and
                                  set(mode) <= set("rwaxbt+") for mode in modes):  # fmt: skip
            yield node.lineno
        if name in ("savefig", "savez") and ast.unparse(node.args[0]).startswith(
            ("path", "folder", "Path", "os.")
        ):
            yield node.lineno


def test_every_file_is_written_by_the_one_writer():
    source = Path(files.__file__).parent
    found = {
        f"{path.relative_to(source).as_posix()}:{line}"
        for path in source.rglob("*.py")
        if path.relative_to(source).as_posix() not in WRITERS
        for line in writes(ast.parse(path.read_text(encoding="utf-8")))
    }
    assert found == set()
    for bad in ("open(p, 'w')", "p.open(mode='ab')", "p.write_text('x')", "f.savefig(path)"):
        assert list(writes(ast.parse(bad))) == [1]
    ours = "from adaptlearn.files import write_text\nwrite_text(p, '')"
    for good in ("open(p)", "p.open('rb')", "f.savefig(stream)", ours):
        assert list(writes(ast.parse(good))) == []
