"""PostgreSQL gives the same marts as DuckDB, row by row: `make test-postgres`."""

import re

import psycopg2
import pytest

from dbt_runs import ROOT, differences, order, read_schemas, run_dbt
from postgres_server import ServerMissingError, find_programs, run_server
from shipworthy.contract import RAW_SCHEMA, TABLES
from shipworthy.warehouse import connect

NO_SEEDS = "--exclude-resource-type=seed"
ALL_OFF = {
    f"using_{name}": False
    for name in re.findall(
        r"^  shipworthy__using_(\w+):", (ROOT / "dbt_project.yml").read_text(), re.M
    )
}


@pytest.fixture(scope="module")
def server():
    """Start a server of our own; a machine without one fails, it does not skip."""
    try:
        with run_server() as running:
            yield running
    except ServerMissingError as error:
        pytest.fail(str(error), pytrace=False)


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
def demo_on_postgres(server, build):
    """Seeds, models and every test, unit tests included."""
    server.create_database("demo")
    return build("demo")


@pytest.mark.postgres
def test_demo_builds_without_a_warning(demo_on_postgres):
    assert "WARN=0 ERROR=0 SKIP=0" in demo_on_postgres.output
    assert "WARNING" not in demo_on_postgres.output


@pytest.mark.postgres
def test_every_mart_and_fact_is_the_same(server, demo_on_postgres, demo):
    expected = read_schemas(demo.warehouse, "shipworthy")
    assert len(expected) > 10
    assert any(len(rows) > 1000 for _, rows in expected.values())
    assert not list(differences(expected, read_postgres(server, "demo")))


@pytest.mark.postgres
def test_a_difference_would_show(server, demo_on_postgres, demo):
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
        assert list(differences(read_schemas(demo.warehouse, "shipworthy"), found)), damage


@pytest.mark.postgres
def test_everything_switched_off_is_the_same(server, build, demo_on_postgres, demo, tmp_path):
    server.create_database("off", template="demo")
    done = build("off", NO_SEEDS, variables=ALL_OFF)
    assert "WARN=0 ERROR=0 SKIP=0" in done.output
    warehouse = tmp_path / "off.duckdb"
    run_dbt("seed", warehouse)
    run_dbt("run", warehouse, variables=ALL_OFF)
    expected = read_schemas(warehouse, "shipworthy")
    assert expected["shipworthy.fct_changes"][1]
    assert not list(differences(expected, read_postgres(server, "off")))


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


def read_postgres(server, database, cursor=None):
    """Rows of every table of the schema `shipworthy`, as `read_schemas` gives them."""
    if cursor is None:
        with server.connect(database) as own:
            return read_postgres(server, database, own)
    cursor.execute("select tablename from pg_tables where schemaname = 'shipworthy'")
    relations = {}
    for (name,) in cursor.fetchall():
        cursor.execute(f'select * from shipworthy."{name}"')
        columns = [column[0] for column in cursor.description]
        relations[f"shipworthy.{name}"] = columns, sorted(cursor.fetchall(), key=order)
    return relations
