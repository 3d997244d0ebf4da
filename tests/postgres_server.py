"""A PostgreSQL server of the tests' own: on a socket in a temporary folder, without a network."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from itertools import count
from pathlib import Path

# Debian keeps what a server needs out of the PATH, a folder for each version.
_FOLDERS = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda one: float(one.parts[-2]))
PROGRAMS = os.pathsep.join(map(str, [*reversed(_FOLDERS), os.environ.get("PATH", "")]))

CONFIGURATION = """
listen_addresses = ''
unix_socket_directories = '{folder}'
max_connections = 60
# Off, as servers may have it: a store must ask for what it needs.
synchronous_commit = off
shared_buffers = 16MB
"""


class Server:
    """Made, started and stopped; as the superuser, the programs run as the user ``postgres``."""

    def __init__(self) -> None:
        # Not below pytest's folder, which only its owner may enter; sockets want short names.
        self.folder = Path(tempfile.mkdtemp(prefix="adaptlearn-pg-"))
        self.data = self.folder / "data"
        self._user = []
        if os.geteuid() == 0:  # initdb refuses the superuser
            shutil.chown(self.folder, "postgres", "postgres")
            self._user = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"]
        self._schemas = count()
        self._run("initdb", "-A", "trust", "-U", "tutor", "-E", "UTF8", "--locale=C",
                  "--data-checksums", "--no-sync")  # fmt: skip
        with (self.data / "postgresql.conf").open("a") as file:
            file.write(CONFIGURATION.format(folder=self.folder))
        self.start()

    def _run(self, program: str, *arguments: str) -> None:
        found = shutil.which(program, path=PROGRAMS)
        assert found is not None
        command = [*self._user, found, "-D", str(self.data), *arguments]
        # Its output goes to a file: a server that goes on would hold a pipe open.
        with (self.folder / "output").open("w+") as output:
            done = subprocess.run(
                command, stdout=output, stderr=output, cwd=self.folder, check=False
            )
            output.seek(0)
            assert done.returncode == 0, output.read()

    def start(self) -> None:
        """Start it; return when it takes connections."""
        self._run("pg_ctl", "start", "-w", "-l", str(self.folder / "log"))

    def stop(self) -> None:
        """Stop it as a crash does: nothing is finished or written any more."""
        self._run("pg_ctl", "stop", "-w", "-m", "immediate")

    def address(self, schema: str = "public") -> str:
        """Where to connect; tables stand in the schema."""
        return f"postgresql://tutor@/postgres?host={self.folder}&options=-csearch_path%3D{schema}"

    def new(self) -> str:
        """The address of a schema that is empty."""
        import psycopg

        schema = f"test_{next(self._schemas)}"
        with psycopg.connect(self.address(), autocommit=True) as on:
            on.execute(f"CREATE SCHEMA {schema}")
        return self.address(schema)

    def remove(self) -> None:
        """Stop it and remove its folder."""
        if (self.data / "postmaster.pid").exists():
            self.stop()
        shutil.rmtree(self.folder)
