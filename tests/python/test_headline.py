"""The line at the end of a build says what the mart says, and why it says nothing."""

import duckdb
import pytest
from click.testing import CliRunner

from shipworthy.cli import cli
from shipworthy.errors import ShipworthyError
from shipworthy.headline import headline

FULL = {
    "as_of_at": "timestamp '2026-10-11 23:00:00'",
    "normalized_deployments_per_week": "40.67",
    "ai_share": "0.374",
    "normalized_deployments_null_reason": "null",
    "severity_weighted_failure_rate": "0.0241",
    "severity_weighted_failure_rate_null_reason": "null",
    "turnover_ratio": "2.2136",
    "turnover_ratio_low": "1.532",
    "turnover_ratio_high": "3.207",
    "turnover_signal": "'alarm'",
    "turnover_window_days": "30",
    "turnover_ratio_null_reason": "null",
}


def warehouse(directory, **changes):
    path = directory / "some.duckdb"
    columns = ", ".join(f"{value} as {name}" for name, value in (FULL | changes).items())
    with duckdb.connect(str(path)) as connection:
        connection.execute("create schema shipworthy")
        connection.execute(f"create table shipworthy.headline as select {columns}")
    return path


def test_three_numbers_in_one_line(tmp_path):
    path = warehouse(tmp_path)
    assert headline(path) == (
        f"{path} (as of 2026-10-11): normalized deployments 40.7 a week (37% AI); "
        "severity-weighted failure rate 0.024; "
        "30-day turnover ratio AI to human 2.21 [1.53, 3.21], alarm"
    )


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
    assert headline(path) == (
        f"{path} (as of no data): normalized deployments: none (no mature week); "
        "severity-weighted failure rate: none (incidents not loaded); "
        "30-day turnover ratio AI to human: none (no human line removed)"
    )


def test_an_unbounded_limit_and_an_underscored_signal_read_well(tmp_path):
    path = warehouse(
        tmp_path, turnover_ratio_high="null", turnover_signal="'insufficient_data'", ai_share="null"
    )
    assert headline(path).endswith("2.21 [1.53, unbounded], insufficient data")
    assert "40.7 a week;" in headline(path)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [(None, "there is no warehouse"), (b"text, not a database" * 999, "no DuckDB file")],
)
def test_what_is_no_warehouse_is_refused(tmp_path, content, sentence):
    path = tmp_path / "some.duckdb"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ShipworthyError, match=sentence):
        headline(path)


def test_a_warehouse_without_marts_is_refused(tmp_path):
    path = tmp_path / "some.duckdb"
    duckdb.connect(str(path)).close()
    with pytest.raises(ShipworthyError, match="no marts yet; run `dbt build`"):
        headline(path)


def test_the_command_reads_the_warehouse_of_the_environment(tmp_path, monkeypatch):
    path = warehouse(tmp_path)
    monkeypatch.setenv("SHIPWORTHY_WAREHOUSE", str(path))
    result = CliRunner().invoke(cli, ["headline"])
    assert result.exit_code == 0
    assert result.output == headline(path) + "\n"
