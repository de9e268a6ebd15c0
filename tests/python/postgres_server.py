"""A PostgreSQL server as long as a `with` block: loopback only, in a temporary directory."""

import os
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg2

DEBIAN = Path("/usr/lib/postgresql")
USER = "shipworthy"
# Nothing of this server must survive a crash.
SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "fsync": "off",
    "full_page_writes": "off",
    "synchronous_commit": "off",
    "timezone": "UTC",
}


class ServerMissingError(Exception):
    """The machine has no PostgreSQL server programs, or they do not start."""


@dataclass(frozen=True)
class Server:
    """Where a running server is."""

    port: int
    password: str
    home: Path

    def environment(self, database):
        """Return what profiles.yml reads."""
        return {
            "SHIPWORTHY_POSTGRES_HOST": "127.0.0.1",
            "SHIPWORTHY_POSTGRES_PORT": str(self.port),
            "SHIPWORTHY_POSTGRES_USER": USER,
            "SHIPWORTHY_POSTGRES_PASSWORD": self.password,
            "SHIPWORTHY_POSTGRES_DATABASE": database,
        }

    def address(self, database):
        """Return what `--to` takes."""
        return f"postgres://{USER}:{self.password}@127.0.0.1:{self.port}/{database}"

    @contextmanager
    def connect(self, database="postgres"):
        """Connect, commit each statement, and close."""
        connection = psycopg2.connect(
            host="127.0.0.1",
            port=self.port,
            user=USER,
            password=self.password,
            dbname=database,
            connect_timeout=5,
        )
        connection.autocommit = True
        try:
            with connection.cursor() as cursor:
                yield cursor
        finally:
            connection.close()

    def create_database(self, name, template="template0"):
        """Make a database, empty or as a copy of another one."""
        with self.connect() as cursor:
            cursor.execute(f'create database "{name}" template "{template}"')


def ask(address, *statements):
    """Run statements, each committed, and return the rows of the last one."""
    connection = psycopg2.connect(address)
    connection.autocommit = True
    try:
        with connection.cursor() as cursor:
            for statement in statements:
                cursor.execute(statement)
            return cursor.fetchall() if cursor.description else None
    finally:
        connection.close()


def find_programs():
    """Directory of `initdb` and `postgres`, the newest version where Debian keeps several."""
    versions = [
        path.parent
        for path in DEBIAN.glob("*/bin/initdb")
        if path.parent.parent.name.isdigit() and (path.parent / "postgres").exists()
    ]
    if versions:
        return max(versions, key=lambda path: int(path.parent.name))
    if found := shutil.which("initdb"):
        directory = Path(found).resolve().parent
        if (directory / "postgres").exists():
            return directory
    raise ServerMissingError(
        "PostgreSQL's server programs (initdb, postgres) are neither on the PATH nor under "
        f"{DEBIAN}; install them (Debian: apt-get install postgresql)"
    )


@contextmanager
def run_server():
    """Make a cluster, start it, and stop and remove it whatever happens in between."""
    programs = find_programs()
    # The server refuses to run as root.
    account = _unprivileged() if os.geteuid() == 0 else None
    identity = (
        {}
        if account is None
        else {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}
    )
    home = Path(tempfile.mkdtemp(prefix="shipworthy_postgres_"))
    # `kill` and `timeout` end the tests like Ctrl-C does, so that nothing is left behind.
    previous = signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    try:
        password = secrets.token_hex(16)
        _write_private(home / "password", password)
        if account is not None:
            for path in (home, home / "password"):
                os.chown(path, account.pw_uid, account.pw_gid)
        _run(
            [
                str(programs / "initdb"),
                *("--pgdata", str(home / "data"), "--username", USER),
                *("--auth", "scram-sha-256", "--pwfile", str(home / "password")),
                *("--encoding", "UTF8", "--locale", "C", "--no-sync"),
            ],
            home,
            identity,
        )
        with _started(programs, home, password, identity) as server:
            yield server
    finally:
        shutil.rmtree(home, ignore_errors=True)
        signal.signal(signal.SIGTERM, previous)


@contextmanager
def _started(programs, home, password, identity, attempts=5):
    """Start on a free port; another program may take it first, so try a few."""
    log = home / "server.log"
    for _ in range(attempts):
        server = Server(_free_port(), password, home)
        settings = [f"--{name}={value}" for name, value in SETTINGS.items()]
        with log.open("wb") as output:
            process = subprocess.Popen(
                [
                    str(programs / "postgres"),
                    *("-D", str(home / "data"), "-p", str(server.port)),
                    *settings,
                ],
                cwd=home,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                # Ctrl-C goes to the tests, which stop the server.
                start_new_session=True,
                **identity,
            )
        try:
            if _answers(server, process):
                yield server
                return
        finally:
            _stop(process)
    raise ServerMissingError(f"PostgreSQL did not start: {log.read_text(errors='replace')[-2000:]}")


def _answers(server, process, seconds=60):
    end = time.monotonic() + seconds
    while process.poll() is None and time.monotonic() < end:
        try:
            with server.connect():
                # Another program's server would not know the password.
                return process.poll() is None
        except psycopg2.OperationalError:
            time.sleep(0.05)
    return False


def _stop(process):
    # Fast: connections end. Then immediate: nothing is kept.
    for stopping in (signal.SIGINT, signal.SIGQUIT):
        process.send_signal(stopping)
        try:
            process.wait(30)
            return
        except subprocess.TimeoutExpired:
            continue
    process.kill()
    process.wait()


def _run(command, directory, identity):
    done = subprocess.run(
        command,
        cwd=directory,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        **identity,
    )
    if done.returncode:
        raise ServerMissingError(f"{command[0]} failed: {done.stdout[-2000:]}")


def _unprivileged():
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    raise ServerMissingError(
        "PostgreSQL does not run as root, and there is neither a user postgres nor a user nobody"
    )


def _free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def _write_private(path, text):
    path.touch(mode=0o600)
    path.write_text(text)
