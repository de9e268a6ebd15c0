"""What a build ends with says what the mart says, and why it says nothing."""

import json
import os
import random
import sqlite3

import duckdb
import pytest
from click.testing import CliRunner

from published import record_builds
from shipworthy.cli import cli
from shipworthy.errors import ShipworthyError
from shipworthy.headline import headline, headline_json
from shipworthy.warehouse import connect

FULL = {
    "as_of_at": "timestamp '2026-10-11 23:00:00'",
    "normalized_deployments_per_week": "40.67",
    "ai_share": "0.374",
    "shipping_first_week_start_on": "date '2026-06-15'",
    "shipping_last_week_start_on": "date '2026-08-31'",
    "deployments": "1480",
    "deployments_shipping_nothing": "312",
    "normalized_deployments_null_reason": "null",
    "severity_weighted_failure_rate": "0.0241",
    "severity_weighted_failure_rate_low": "0.0187",
    "severity_weighted_failure_rate_high": "0.0312",
    "severity_weighted_failure_rate_null_reason": "null",
    "turnover_ratio": "2.2136",
    "turnover_ratio_low": "1.532",
    "turnover_ratio_high": "3.207",
    "turnover_signal": "'alarm'",
    "turnover_basis": "'ai_usage'",
    "turnover_attribution_coverage": "0.8124",
    "turnover_window_days": "30",
    "turnover_ratio_null_reason": "null",
    "data_source": "'loaded'",
}


def warehouse(directory, schema="shipworthy", **changes):
    path = directory / "some.duckdb"
    columns = ", ".join(f"{value} as {name}" for name, value in (FULL | changes).items())
    with duckdb.connect(str(path)) as connection:
        connection.execute(f"create schema {schema}")
        connection.execute(f"create table {schema}.headline as select {columns}")
    return path


def test_three_numbers_in_sentences(tmp_path):
    path = warehouse(tmp_path)
    assert headline(path).splitlines() == [
        f"{path} (as of 2026-10-11)",
        "Normalized deployments: 40.7 a week, 37% of them AI-written in the 12 weeks to "
        "2026-09-06. 312 of 1480 production deployments shipped nothing.",
        "Severity-weighted failure rate: 0.024 [0.019, 0.031].",
        "30-day turnover of AI against human code: rewritten 2.21 times as often [1.53, 3.21], "
        "alarm.",
        "81% of the lines carry a mark of who wrote them. Code without a mark counts as human "
        "where its author had no AI at hand (ai_usage).",
    ]


def test_harm_is_told_line_for_line(tmp_path):
    harm = {
        "fixed_lines_ratio": "1.84",
        "fixed_lines_ratio_low": "1.1",
        "fixed_lines_ratio_high": "5.21",
        "fixed_lines_signal": "'more'",
        "fixed_lines_weeks": "26",
        "failed_releases_ratio": "1.0",
        "failed_releases_ratio_low": "0.5",
        "failed_releases_ratio_high": "null",
        "failed_releases_signal": "'inconclusive'",
        "failed_releases_weeks": "52",
    }
    assert headline(warehouse(tmp_path, **harm)).splitlines()[-1] == (
        "Harm of AI against human code, line for line: 1.84 times as often among the lines that "
        "fixes of incidents and hotfixes removed [1.10, 5.21], more over 26 weeks; 1.00 times as "
        "often in releases that failed [0.50, unbounded], inconclusive over 52 weeks."
    )


def test_harm_of_a_builder_and_week_has_its_interval(tmp_path):
    harm = {
        "harm_per_builder_week": "0.0114",
        "harm_per_builder_week_low": "0.0056",
        "harm_per_builder_week_high": "0.0229",
    }
    assert headline(warehouse(tmp_path, **harm)).splitlines()[2] == (
        "Severity-weighted failure rate: 0.024 [0.019, 0.031]. "
        "Harm: 0.011 a builder and week [0.006, 0.023]."
    )


def test_the_demo_says_so_and_when_it_is_out_of_date(tmp_path):
    path = warehouse(tmp_path, data_source="'DEMO'")
    assert headline(path).startswith(f"{path} (as of 2026-10-11, DEMO: an invented organisation)\n")
    assert "dbt build" not in headline(path)
    connection = connect(path)
    assert "dbt build" not in headline_of(connection, path)
    connection = connect(path)
    connection.execute("insert into shipworthy_raw.services (service) values ('shop')")
    sentence = "Rows were loaded since this was built from the demo; run `dbt build`."
    assert headline_of(connection, path).endswith(sentence)
    assert json.loads(headline_json(path))["is_outdated"] is True


def headline_of(connection, path):
    connection.close()
    return headline(path)


def test_a_number_that_is_not_known_says_why(tmp_path):
    path = warehouse(
        tmp_path,
        as_of_at="null::timestamp",
        normalized_deployments_per_week="null",
        normalized_deployments_null_reason="'no_mature_week'",
        severity_weighted_failure_rate="null",
        severity_weighted_failure_rate_null_reason="'incidents_not_loaded'",
        turnover_ratio="null",
        turnover_ratio_null_reason="'no_human_line_removed'",
    )
    assert headline(path).splitlines() == [
        f"{path} (no data)",
        "Normalized deployments: none (no mature week).",
        "Severity-weighted failure rate: none (incidents not loaded).",
        "30-day turnover of AI against human code: none (no human line removed).",
        "Weeks: none is final yet. One is when its lines have had the turnover window to be "
        "rewritten in and what it rests on was read beyond that; load and build again then.",
        "Incidents: load incidents.csv, or a source of incidents.",
    ]


def test_what_would_bring_a_number_is_said_once(tmp_path):
    path = warehouse(
        tmp_path,
        normalized_deployments_per_week="null",
        normalized_deployments_null_reason="'deployments_not_loaded'",
        severity_weighted_failure_rate="null",
        severity_weighted_failure_rate_null_reason="'deployments_not_loaded'",
    )
    lines = headline(path).splitlines()
    assert [line for line in lines if line.startswith("Deployments: ")] == [
        "Deployments: shipworthy load git PATH --releases 'v*' takes release tags for them, or "
        "load deployments.csv."
    ]
    path.unlink()
    warehouse(
        tmp_path,
        normalized_deployments_per_week="null",
        normalized_deployments_null_reason="'no_builders'",
    )
    assert "list who does by the address of their commits" in headline(path)


def test_no_ratio_without_a_verdict(tmp_path):
    path = warehouse(
        tmp_path,
        turnover_signal="'insufficient_data'",
        turnover_basis="'trailers_only'",
        turnover_attribution_coverage="0.02",
    )
    *_, ratio, rests = headline(path).splitlines()
    assert ratio == "30-day turnover of AI against human code: too little data for a verdict."
    assert rests.startswith("2% of the lines carry a mark of who wrote them. The comparison rests")
    assert rests.endswith("load AI usage (trailers_only).")
    assert "2.21" not in headline_json(path)
    row = json.loads(headline_json(path))
    assert [row["turnover_ratio"], row["turnover_ratio_low"], row["turnover_signal"]] == [
        None,
        None,
        "insufficient_data",
    ]


def test_an_unbounded_limit_reads_well(tmp_path):
    path = warehouse(tmp_path, turnover_ratio_high="null", ai_share="null")
    assert "[1.53, unbounded], alarm." in headline(path)
    assert "40.7 a week in the 12 weeks" in headline(path)


def test_json_holds_the_mart(tmp_path):
    path = warehouse(tmp_path)
    row = json.loads(headline_json(path))
    assert row.keys() == {"warehouse", *FULL, "is_outdated", "flaw_of_last_build"}
    assert row["as_of_at"] == "2026-10-11T23:00:00"
    assert row["shipping_last_week_start_on"] == "2026-08-31"
    assert row["turnover_ratio"] == 2.2136


@pytest.mark.parametrize(
    ("builds", "sentence"),
    [
        ([("succeeded", "all"), ("failed", "all")], "last build failed (`dbt build`, 2026-10-12"),
        ([("succeeded", "all"), ("running", "part")], "did not end (`dbt build`, begun 2026-10-12"),
        ([("succeeded", "all"), ("failed", "tests")], "last build failed (`dbt test`, 2026-10-12"),
        ([("failed", "all"), ("succeeded", "all")], None),
        ([("succeeded", "all"), ("succeeded", "part")], None),
    ],
)
def test_numbers_of_a_build_that_failed_or_never_ended_say_so(tmp_path, builds, sentence):
    path = warehouse(tmp_path)
    record_builds(path, builds)
    told, flaw = headline(path), json.loads(headline_json(path))["flaw_of_last_build"]
    if sentence is None:
        assert "last build" not in told
        assert flaw is None
    else:
        assert sentence in told.splitlines()[1]
        assert flaw in told


def test_what_holds_numbers_back_is_named_with_what_mends_it(tmp_path):
    changes = {"teams_left_out": "1", "turnover_signal_weeks": "26"}
    for measure in ("normalized_deployments", "severity_weighted_failure_rate"):
        changes |= {
            f"{measure}_held_back_by": "'pagerduty'",
            f"{measure}_held_back_since": "timestamp '2026-08-01 12:00:00'",
            f"{measure}_held_back_hint": "'load it again: shipworthy load pagerduty'",
        }
    changes |= {
        "turnover_ratio_held_back_by": "null",
        "turnover_ratio_held_back_since": "null",
        "turnover_ratio_held_back_hint": "null",
    }
    path = warehouse(tmp_path, **changes)
    lines = headline(path).splitlines()
    assert lines[3].endswith("alarm over 26 weeks, because 12 are too few for a verdict.")
    assert lines[-2:] == [
        "Held back by pagerduty, known only through 2026-08-01: normalized deployments, failure "
        "rate. Load it again: shipworthy load pagerduty.",
        "1 team waits for a source that lags, and is left out of deployments and failures.",
    ]
    found = json.loads(headline_json(path))
    assert found["normalized_deployments_held_back_since"] == "2026-08-01T12:00:00"


def test_a_mart_of_another_schema_is_found(tmp_path):
    path = warehouse(tmp_path, schema="analytics_shipworthy")
    assert "40.7 a week" in headline(path)
    with duckdb.connect(str(path)) as connection:
        connection.execute("create schema other; create table other.headline as select 1 as size")
    assert "40.7 a week" in headline(path)
    with duckdb.connect(str(path)) as connection:
        connection.execute(
            "create schema dev; create table dev.headline as from analytics_shipworthy.headline"
        )
    with pytest.raises(ShipworthyError, match="several headlines, in analytics_shipworthy, dev"):
        headline(path)
    assert "40.7 a week" in headline(path, "dev")
    with pytest.raises(ShipworthyError, match="schema nowhere holds no headline; it is in"):
        headline(path, "nowhere")


# ---------------------------------------------------------------------------- no warehouse


def some_sqlite(path):
    with sqlite3.connect(path) as connection:
        connection.execute("create table headline (as_of_at)")
    connection.close()


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (lambda path: None, "there is no warehouse at"),
        (lambda path: path.write_bytes(b"text, not a database" * 999), "is not a DuckDB database"),
        (lambda path: path.write_bytes(b""), "has no marts yet|is not a DuckDB database"),
        (some_sqlite, "is not a DuckDB database"),
    ],
)
def test_what_is_no_warehouse_is_refused_by_name(tmp_path, make, sentence):
    path = tmp_path / "some.duckdb"
    make(path)
    with pytest.raises(ShipworthyError, match=sentence) as refusal:
        headline(path)
    assert str(path) in str(refusal.value)


def test_a_warehouse_without_marts_is_refused(tmp_path):
    path = tmp_path / "some.duckdb"
    duckdb.connect(str(path)).close()
    with pytest.raises(ShipworthyError, match="no marts yet; run `dbt build`"):
        headline(path)


def damages(whole, dice):
    """60 ways: bytes in the head of the file, bytes anywhere, whole blocks, and its end missing."""
    for number in range(60):
        damaged = bytearray(whole)
        length, reach = [(16, 12288), (64, len(whole)), (4096, len(whole)), (0, 0)][number % 4]
        if length:
            place = dice.randrange(reach - length)
            damaged[place : place + length] = dice.randbytes(length)
        else:
            del damaged[dice.randrange(len(whole)) :]
        yield damaged


@pytest.mark.parametrize("command", ["headline", "doctor"])
def test_a_damaged_warehouse_is_one_sentence(tmp_path, monkeypatch, command):
    """A sentence that names the file, or the numbers where nothing that is read is hit."""
    path = warehouse(tmp_path)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SHIPWORTHY_WAREHOUSE", str(path))
    with connect(path) as connection:
        connection.execute(
            "insert into shipworthy_raw.load_watermarks (input, source, loaded_through, loaded_at)"
            " values ('commits', 'git:acme/shop', '2026-01-01', '2026-01-02')"
        )
    whole = path.read_bytes()
    refused = 0
    for damaged in damages(whole, random.Random(7)):
        path.write_bytes(damaged)
        result = CliRunner().invoke(cli, [command])
        if result.exit_code == 0:
            continue
        refused += 1
        assert isinstance(result.exception, ShipworthyError)
        if command == "headline":
            assert str(path) in str(result.exception)
            assert "\n" not in str(result.exception)
        else:
            (line,) = (text for text in result.output.splitlines() if text.startswith("warehouse "))
            assert str(path) in line
    assert refused > 10


def test_a_warehouse_of_somebody_else_says_so(tmp_path, monkeypatch):
    path = warehouse(tmp_path)
    # Root, who may run this, is allowed everything.
    monkeypatch.setattr(os, "access", lambda path, mode: mode != os.R_OK)
    with pytest.raises(ShipworthyError, match="cannot be read: you are not allowed to"):
        headline(path)


def test_the_command_reads_the_warehouse_of_the_environment(tmp_path, monkeypatch):
    path = warehouse(tmp_path)
    monkeypatch.setenv("SHIPWORTHY_WAREHOUSE", str(path))
    result = CliRunner().invoke(cli, ["headline"])
    assert result.exit_code == 0
    assert result.output == headline(path) + "\n"
    result = CliRunner().invoke(cli, ["headline", "--json"])
    assert json.loads(result.output)["warehouse"] == str(path)


@pytest.mark.parametrize("name", [":memory:", ":memory:shop", "md:shop", "s3://bucket/some.duckdb"])
def test_what_is_no_file_is_no_warehouse(tmp_path, monkeypatch, name):
    monkeypatch.setenv("SHIPWORTHY_WAREHOUSE", name)
    for command in (["headline"], ["load", "files", str(tmp_path)], ["key", "ada@example.com"]):
        result = CliRunner().invoke(cli, command)
        assert isinstance(result.exception, ShipworthyError)
        assert "The warehouse must be a file" in str(result.exception)
