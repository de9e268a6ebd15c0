"""The marts on a PostgreSQL server: `make test-postgres`."""

import multiprocessing
import re
from functools import partial

import duckdb
import psycopg2
import pytest

from postgres_server import ask
from published import MARTS, make_warehouse, read_on, set_number
from shipworthy.dashboards.grafana import queries
from shipworthy.errors import ShipworthyError
from shipworthy.publish import publish

pytestmark = pytest.mark.postgres


@pytest.fixture
def warehouse(tmp_path):
    return make_warehouse(tmp_path / "warehouse.duckdb", [("succeeded", "all")])


def read_schema(address):
    """What one statement, and then one transaction that repeats its reads, finds."""
    connection = psycopg2.connect(address)
    try:
        numbers = [f"select min(number), max(number), count(*) from shipworthy.{n}" for n in MARTS]
        with connection.cursor() as cursor:
            cursor.execute("set transaction isolation level repeatable read, read only")
            found = []
            for statement in numbers:
                cursor.execute(statement)
                found.append(cursor.fetchone())
            connection.commit()
            cursor.execute(" union all ".join(f"({statement})" for statement in numbers))
            together = cursor.fetchall()
        return found if len({number for row in together for number in row[:2]}) == 1 else together
    finally:
        connection.close()


def test_rows_and_types_arrive_as_they_are(warehouse, address):
    said = publish(warehouse, address)
    assert "127.0.0.1" in said
    assert address.split(":")[2].split("@")[0] not in said
    for name in MARTS:
        with duckdb.connect(str(warehouse), read_only=True) as connection:
            expected = connection.execute(f"from shipworthy.{name} order by all").fetchall()
        found = ask(address, f"select * from shipworthy.{name}")
        assert sorted(map(repr, found)) == sorted(map(repr, expected))
    types = ask(
        address,
        "select column_name, data_type from information_schema.columns "
        "where table_schema = 'shipworthy' and table_name = 'normalized_deployments'",
    )
    assert dict(types) == {
        "team": "text",
        "number": "bigint",
        "week_start_on": "date",
        "share": "double precision",
    }


def test_grants_and_views_of_others_outlive_a_publication(warehouse, address):
    publish(warehouse, address)
    ask(
        address,
        "create schema theirs",
        "create view theirs.shown as select sum(number) as total from shipworthy.headline",
        "create role reader",
        "grant select on shipworthy.headline to reader",
    )
    set_number(warehouse, 7)
    publish(warehouse, address)
    assert ask(address, "select total from theirs.shown") == [(7,)]
    assert ask(
        address, "select has_table_privilege('reader', 'shipworthy.headline', 'select')"
    ) == [(True,)]


def test_columns_and_tables_follow_the_marts(warehouse, address):
    publish(warehouse, address)
    with duckdb.connect(str(warehouse)) as connection:
        connection.execute("alter table shipworthy.headline add column more double")
        connection.execute("alter table shipworthy.headline alter number type double")
        connection.execute("alter table shipworthy.headline drop reason")
    publish(warehouse, address)
    assert ask(address, "select number, more from shipworthy.headline") == [(0.0, None)]
    with pytest.raises(psycopg2.errors.UndefinedColumn):
        ask(address, "select reason from shipworthy.headline")

    ask(address, "create view public.theirs as select more from shipworthy.headline")
    with duckdb.connect(str(warehouse)) as connection:
        connection.execute("alter table shipworthy.headline drop more")
    with pytest.raises(ShipworthyError, match=r"something still reads it .*view theirs"):
        publish(warehouse, address)
    assert ask(address, "select more from shipworthy.headline") == [(None,)]


def test_tables_of_somebody_else_stay(warehouse, address):
    ask(address, "create schema shipworthy", "create table shipworthy.headline as select 1 as mine")
    with pytest.raises(ShipworthyError, match="holds headline, which shipworthy did not publish"):
        publish(warehouse, address)
    assert ask(address, "select mine from shipworthy.headline") == [(1,)]
    publish(warehouse, address, name="published")
    assert ask(address, "select number from published.headline") == [(0,)]


def test_readers_see_no_error_and_one_version_while_100_are_published(warehouse, address):
    publish(warehouse, address)
    context = multiprocessing.get_context("spawn")
    is_over, results = context.Event(), context.Queue()
    readers = [
        context.Process(target=read_on, args=((read_schema, address), results, is_over))
        for _ in range(2)
    ]
    for reader in readers:
        reader.start()
    for number in range(1, 101):
        set_number(warehouse, number)
        publish(warehouse, address)
    is_over.set()
    found = [results.get(timeout=60) for _ in readers]
    for reader in readers:
        reader.join(60)
    assert [wrong for *_, wrong in found] == [[], []]
    assert all(count > 10 and versions > 5 for count, versions, _ in found)
    # Nothing of the versions before is left over.
    assert ask(address, "select nspname from pg_namespace where nspname like 'shipworthy%'") == [
        ("shipworthy",)
    ]


def test_every_query_of_the_grafana_dashboard_finds_rows(demo, address):
    publish(demo.warehouse, address, with_demo=True)
    empty = []
    for sql in queries("shipworthy"):
        # What Grafana writes in the place of its macro and of variables.
        filled = re.sub(
            r"\$__timeFilter\((.*?)\)", r"\1 between '2020-01-01' and '2030-01-01'", sql
        )
        filled = re.sub(
            r"\$\{(\w+):sqlstring\}",
            partial(_chosen, mart_of(sql)),
            filled,
        )
        if not ask(address, filled):
            empty.append(sql)
    assert not empty


def _chosen(mart, found):
    if found[1] == "team":
        return "select distinct team from shipworthy.normalized_deployments"
    return f'(select max(cast("{found[1]}" as text)) from {mart})'


def mart_of(sql):
    return re.search(r'from ("shipworthy"\.\S+)', sql)[1]
