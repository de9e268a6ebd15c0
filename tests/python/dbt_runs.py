"""Run dbt the way a user does, and read what it built."""

import itertools
import json
import math
import os
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pytest

from dbt_places import CATALOG, PARSED, ROOT, STATE, VARIABLES

TOLERANCE = 1e-9


@dataclass(frozen=True)
class Run:
    """A dbt run that is over.

    Parameters
    ----------
    warehouse, target : Path
        The DuckDB file, and where dbt wrote its artifacts.
    returncode : int
        Of the process.
    output : str
        What dbt printed, both streams.
    """

    warehouse: Path
    target: Path
    returncode: int
    output: str

    def artifact(self, name):
        """Return manifest.json or run_results.json as a dict."""
        return json.loads((self.target / name).read_text())


# The project's own settings are under test, not those of the shell.
_SETTING = re.compile("DBT_|DO_NOT_TRACK$")

# What dbt wants to know when it reads the project, and not only when it runs.
TESTING = ("build", "test")
NOT_OF_A_MANIFEST = ("parse", "deps")
_READ_EARLY = re.compile("github_|raw_schema$|relations$|show_people$")


class _Server:
    """Runs dbt in forks of one process, started when it is first asked."""

    def __init__(self):
        self.directory, self.process, self.waiting = None, None, {}
        self.ids, self.lock = itertools.count(), threading.Lock()

    def start(self):
        if self.process:
            return
        self.directory = self.directory or Path(tempfile.mkdtemp(prefix="shipworthy-dbt-"))
        self.process = subprocess.Popen(
            [sys.executable, str(Path(__file__).with_name("dbt_server.py")), str(self.directory)],
            env={name: value for name, value in os.environ.items() if not _SETTING.match(name)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            bufsize=1,
        )
        threading.Thread(target=self.listen, daemon=True).start()

    def listen(self):
        for line in self.process.stdout:
            report = json.loads(line)
            self.waiting.pop(report["id"]).set_result(report["returncode"])
        for future in self.waiting.values():
            future.set_exception(RuntimeError("the dbt server ended"))

    def run(self, **job):
        """Run a job of `dbt_server` and return its exit code."""
        with self.lock:
            self.start()
            number, future = next(self.ids), Future()
            self.waiting[number] = future
            self.process.stdin.write(json.dumps(job | {"id": number}) + "\n")
            self.process.stdin.flush()
        return future.result(timeout=900)


# A fork of a process that has parsed cannot parse: something in it waits for a thread that is gone.
_server, _reader = _Server(), _Server()


def share_parse(directory):
    """Say where the servers of all workers keep what they parsed."""
    directory.mkdir(exist_ok=True)
    _server.directory = directory


def parsed_output():
    """Return what dbt printed when it read the project."""
    return (_server.directory / PARSED).read_text()


def read_parsed(target):
    """Return the project's manifest in this process, and keep its artifacts in a directory."""
    # Nobody else waits until dbt is imported.
    from dbt.cli.main import dbtRunner

    target.mkdir(exist_ok=True)
    with pytest.MonkeyPatch.context() as patch:
        for name in filter(_SETTING.match, list(os.environ)):
            patch.delenv(name)
        environment = dict(os.environ)
        _server.run(
            arguments=[],
            environment=environment | {"SHIPWORTHY_WAREHOUSE": "", "DBT_TARGET_PATH": str(target)},
            cwd=str(ROOT),
            output=str(target / "output.txt"),
            is_parsed=True,
            deprecations=False,
        )
        shutil.copy(_server.directory / STATE, target)
        patch.setenv("SHIPWORTHY_WAREHOUSE", str(_server.directory / f"{CATALOG}.duckdb"))
        places = (
            *("--project-dir", str(ROOT), "--profiles-dir", str(ROOT)),
            *("--target-path", str(target), "--log-path", str(target)),
        )
        return dbtRunner().invoke(["parse", "--vars", VARIABLES, *places, "--quiet"]).result


def run_dbt(
    command,
    warehouse,
    *arguments,
    variables=None,
    project=ROOT,
    succeeds=True,
    deprecations=False,
    environment=None,
):
    """Run one dbt command in a process of its own; see `dbt_server`.

    Parameters
    ----------
    command : str
        build, run, run-operation and so on.
    warehouse : Path
        The DuckDB file. Artifacts and logs go beside it.
    arguments : str
        What else the command line says.
    variables : dict, optional
        Names without their prefix.
    project : Path
        Where dbt_project.yml and profiles.yml are.
    succeeds : bool, optional
        Whether the run must succeed; None takes both.
    deprecations : bool
        Whether dbt shows deprecations that it would hide on DuckDB.
    environment : dict, optional
        More environment variables.

    Returns
    -------
    Run
    """
    target = warehouse.parent / f"{warehouse.stem}_target"
    target.mkdir(exist_ok=True)
    variables, output = variables or {}, target / "output.txt"
    named = {f"shipworthy__{name}": value for name, value in variables.items()}
    is_parsed = (
        project == ROOT
        and "--target" not in arguments
        and command.split()[0] not in NOT_OF_A_MANIFEST
        and not any(map(_READ_EARLY.match, variables))
    )
    leaves_out = is_parsed and not variables.get("unit_tests") and command.split()[0] in TESTING
    returncode = (_server if is_parsed else _reader).run(
        arguments=[
            *command.split(),
            *("--project-dir", str(project), "--profiles-dir", str(project)),
            *(("--vars", json.dumps(named, default=str)) if named else ()),
            *(("--exclude-resource-type", "unit_test") if leaves_out else ()),
            *arguments,
        ],
        environment={name: value for name, value in os.environ.items() if not _SETTING.match(name)}
        | {
            "SHIPWORTHY_WAREHOUSE": str(warehouse),
            "DBT_TARGET_PATH": str(target),
            "DBT_LOG_PATH": str(target),
        }
        | (environment or {}),
        cwd=str(project),
        output=str(output),
        is_parsed=is_parsed,
        deprecations=deprecations,
    )
    done = Run(warehouse, target, returncode, output.read_text())
    if succeeds is not None:
        assert (returncode == 0) == succeeds, done.output[-6000:]
    return done


def two_at_a_time(function, arguments):
    """Results of a function by argument; a dbt run keeps one processor busy, not two."""
    with ThreadPoolExecutor(2) as pool:
        return dict(zip(arguments, pool.map(function, arguments), strict=True))


def build_many(directory, jobs, **variables):
    """Build many warehouses, two at a time.

    Parameters
    ----------
    directory : Path
        Holds `<name>/warehouse.duckdb` for each job.
    jobs : dict
        By name, variables without their prefix and arguments of `dbt build`.
    variables : dict
        Of every job that has no other value.

    Returns
    -------
    dict
        By name, `failed` (sentences), `nodes`, `seconds` and `warehouse`.
    """

    def build(name):
        own, arguments = jobs[name]
        warehouse = directory / name / "warehouse.duckdb"
        started = time.monotonic()
        done = run_dbt("build", warehouse, *arguments, variables=variables | own, succeeds=None)
        seconds = time.monotonic() - started
        results = done.artifact("run_results.json")["results"]
        failed = [
            f"{result['unique_id'].split('.')[2]}: {result['message']}"
            for result in results
            if result["status"] not in ("pass", "success", "no-op")
        ]
        if done.returncode and not failed:
            failed = [done.output[-6000:]]
        return {
            "failed": failed,
            "nodes": len(results),
            "seconds": seconds,
            "warehouse": warehouse,
        }

    return two_at_a_time(build, list(jobs))


def query(warehouse, sql):
    """Rows of a query, as tuples."""
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        return connection.execute(sql).fetchall()


def read_rows(warehouse, relation):
    """Rows of a relation, as dicts; the file is not written, so that others can read it too."""
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        result = connection.execute(f"select * from {relation}")
        columns = [column[0] for column in result.description]
        return [dict(zip(columns, row, strict=True)) for row in result.fetchall()]


def read_schemas(warehouse, *schemas, leaving_out=()):
    """Rows of every relation of some schemas, in an order that does not hang on the last digits.

    Columns that are named in `leaving_out` are.
    """
    relations = {}
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        names = connection.execute(
            "select schema_name, table_name from duckdb_tables() where schema_name in ?", [schemas]
        ).fetchall()
        for schema, name in names:
            columns = f"columns(lambda c : c not in {[*leaving_out, '']})"
            result = connection.execute(f'select {columns} from "{schema}"."{name}"')
            columns = [column[0] for column in result.description]
            relations[f"{schema}.{name}"] = columns, sorted(result.fetchall(), key=order)
    return relations


def order(row):
    """Sort key of a row that does not hang on the last digits."""
    exact = [value for value in row if not isinstance(value, float)]
    return repr(exact), [value for value in row if isinstance(value, float)]


def differences(expected, actual):
    """Sentences about what differs between two results of `read_schemas`."""
    for name in sorted(expected.keys() ^ actual.keys()):
        yield f"{name} is only on one side"
    for name in sorted(expected.keys() & actual.keys()):
        (columns, wanted), (found_columns, found) = expected[name], actual[name]
        if columns != found_columns:
            yield f"{name}: columns {columns}, then {found_columns}"
        elif len(wanted) != len(found):
            yield f"{name}: {len(wanted)} rows, then {len(found)}"
        else:
            for one, other in zip(wanted, found, strict=True):
                if not all(map(_same, one, other)):
                    yield f"{name}: {one}, then {other}"


def _same(one, other):
    if isinstance(one, float) and isinstance(other, float):
        return math.isclose(one, other, rel_tol=TOLERANCE, abs_tol=TOLERANCE)
    return one == other
