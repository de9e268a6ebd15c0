"""What was loaded on a PostgreSQL server: `make test-postgres`."""

from datetime import datetime

import duckdb
import psycopg2
import pytest

from dbt_runs import query
from postgres_server import ask
from shipworthy.contract import RAW_SCHEMA, TABLES
from shipworthy.errors import ShipworthyError
from shipworthy.publish import postgres_schema
from shipworthy.raw_tables import export
from shipworthy.warehouse import connect, merge

pytestmark = pytest.mark.postgres

ODD_TEXTS = ["", "\\N", "\\.", 'a\n\\.\n"b",', "null", " ü\t☃ ", None]


@pytest.fixture
def warehouse(tmp_path):
    """Rows of every type, and of every text that a line of CSV could be mistaken for."""
    path = tmp_path / "warehouse.duckdb"
    with connect(path) as connection:
        connection.executemany(
            f"insert into {RAW_SCHEMA}.incidents (incident_id, service, opened_at, is_false_alarm) "
            "values (?, ?, timestamp '2026-10-05 12:00:00.000001', ?)",
            [[f"i{number}", text, bool(number % 2)] for number, text in enumerate(ODD_TEXTS)],
        )
        merge(
            connection,
            "costs",
            "(select 'harbor' as team, date '2026-10-01' as month_start_on, 'ai' as category, "
            "0.1::double + 0.2::double as amount_usd)",
        )
        connection.execute(
            f"insert into {RAW_SCHEMA}.rejected_rows values ('costs', 'no team', '{{}}', now())"
        )
    return path


def change(warehouse, statement):
    with duckdb.connect(str(warehouse)) as connection:
        connection.execute(statement)


def rows_of(address, name):
    return sorted(map(repr, ask(address, f'select * from {RAW_SCHEMA}."{name}"')))


def test_every_table_arrives_as_it_is(warehouse, address, monkeypatch):
    monkeypatch.setattr(postgres_schema, "_BATCH_ROWS", 2)
    said = export(warehouse, address)
    assert f"Exported {len(TABLES)} tables (8 rows) to schema shipworthy_raw of postgres://" in said
    assert address.split(":")[2].split("@")[0] not in said
    for name in TABLES:
        assert rows_of(address, name) == sorted(
            map(repr, query(warehouse, f'from {RAW_SCHEMA}."{name}"'))
        )
    found = ask(
        address,
        "select table_name, column_name, data_type from information_schema.columns "
        f"where table_schema = '{RAW_SCHEMA}' order by table_name, ordinal_position",
    )
    kinds = {
        "VARCHAR": "text",
        "DOUBLE": "double precision",
        "TIMESTAMP": "timestamp without time zone",
    }
    assert sorted(found, key=lambda row: row[0]) == [
        (name, column, kinds.get(kind, kind.lower()))
        for name, table in sorted(TABLES.items())
        for column, kind in table.columns.items()
    ]


def test_the_next_export_replaces_rows_and_leaves_what_is_others(warehouse, address):
    export(warehouse, address)
    ask(
        address,
        f"create view {RAW_SCHEMA}.theirs as "
        f"select count(*) as incidents from {RAW_SCHEMA}.incidents",
        "create role auditor",
        f"grant select on {RAW_SCHEMA}.incidents to auditor",
    )
    reader = psycopg2.connect(address)
    with reader.cursor() as cursor:
        cursor.execute("set transaction isolation level repeatable read, read only")
        cursor.execute(f"select incidents from {RAW_SCHEMA}.theirs")
        change(warehouse, f"delete from {RAW_SCHEMA}.incidents where incident_id != 'i3'")
        change(warehouse, f"update {RAW_SCHEMA}.incidents set service = 'keel'")
        export(warehouse, address)
        # Who reads the one before reads it to the end.
        cursor.execute(f"select incidents from {RAW_SCHEMA}.theirs")
        assert cursor.fetchall() == [(len(ODD_TEXTS),)]
    reader.close()
    assert ask(address, f"select incidents from {RAW_SCHEMA}.theirs") == [(1,)]
    assert ask(address, f"select incident_id, service from {RAW_SCHEMA}.incidents") == [
        ("i3", "keel")
    ]
    assert ask(
        address, f"select has_table_privilege('auditor', '{RAW_SCHEMA}.incidents', 'select')"
    ) == [(True,)]


def test_a_failure_midway_leaves_what_was_there(warehouse, address):
    export(warehouse, address)
    before = {name: rows_of(address, name) for name in TABLES}
    change(warehouse, f"update {RAW_SCHEMA}.incidents set service = 'keel'")
    # No loader lets one in, and PostgreSQL has no such text.
    change(warehouse, f"update {RAW_SCHEMA}.costs set team = 'har' || chr(0) || 'bor'")
    with pytest.raises(ShipworthyError, match=r"nothing was exported.* 0x00 \(costs\)\.$"):
        export(warehouse, address)
    assert {name: rows_of(address, name) for name in TABLES} == before


@pytest.mark.parametrize("kind", ["table", "view"])
def test_tables_of_somebody_else_stay(warehouse, server, kind):
    server.create_database(f"others_{kind}")
    address = server.address(f"others_{kind}")
    ask(
        address,
        f"create schema {RAW_SCHEMA}",
        f"create {kind} {RAW_SCHEMA}.people as select 1 as n",
    )
    with pytest.raises(
        ShipworthyError, match=r"holds people, which shipworthy did not export; move"
    ):
        export(warehouse, address)
    assert ask(address, f"select n from {RAW_SCHEMA}.people") == [(1,)]
    assert ask(address, f"select to_regclass('{RAW_SCHEMA}.commits')") == [(None,)]


def test_a_server_that_may_not_be_written_is_one_sentence(warehouse, address):
    ask(address, "create role onlooker login password 'onlooker'")
    place = address.split("@")[1]
    with pytest.raises(ShipworthyError, match=r"nothing was exported.*permission denied") as caught:
        export(warehouse, f"postgres://onlooker:onlooker@{place}")
    assert "\n" not in str(caught.value)
    with pytest.raises(ShipworthyError, match=r"cannot be reached.*authentication failed"):
        export(warehouse, f"postgres://onlooker:wrong@{place}")


def test_columns_and_types_are_the_contracts(warehouse, address):
    """A warehouse of an older version, or filled by somebody else."""
    change(
        warehouse,
        f"drop table {RAW_SCHEMA}.people; alter table {RAW_SCHEMA}.incidents drop merged_into_id; "
        f"alter table {RAW_SCHEMA}.incidents alter opened_at type timestamptz "
        "using opened_at at time zone 'UTC'; "
        f"alter table {RAW_SCHEMA}.incidents add column theirs integer[]; "
        f"alter table {RAW_SCHEMA}.costs alter month_start_on type varchar",
    )
    export(warehouse, address)
    assert ask(address, f"select count(*), count(team) from {RAW_SCHEMA}.people") == [(0, 0)]
    assert ask(
        address, f"select distinct opened_at, merged_into_id from {RAW_SCHEMA}.incidents"
    ) == [(datetime(2026, 10, 5, 12, 0, 0, 1), None)]
    assert ask(address, f"select month_start_on::text from {RAW_SCHEMA}.costs") == [("2026-10-01",)]

    change(warehouse, f"update {RAW_SCHEMA}.costs set month_start_on = 'October'")
    with pytest.raises(
        ShipworthyError, match=r"1 values of costs.month_start_on \(VARCHAR\) are no DATE"
    ):
        export(warehouse, address)
    assert ask(address, f"select count(*) from {RAW_SCHEMA}.costs") == [(1,)]
