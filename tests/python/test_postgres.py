"""PostgreSQL gives the same marts as DuckDB, row by row: `make test-postgres`."""

import re

import psycopg2
import pytest

from dbt_runs import ROOT, differences, order, read_schemas, run_dbt
from postgres_server import ServerMissingError, find_programs, run_server
from shipworthy.contract import RAW_SCHEMA, TABLES
from shipworthy.raw_tables import export
from shipworthy.warehouse import connect, merge

DEMO = ROOT / "seeds" / "demo"

ALL_OFF = {
    f"using_{name}": False
    for name in re.findall(
        r"^  shipworthy__using_(\w+):", (ROOT / "dbt_project.yml").read_text(), re.M
    )
}


@pytest.fixture(scope="module")
def build(server, tmp_path_factory):
    """Run dbt in a database of the server."""

    def run(database, *arguments, **options):
        beside = tmp_path_factory.mktemp(database) / "postgres.duckdb"
        return run_dbt(
            "build",
            beside,
            *("--target", "postgres", *arguments),
            environment=server.environment(database),
            **options,
        )

    return run


@pytest.fixture(scope="module")
def demo_on_postgres(server, build, tmp_path_factory):
    """Rows that were loaded and exported; models and every test, unit tests included."""
    server.create_database("demo")
    warehouse = tmp_path_factory.mktemp("loaded") / "warehouse.duckdb"
    with connect(warehouse) as connection:
        for name in TABLES:
            merge(connection, name, f"read_csv('{DEMO / name}.csv', all_varchar = true)")
    export(warehouse, server.address("demo"))
    return build("demo", variables={"unit_tests": True})


@pytest.fixture(scope="module")
def expected(demo):
    """The demo as DuckDB builds it, in the words of rows that were loaded."""
    relations = read_schemas(demo.warehouse, "shipworthy")
    columns, rows = relations["shipworthy.headline"]
    said = columns.index("data_source")
    assert {row[said] for row in rows} == {"DEMO"}
    loaded = [(*row[:said], "loaded", *row[said + 1 :]) for row in rows]
    return relations | {"shipworthy.headline": (columns, loaded)}


@pytest.mark.postgres
def test_demo_builds_without_a_warning(demo_on_postgres):
    assert "WARN=0 ERROR=0 SKIP=0" in demo_on_postgres.output
    assert "WARNING" not in demo_on_postgres.output


@pytest.mark.postgres
def test_every_mart_and_fact_is_the_same(server, demo_on_postgres, expected):
    assert len(expected) > 10
    assert any(len(rows) > 1000 for _, rows in expected.values())
    assert not list(differences(expected, read_postgres(server, "demo")))


@pytest.mark.postgres
def test_a_difference_would_show(server, demo_on_postgres, expected):
    server.create_database("damaged", template="demo")
    table = "shipworthy.normalized_deployments"
    one = f"(select min(ctid) from {table} where is_mature and held_lines > 0)"
    for damage in (
        f"update {table} set held_lines = held_lines * (1 + 1e-8) where ctid = {one}",
        f"update {table} set releases = releases + 1 where ctid = {one}",
        f"delete from {table} where ctid = {one}",
        f"insert into {table} (team, week_start_on) values ('nobody', '2020-01-06')",
    ):
        with server.connect("damaged") as cursor:
            cursor.execute("begin")
            cursor.execute(damage)
            found = read_postgres(server, "damaged", cursor)
            cursor.execute("rollback")
        assert list(differences(expected, found)), damage


@pytest.mark.postgres
def test_everything_switched_off_is_the_same(server, build, tmp_path):
    """From the demo's seeds, because nothing was loaded there."""
    server.create_database("off")
    done = build("off", variables=ALL_OFF)
    assert "WARN=0 ERROR=0 SKIP=0" in done.output
    warehouse = tmp_path / "off.duckdb"
    run_dbt("seed", warehouse)
    run_dbt("run", warehouse, variables=ALL_OFF)
    expected = read_schemas(warehouse, "shipworthy")
    assert expected["shipworthy.fct_changes"][1]
    assert not list(differences(expected, read_postgres(server, "off")))
    seeds = read_schemas(warehouse, "shipworthy_demo")
    assert len(seeds) == len(TABLES)
    assert not list(differences(seeds, read_postgres(server, "off", schema="shipworthy_demo")))


@pytest.mark.postgres
@pytest.mark.parametrize("variables", [{}, ALL_OFF], ids=["on", "off"])
def test_empty_inputs_build(server, build, tmp_path, variables):
    database = "empty_off" if variables else "empty"
    server.create_database(database)
    with server.connect(database) as cursor:
        cursor.execute(f"create schema {RAW_SCHEMA}")
        for name, table in TABLES.items():
            columns = ", ".join(
                f'"{column}" {kind.replace("DOUBLE", "double precision")}'
                for column, kind in table.columns.items()
            )
            cursor.execute(f'create table {RAW_SCHEMA}."{name}" ({columns})')
    variables = variables | {"demo": False}
    done = build(database, variables=variables)
    assert "WARN=0 ERROR=0 SKIP=0" in done.output

    warehouse = tmp_path / "empty.duckdb"
    connect(warehouse).close()
    run_dbt("seed", warehouse, variables=variables)
    run_dbt("run", warehouse, variables=variables)
    expected = read_schemas(warehouse, "shipworthy")
    assert not list(differences(expected, read_postgres(server, database)))


@pytest.mark.postgres
def test_nothing_is_left_of_a_server_after_a_failure():
    kept = []

    def fail():
        with run_server() as running:
            kept.append(running)
            assert running.home.exists()
            raise RuntimeError("stop")

    with pytest.raises(RuntimeError, match="stop"):
        fail()
    assert not kept[0].home.exists()
    with pytest.raises(psycopg2.OperationalError), kept[0].connect():
        pass


def test_a_machine_without_a_server_is_told_which_package_to_install(monkeypatch, tmp_path):
    monkeypatch.setattr("postgres_server.DEBIAN", tmp_path)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ServerMissingError, match="apt-get install postgresql"):
        find_programs()


def read_postgres(server, database, cursor=None, schema="shipworthy"):
    """Rows of every table of a schema, as `read_schemas` gives them."""
    if cursor is None:
        with server.connect(database) as own:
            return read_postgres(server, database, own, schema)
    cursor.execute("select tablename from pg_tables where schemaname = %s", [schema])
    relations = {}
    for (name,) in cursor.fetchall():
        cursor.execute(f'select * from {schema}."{name}"')
        columns = [column[0] for column in cursor.description]
        relations[f"{schema}.{name}"] = columns, sorted(cursor.fetchall(), key=order)
    return relations
