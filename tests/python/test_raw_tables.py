"""What was loaded goes elsewhere as one whole: `shipworthy export`."""

import shutil
import sys

import duckdb
import pytest

from commands import run_command
from dbt_runs import ROOT, query, read_schemas
from shipworthy.contract import TABLES
from shipworthy.errors import ShipworthyError
from shipworthy.files import load_files
from shipworthy.raw_tables import export
from shipworthy.warehouse import connect


@pytest.fixture(scope="module")
def loaded(tmp_path_factory):
    warehouse = tmp_path_factory.mktemp("loaded") / "warehouse.duckdb"
    load_files(ROOT / "seeds" / "demo", warehouse)
    return warehouse


def rows_of(file):
    return sorted(map(repr, duckdb.sql(f"from read_parquet('{file}')").fetchall()))


def test_every_table_is_there_row_by_row(loaded, tmp_path):
    said = export(loaded, tmp_path / "raw")
    expected = read_schemas(loaded, "shipworthy_raw")
    assert len(rows_of(tmp_path / "raw" / "current" / "commits.parquet")) > 1000
    for name in TABLES:
        _, rows = expected[f"shipworthy_raw.{name}"]
        file = tmp_path / "raw" / "current" / f"{name}.parquet"
        assert rows_of(file) == sorted(map(repr, rows))
    assert f"Exported {len(TABLES)} tables" in said
    assert str((tmp_path / "raw" / "current").resolve().parent.parent) in said


def test_a_reader_of_the_one_before_reads_it_to_the_end(loaded, tmp_path):
    export(loaded, tmp_path)
    before = (tmp_path / "current").resolve()
    export(loaded, tmp_path)
    assert (tmp_path / "current").resolve() != before
    assert rows_of(before / "people.parquet") == rows_of(tmp_path / "current" / "people.parquet")
    export(loaded, tmp_path)
    assert not before.exists()


def test_a_table_or_column_that_is_missing_is_there_empty(loaded, tmp_path):
    """A warehouse of an older version, to which somebody added a column."""
    older = shutil.copy(loaded, tmp_path / "older.duckdb")
    with duckdb.connect(str(older)) as connection:
        connection.execute(
            "drop table shipworthy_raw.people; "
            "alter table shipworthy_raw.incidents drop merged_into_id; "
            "alter table shipworthy_raw.incidents add column theirs integer"
        )
    export(tmp_path / "older.duckdb", tmp_path / "raw")
    for name, rows in (
        ("people", 0),
        ("incidents", len(query(loaded, "from shipworthy_raw.incidents"))),
    ):
        found = duckdb.sql(f"from read_parquet('{tmp_path}/raw/current/{name}.parquet')")
        assert found.columns == list(TABLES[name].columns)
        assert len(found.fetchall()) == rows


@pytest.mark.parametrize("target", ["raw", "postgres://nobody@127.0.0.1:1/none"])
def test_nothing_loaded_is_nothing_to_export(tmp_path, monkeypatch, target):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ShipworthyError, match="no warehouse"):
        export(tmp_path / "none.duckdb", target)
    with connect(tmp_path / "empty.duckdb"):
        pass
    with pytest.raises(ShipworthyError, match="nothing was loaded"):
        export(tmp_path / "empty.duckdb", target)
    assert not (tmp_path / "raw").exists()


@pytest.mark.parametrize(
    ("target", "sentence"),
    [
        ("file", "--to file cannot be made"),
        ("missing/raw", "does not exist; make it first"),
        (
            "mysql://root@127.0.0.1/raw",
            "--to mysql://... is not known; name a directory, or postgres",
        ),
        ("postgres://nobody:secret@127.0.0.1:1/none", "cannot be reached"),
        ("postgres://nobody:sec/ret@127.0.0.1/none", "cannot be reached"),
        ("postgres://nobody@127.0.0.1/none?no_such_word=1", "cannot be reached"),
    ],
)
def test_a_place_that_cannot_be_is_one_sentence(loaded, tmp_path, monkeypatch, target, sentence):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file").write_text("")
    done = run_command("export", "--to", target, environment={"SHIPWORTHY_WAREHOUSE": str(loaded)})
    assert (done.returncode, done.stdout) == (2, "")
    assert sentence in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert "secret" not in done.stderr
    assert "sec/ret" not in done.stderr


def test_a_server_without_its_client_is_one_sentence(loaded, monkeypatch):
    monkeypatch.setitem(sys.modules, "psycopg2", None)
    with pytest.raises(ShipworthyError, match=r"pip install 'shipworthy\[postgres\]'"):
        export(loaded, "postgres://nobody@127.0.0.1/none")
