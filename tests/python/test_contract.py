"""The source contract is stated once, and what is written from it is current."""

import shutil

import pytest
from click.testing import CliRunner

from dbt_places import ROOT
from shipworthy.cli import cli
from shipworthy.contract import TABLES
from shipworthy.contract_files import contract_files, stale_files
from shipworthy.errors import ShipworthyError


@pytest.fixture
def copy(tmp_path):
    """The files that state the contract, elsewhere."""
    for path in contract_files(ROOT):
        there = tmp_path / path.relative_to(ROOT)
        there.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, there)
    return tmp_path


def test_what_is_committed_is_what_the_contract_says():
    assert [str(path) for path in stale_files(ROOT)] == [], "run `make contract`"


def test_every_column_says_what_it_is():
    for table in TABLES.values():
        assert table.description.startswith("One row per ")
        assert set(table.nullable_key) <= set(table.key) <= table.columns.keys()
        for column in table.fields:
            assert column.description[-1] == ".", (table.name, column.name)
            assert not column.unit or column.type in ("BIGINT", "DOUBLE")
            assert not column.name.endswith("_usd") or column.unit == "USD"


def test_what_is_old_is_named_and_written(copy):
    model = copy / "models" / "staging" / "_inputs.yml"
    model.write_text(model.read_text().replace("untagged", "unlabelled"))
    (copy / "seeds" / "demo" / "_demo.yml").unlink()

    done = CliRunner().invoke(cli, ["contract", "--root", str(copy)])
    assert isinstance(done.exception, ShipworthyError)
    assert "_inputs.yml" in str(done.exception)
    assert "_demo.yml" in str(done.exception)
    assert "inputs.md" not in str(done.exception)
    assert "unlabelled" in model.read_text()

    done = CliRunner().invoke(cli, ["contract", "--write", "--root", str(copy)])
    assert (done.exit_code, "_inputs.yml" in done.output) == (0, True)
    assert not stale_files(copy)
    assert "unlabelled" not in model.read_text()


def test_elsewhere_is_a_sentence(tmp_path, copy):
    done = CliRunner().invoke(cli, ["contract", "--root", str(tmp_path / "docs")])
    assert "run this in shipworthy's own repository" in str(done.exception)
    page = copy / "docs" / "inputs.md"
    page.write_text("# Inputs\n")
    done = CliRunner().invoke(cli, ["contract", "--root", str(copy)])
    assert "has no comments between which the contract stands" in str(done.exception)
