"""What was loaded goes to Parquet as one whole: `shipworthy export`."""

import duckdb
import pytest

from dbt_runs import ROOT, read_schemas
from shipworthy.contract import TABLES
from shipworthy.errors import ShipworthyError
from shipworthy.files import load_files
from shipworthy.raw_files import export
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


def test_nothing_loaded_is_nothing_to_export(tmp_path):
    with pytest.raises(ShipworthyError, match="no warehouse"):
        export(tmp_path / "none.duckdb", tmp_path / "raw")
    with connect(tmp_path / "empty.duckdb"):
        pass
    with pytest.raises(ShipworthyError, match="nothing was loaded"):
        export(tmp_path / "empty.duckdb", tmp_path / "raw")
    assert not (tmp_path / "raw").exists()


def test_a_directory_that_cannot_be_made_is_one_sentence(loaded, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(ShipworthyError):
        export(loaded, tmp_path / "file")
