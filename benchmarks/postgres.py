"""A PostgreSQL server of our own: made in an empty folder, reached by a Unix socket alone, gone afterwards.

Debian puts its programs beside the path (`apt-get install postgresql`). They refuse root, so root starts them as an
ordinary user.
"""

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

USER = "cnnsearch"
"""Who owns the databases."""
PASSWORD = "s3cret@/word"
"""Theirs; asked for in the database that is called `guarded`."""
_ORDINARY = ("postgres", "nobody")
_ACCESS = "local guarded all scram-sha-256\nlocal all all trust\n"


def programs() -> Path | None:
    """The folder of the newest server's programs; None where there is none."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: float(path.parts[-3]))
    beside = shutil.which("initdb")
    return found[-1].parent if found else Path(beside).resolve().parent if beside else None


class Postgres:
    """A server that runs.

    Args:
        folder: where it keeps all of its files.
        settings: of the server, such as `fsync=off`.
    """

    def __init__(self, folder: Path, *settings: str) -> None:
        self._folder, self._settings = folder, settings
        self._user = next((name for name in _ORDINARY if os.geteuid() == 0 and _is_here(name)), None)
        self._count = 0
        if self._user:
            shutil.chown(folder, self._user)
        password = folder / "password"
        password.write_text(PASSWORD, encoding="utf-8")
        self._run(
            "initdb", "-D", self._data, "-U", USER, "--no-sync", "-E", "UTF8", "--locale=C", f"--pwfile={password}"
        )
        (self._data / "pg_hba.conf").write_text(_ACCESS, encoding="utf-8")
        self.start()

    @property
    def _data(self) -> Path:
        return self._folder / "data"

    def start(self) -> None:
        """Start it, and wait until it answers."""
        place = ["-c", "listen_addresses=", "-c", f"unix_socket_directories={self._folder}"]
        options = " ".join([*place, *(f"-c {setting}" for setting in self._settings)])
        self._run("pg_ctl", "-D", self._data, "-w", "-l", self._folder / "log", "-o", options, "start")

    def stop(self, how: str = "fast") -> None:
        """Stop it: `fast` ends every connection, `immediate` is as if the machine had lost its power."""
        self._run("pg_ctl", "-D", self._data, "-w", "-m", how, "stop")

    @property
    def is_running(self) -> bool:
        """Whether it runs."""
        return (self._data / "postmaster.pid").exists()

    @property
    def process(self) -> int:
        """The number of its first process, whose children the others are."""
        return int((self._data / "postmaster.pid").read_text(encoding="utf-8").split()[0])

    def database(self, name: str = "") -> str:
        """The URL of a new empty database."""
        self._count += 1
        name = name or f"study{self._count}"
        self.query(f"CREATE DATABASE {name}", "postgres")
        return self.url(name)

    def url(self, name: str) -> str:
        """The URL of a database, without a password."""
        return f"postgresql://{USER}@/{name}?host={self._folder}"

    def query(self, statement: str, database: str) -> str:
        """What the server says to a statement, one line for each row."""
        where = ("-h", self._folder, "-U", USER, "-d", database)
        return self._run("psql", "-XAtq", "-v", "ON_ERROR_STOP=1", *where, "-c", statement)

    def _run(self, program: str, *arguments: object) -> str:
        folder = programs()
        if folder is None:
            raise FileNotFoundError("PostgreSQL's programs: apt-get install postgresql")
        command = [str(folder / program), *map(str, arguments)]
        out = subprocess.DEVNULL if program == "pg_ctl" else subprocess.PIPE  # its server would keep the pipe open
        done = subprocess.run(
            command, user=self._user, cwd=self._folder, stdout=out, stderr=out, text=True, check=False
        )
        if done.returncode:
            raise RuntimeError(f"{program}: {done.stderr or (self._folder / 'log').read_text(encoding='utf-8')}")
        return (done.stdout or "").strip()


@contextmanager
def server(*settings: str) -> Iterator[Postgres]:
    """Within it, a server runs; PostgreSQL must be installed."""
    with tempfile.TemporaryDirectory(prefix="pg-") as name:
        postgres = Postgres(Path(name), *settings)
        try:
            yield postgres
        finally:
            postgres.stop("immediate")


def _is_here(user: str) -> bool:
    try:
        pwd.getpwnam(user)
    except KeyError:
        return False
    return True
