"""Spark gives the same marts as DuckDB, row by row: `make test-spark`."""

import shutil

import duckdb
import pytest

from dbt_runs import ROOT, differences, order, read_schemas, run_dbt
from shipworthy.files import load_files
from shipworthy.raw_tables import export
from spark_cluster import JavaMissingError, require_java, run_cluster

NO_TESTS = ("--exclude-resource-type=test", "--exclude-resource-type=unit_test")


@pytest.fixture(scope="module")
def expected(tmp_path_factory):
    """The demo's marts and facts as DuckDB builds them."""
    try:
        require_java()
    except JavaMissingError as error:
        pytest.fail(str(error), pytrace=False)
    warehouse = tmp_path_factory.mktemp("duckdb") / "demo.duckdb"
    run_dbt("build", warehouse, *NO_TESTS)
    return read_schemas(warehouse, "shipworthy")


def build(directory, *arguments, command="build", **environment):
    """Run dbt with tables in a directory."""
    return run_dbt(
        command,
        directory / "spark.duckdb",
        *("--target", "spark", *arguments),
        environment={"SHIPWORTHY_SPARK_WAREHOUSE": str(directory / "tables")} | environment,
    )


@pytest.fixture(scope="module")
def demo_on_spark(expected, tmp_path_factory):
    """Seeds, models, data tests and unit tests, in one process."""
    directory = tmp_path_factory.mktemp("local")
    return directory, build(directory, "--vars", "shipworthy__unit_tests: true")


@pytest.mark.spark
def test_demo_builds_without_a_warning(demo_on_spark):
    _, done = demo_on_spark
    assert "WARN=0 ERROR=0 SKIP=0" in done.output


@pytest.mark.spark
def test_every_mart_and_fact_is_the_same(demo_on_spark, expected):
    directory, _ = demo_on_spark
    assert len(expected) > 10
    assert any(len(rows) > 1000 for _, rows in expected.values())
    assert not list(differences(expected, read_parquet(directory / "tables", "shipworthy")))


@pytest.mark.spark
def test_rows_of_people_do_not_stay(demo_on_spark):
    directory, _ = demo_on_spark
    assert not list((directory / "tables").glob("restricted.db/*/*.parquet"))


@pytest.mark.spark
@pytest.mark.parametrize(
    "change",
    [
        "select * replace (held_lines * (1 + 1e-8) as held_lines) from {rows}",
        "select * replace (releases + 1 as releases) from {rows}",
        "select * from {rows} limit 10",
    ],
)
def test_a_difference_would_show(demo_on_spark, expected, tmp_path, change):
    directory, _ = demo_on_spark
    mart = "shipworthy.db/normalized_deployments"
    shutil.copytree(directory / "tables" / "shipworthy.db", tmp_path / "shipworthy.db")
    rows = f"read_parquet('{directory / 'tables' / mart}/*.parquet')"
    shutil.rmtree(tmp_path / mart)
    (tmp_path / mart).mkdir()
    duckdb.sql(change.format(rows=rows)).write_parquet(str(tmp_path / mart / "one.parquet"))
    assert list(differences(expected, read_parquet(tmp_path, "shipworthy")))


@pytest.mark.spark
@pytest.mark.cluster
def test_a_cluster_gives_the_same(expected, tmp_path):
    with run_cluster(tmp_path) as address:
        build(
            tmp_path,
            *NO_TESTS,
            SHIPWORTHY_SPARK_MASTER=address,
            SHIPWORTHY_SPARK_CATALOG="in-memory",
        )
    assert not list(differences(expected, read_parquet(tmp_path / "tables", "shipworthy")))


@pytest.mark.spark
def test_what_was_exported_is_read(expected, tmp_path):
    """In processes of their own, which the catalog outlives; the new files without another word."""
    warehouse, selected = tmp_path / "loaded.duckdb", ("--select", "stg_shipworthy__incidents")
    load_files(ROOT / "seeds" / "demo", warehouse)
    export(warehouse, tmp_path / "raw")
    current = tmp_path / "raw" / "current"
    arguments = ("--args", f"{{directory: {current}}}")
    build(tmp_path, *arguments, command="run-operation read_raw_files")
    with duckdb.connect(str(warehouse)) as connection:
        connection.execute(
            "delete from shipworthy_raw.incidents where incident_id in "
            "(select min(incident_id) from shipworthy_raw.incidents)"
        )
    export(warehouse, tmp_path / "raw")
    build(tmp_path, *selected, command="run")
    run_dbt("run", warehouse, *selected)
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        (wanted,) = connection.execute(
            "select count(*) from shipworthy_staging.stg_shipworthy__incidents"
        ).fetchone()
    found = read_parquet(tmp_path / "tables", "shipworthy_staging")
    _, rows = found["shipworthy_staging.stg_shipworthy__incidents"]
    assert len(rows) == wanted > 10


def test_a_machine_without_java_is_told_which_package_to_install(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("JAVA_HOME", raising=False)
    with pytest.raises(JavaMissingError, match="apt-get install default-jre-headless"):
        require_java()


def read_parquet(tables, schema):
    """Rows of every table of a schema, as `read_schemas` gives them."""
    relations = {}
    with duckdb.connect() as connection:
        connection.execute("set timezone = 'UTC'")
        for directory in sorted((tables / f"{schema}.db").iterdir()):
            rows = connection.sql(f"from read_parquet('{directory}/*.parquet')")
            # Spark's moments are moments of a zone, DuckDB's are of none.
            columns = ", ".join(
                f'"{name}"::timestamp as "{name}"' if "TIMESTAMP" in str(kind) else f'"{name}"'
                for name, kind in zip(rows.columns, rows.types, strict=True)
            )
            found = rows.project(columns)
            relations[f"{schema}.{directory.name}"] = (
                found.columns,
                sorted(found.fetchall(), key=order),
            )
    return relations
