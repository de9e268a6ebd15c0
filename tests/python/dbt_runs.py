"""Run dbt the way a user does, and read what it built."""

import json
import math
import os
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import duckdb

ROOT = Path(__file__).parents[2]
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

# Adds DuckDB to the adapters whose deprecations dbt shows.
ALL_DEPRECATIONS = """
import sys
from dbt.cli.main import dbtRunner
from dbt.jsonschemas import jsonschemas
jsonschemas._JSONSCHEMA_SUPPORTED_ADAPTERS.add("duckdb")
sys.exit(0 if dbtRunner().invoke(sys.argv[1:]).success else 1)
"""


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
    """Run one dbt command in a process of its own.

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
    dbt = (
        [sys.executable, "-c", ALL_DEPRECATIONS]
        if deprecations
        else [str(Path(sys.executable).parent / "dbt")]
    )
    named = {f"shipworthy__{name}": value for name, value in (variables or {}).items()}
    done = subprocess.run(
        [
            *dbt,
            *command.split(),
            *("--project-dir", str(project), "--profiles-dir", str(project)),
            *(("--vars", json.dumps(named, default=str)) if named else ()),
            *arguments,
        ],
        env={name: value for name, value in os.environ.items() if not _SETTING.match(name)}
        | {
            "SHIPWORTHY_WAREHOUSE": str(warehouse),
            "DBT_TARGET_PATH": str(target),
            "DBT_LOG_PATH": str(target),
        }
        | (environment or {}),
        cwd=project,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if succeeds is not None:
        assert (done.returncode == 0) == succeeds, done.stdout[-6000:]
    return Run(warehouse, target, done.returncode, done.stdout)


def two_at_a_time(function, arguments):
    """Results of a function by argument; a dbt run keeps one processor busy, not two."""
    with ThreadPoolExecutor(2) as pool:
        return dict(zip(arguments, pool.map(function, arguments), strict=True))


def build_many(directory, jobs, **variables):
    """Build many warehouses on a project that is parsed once.

    Parameters
    ----------
    directory : Path
        Holds `<name>/warehouse.duckdb` for each job.
    jobs : dict
        By name, variables without their prefix and arguments of `dbt build`.
    variables : dict
        Of the parser, and of every job that has no other value.

    Returns
    -------
    dict
        By name, `failed` (sentences), `nodes`, `seconds` and `warehouse`.
    """

    def prefixed(named):
        return {f"shipworthy__{name}": value for name, value in named.items()}

    lines = [
        json.dumps(
            {"name": name, "variables": prefixed(variables | own), "arguments": arguments},
            default=str,
        )
        for name, (own, arguments) in jobs.items()
    ]
    done = subprocess.run(
        [
            *(sys.executable, str(Path(__file__).with_name("many_builds.py"))),
            *(str(directory), json.dumps(prefixed(variables))),
        ],
        env={name: value for name, value in os.environ.items() if not _SETTING.match(name)},
        input="\n".join(lines),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-6000:]
    reports = [
        json.loads(line.removeprefix("report "))
        for line in done.stdout.splitlines()
        if line.startswith("report ")
    ]
    return {
        report["name"]: report | {"warehouse": directory / report["name"] / "warehouse.duckdb"}
        for report in reports
    }


def query(warehouse, sql):
    """Rows of a query, as tuples."""
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        return connection.execute(sql).fetchall()


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
