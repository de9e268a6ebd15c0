"""How far an export reaches: said by whoever made it, or told that nobody said it."""

from datetime import UTC, date, datetime

import duckdb
import pytest
from click.testing import CliRunner

from shipworthy.cli import cli
from shipworthy.contract import RAW_SCHEMA
from shipworthy.errors import ShipworthyError
from shipworthy.reach import reach_in_words, read_through
from shipworthy.sources.config import read_config
from shipworthy.sources.run import run_steps

NOW = datetime(2026, 3, 10, 15, 30, tzinfo=UTC)
INCIDENTS = "incident_id,opened_at\ni1,2026-01-05 10:00:00\ni2,\n"


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """An export of incidents and people beside an empty warehouse; it is the current directory."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SHIPWORTHY_WAREHOUSE", str(tmp_path / "warehouse.duckdb"))
    (tmp_path / "exports").mkdir()
    (tmp_path / "exports" / "incidents.csv").write_text(INCIDENTS)
    (tmp_path / "exports" / "services.csv").write_text("service,team\nshop,blue\n")
    return tmp_path


def watermarks(folder):
    with duckdb.connect(str(folder / "warehouse.duckdb")) as connection:
        return connection.execute(
            "select input, source, loaded_through, rows, rejected_rows "
            f"from {RAW_SCHEMA}.load_watermarks order by input"
        ).fetchall()


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("2026-01-31", datetime(2026, 2, 1)),
        (date(2026, 1, 31), datetime(2026, 2, 1)),
        ("2026-03-10", datetime(2026, 3, 10, 15, 30)),
        ("2026-01-31T12:00:00", datetime(2026, 1, 31, 12)),
        ("2026-01-31 12:00:00+02:00", datetime(2026, 1, 31, 10)),
        (datetime(2026, 1, 31, 12, tzinfo=UTC), datetime(2026, 1, 31, 12)),
    ],
)
def test_a_day_counts_to_its_end_and_today_up_to_now(said, meant):
    assert read_through(said, "--through", NOW) == meant


@pytest.mark.parametrize(
    "said", ["2026-03-11", "2026-03-10T15:31:00", "yesterday", "2026-13-01", ""]
)
def test_what_nobody_can_know_is_refused_by_name(said):
    with pytest.raises(ShipworthyError, match="--through is") as error:
        read_through(said, "--through", NOW)
    assert "\n" not in str(error.value)


def test_a_load_says_how_far_it_reaches(folder):
    done = CliRunner().invoke(cli, ["load", "files", "exports", "--through", "2026-01-31"])
    assert done.exit_code == 0, done.output
    assert "Complete through 2026-02-01 00:00 UTC." in done.output
    end = datetime(2026, 2, 1)
    assert watermarks(folder) == [
        ("incidents", "files", end, 2, 0),
        ("services", "files", end, 1, 0),
    ]
    # An older export loaded again takes nothing back.
    CliRunner().invoke(cli, ["load", "files", "exports", "--through", "2026-01-20"])
    assert {row[2] for row in watermarks(folder)} == {end}


def test_a_load_that_does_not_say_it_names_the_flag(folder):
    done = CliRunner().invoke(cli, ["load", "files", "exports"])
    assert "so for incidents the newest row stands in" in done.output
    assert "--through DATE" in done.output
    assert watermarks(folder) == []
    (folder / "exports" / "incidents.csv").unlink()
    assert "--through" not in CliRunner().invoke(cli, ["load", "files", "exports"]).output


def test_the_configuration_says_it_too(folder):
    config = folder / "shipworthy.toml"
    config.write_text('[files]\ndirectory = "exports"\nthrough = 2026-01-31\n')
    (result,) = run_steps(read_config(config), folder / "warehouse.duckdb")
    assert result.error == ""
    assert "Complete through 2026-02-01" in result.lines[-1]
    assert watermarks(folder)[0][2] == datetime(2026, 2, 1)
    config.write_text('[files]\ndirectory = "exports"\nthrough = 9999-01-31\n')
    with pytest.raises(ShipworthyError, match="through is 9999-01-31, which lies in the future"):
        read_config(config)


def test_a_file_of_watermarks_says_it_itself():
    assert reach_in_words(["incidents", "load_watermarks"], None) == ""
    assert "for incidents, commits the newest row" in reach_in_words(["incidents", "commits"], None)
