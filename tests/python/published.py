"""Small warehouses with a record of builds, and readers of what is published from them."""

import json
import os
import time

import duckdb

MARTS = ("headline", "normalized_deployments")
SCHEMA = "shipworthy"


def make_warehouse(path, builds, data_source="loaded"):
    """Two marts whose rows all carry one number, and runs as `(state, scope)`, oldest first."""
    with duckdb.connect(str(path)) as connection:
        connection.execute(f"create schema {SCHEMA}")
        connection.execute(
            f"create table {SCHEMA}.headline as "
            f"select timestamp '2026-10-11 23:00:00' as as_of_at, '{data_source}' as data_source, "
            "0::bigint as number, null::varchar as reason, "
            "'\\N' as odd_text, '' as empty_text, true as is_mature"
        )
        connection.execute(
            f"create table {SCHEMA}.normalized_deployments as select 'a \"team\", ' || i as team, "
            "0::bigint as number, date '2026-10-05' as week_start_on, 1.0 / (i + 1) as share "
            "from range(500) t(i)"
        )
    record_builds(path, builds)
    return path


def record_builds(warehouse, builds):
    """Write down runs as `(state, scope)`, oldest first."""
    with duckdb.connect(str(warehouse)) as connection:
        connection.execute(
            "create schema shipworthy_staging; "
            "create table shipworthy_staging.shipworthy_builds (run_id varchar, "
            "recorded_at timestamp, state varchar, command varchar, scope varchar, failed varchar, "
            "marts varchar)"
        )
        marts = json.dumps([[SCHEMA, name] for name in MARTS])
        for number, (state, scope) in enumerate(builds):
            for step, said in enumerate(("running", state)):
                failed = "one, two, three, four, five" if said == "failed" else None
                connection.execute(
                    "insert into shipworthy_staging.shipworthy_builds values "
                    "(?, timestamp '2026-10-12' + to_minutes(?), ?, ?, ?, ?, ?)",
                    [
                        *(f"run {number}", 2 * number + step, said),
                        *("dbt test" if scope == "tests" else "dbt build", scope, failed, marts),
                    ],
                )


def set_number(warehouse, number):
    """Let all rows of all marts carry another number."""
    with duckdb.connect(str(warehouse)) as connection:
        for name in MARTS:
            connection.execute(f"update {SCHEMA}.{name} set number = {number}")


def read_file(path):
    """Numbers that one reader of a published file finds in all marts, and their rows."""
    with duckdb.connect(str(path), read_only=True) as connection:
        return [_numbers(connection, f"{SCHEMA}.{name}") for name in MARTS]


def read_folder(path):
    """The same of a folder: the link is followed once."""
    version = path / os.readlink(path / "current")
    with duckdb.connect() as connection:
        return [_numbers(connection, f"'{version / name}.parquet'") for name in MARTS]


def _numbers(connection, relation):
    return connection.execute(
        f"select min(number), max(number), count(*) from {relation}"
    ).fetchall()[0]


def read_on(reads, results, is_over):
    """Read until told to stop; put what was wrong, and how many versions were seen, on a queue."""
    seen, wrong, count = set(), [], 0
    function, argument = reads
    until = time.monotonic() + 120
    while not is_over.is_set() and time.monotonic() < until:
        try:
            found = function(argument)
        except Exception as error:
            wrong.append(repr(error))
            break
        count += 1
        numbers = {number for low, high, _ in found for number in (low, high)}
        seen |= numbers
        if len(numbers) != 1 or [rows for *_, rows in found] != [1, 500]:
            wrong.append(str(found))
    results.put((count, len(seen), wrong))
