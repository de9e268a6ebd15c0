"""What `dbt run` costs as the organisation grows: the demo, and many copies of it side by side.

    python benchmarks/many_people.py [COPIES] [--warehouse FILE] [--select MODELS] [--top N]

Copies the demo's raw tables COPIES times (default 212: 8,480 people) into a throw-away warehouse,
every id and name made distinct by a suffix, builds both organisations in processes of their own
with one dbt thread, and prints processor seconds: of the whole run, of the models that take most,
and the ratio of the two. Processor time hardly depends on what else the machine does. `--warehouse`
keeps the copies in a file, to look at.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from shipworthy.contract import RAW_SCHEMA, TABLES
from shipworthy.warehouse import connect

ROOT = Path(__file__).parents[1]
SEEDS = ROOT / "seeds" / "demo"

# Columns that name something; what is not among them is the same in every copy.
NAMES = {
    *("repository", "service", "control_service", "team"),
    *("sha", "added_sha", "removed_sha", "author_sha", "head_sha", "merge_sha", "reverts_sha"),
    *("caused_by_sha", "fixed_by_sha", "mainline_ancestor_sha", "landed_with_sha"),
    *("deployment_id", "caused_by_deployment_id", "usage_id"),
    *("incident_id", "fixes_incident_id", "merged_into_id"),
}


def suffixed(column: str) -> str:
    """SQL of a column in a copy: names end in the copy's number, in lists each of them."""
    if column not in NAMES and not column.endswith("_key"):
        return f'"{column}"'
    return (
        f"case when \"{column}\" like '[%' "
        f"then regexp_replace(\"{column}\", '\"([^\"]+)\"', '\"\\1-' || copy || '\"', 'g') "
        f'else "{column}" || \'-\' || copy end as "{column}"'
    )


def make(warehouse: Path, copies: int) -> dict[str, int]:
    """Write the demo's raw tables so many times.

    Returns:
        Rows by table.
    """
    rows = {}
    connection = connect(warehouse)
    for name, table in TABLES.items():
        path = SEEDS / f"{name}.csv"
        if not path.exists():
            continue
        kinds = json.dumps(dict(table.columns)).replace('"', "'")
        copied = "range(1)" if name in ("load_watermarks", "load_findings") else f"range({copies})"
        connection.execute(
            f"insert into {RAW_SCHEMA}.{name} by name "
            f"select {', '.join(map(suffixed, table.columns))} "
            f"from read_csv('{path}', columns = {kinds}, header = true, nullstr = '') "
            f"cross join {copied} as copies (copy)"
        )
        [[rows[name]]] = connection.execute(f"select count(*) from {RAW_SCHEMA}.{name}").fetchall()
    connection.close()
    return rows


def run_dbt(command: list[str]) -> dict[str, float]:
    """Run dbt in this process.

    Returns:
        Processor seconds by model, and of the whole process as `all`.
    """
    from dbt.cli.main import dbtRunner

    started, seconds = {}, {}

    def note(event: object) -> None:
        name = event.info.name
        if name == "NodeStart":
            started[event.data.node_info.node_name] = time.process_time()
        elif name == "NodeFinished":
            node = event.data.node_info.node_name
            seconds[node] = time.process_time() - started[node]

    with tempfile.TemporaryDirectory() as scratch:
        places = ["--project-dir", str(ROOT), "--profiles-dir", str(ROOT)]
        places += ["--target-path", scratch, "--log-path", scratch]
        options = ["--threads", "1", "--vars", "{shipworthy__demo: false}"]
        result = dbtRunner(callbacks=[note]).invoke(["--quiet", *command, *options, *places])
    if not result.success:
        sys.exit(1)
    return seconds | {"all": time.process_time()}


def measure(warehouse: Path, *command: str) -> dict[str, float]:
    """What `run_dbt` returns of a warehouse, in a process of its own."""
    done = subprocess.run(
        [sys.executable, __file__, "--dbt", json.dumps(command)],
        env=os.environ | {"SHIPWORTHY_WAREHOUSE": str(warehouse)},
        stdout=subprocess.PIPE,
        text=True,
        check=False,
    )
    if done.returncode:
        sys.exit(done.stdout[-3000:] or f"dbt {' '.join(command)} failed")
    return json.loads(done.stdout.splitlines()[-1])


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("copies", type=int, nargs="?", default=212)
    parser.add_argument("--warehouse", type=Path)
    parser.add_argument("--select", default="")
    parser.add_argument("--top", type=int, default=15)
    parser.add_argument("--dbt", type=json.loads, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.dbt:
        print(json.dumps(run_dbt(arguments.dbt)))
        return
    command = ["run", *(["--select", arguments.select] if arguments.select else [])]
    with tempfile.TemporaryDirectory() as scratch:
        one, many = Path(scratch) / "one.duckdb", arguments.warehouse or Path(scratch) / "m.duckdb"
        make(one, 1)
        rows = make(many, arguments.copies)
        print(
            f"{arguments.copies} copies: {sum(rows.values()):,} rows, {rows['people']:,} of people"
        )
        for warehouse in (one, many):
            measure(warehouse, "seed")
        small, large = measure(one, *command), measure(many, *command)
    print(f"processor seconds of dbt run: {small['all']:.1f}, then {large['all']:.1f}")
    print(f"ratio {large['all'] / small['all']:.1f}")
    for name, seconds in sorted(large.items(), key=lambda item: -item[1])[: arguments.top]:
        print(f"{seconds:8.1f} {small.get(name, 0):6.2f}  {name}")


if __name__ == "__main__":
    main()
