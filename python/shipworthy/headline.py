"""The line that a build ends with, read from the mart `headline`."""

from pathlib import Path

import duckdb

from shipworthy.errors import ShipworthyError

_COLUMNS = (
    "as_of_at",
    "normalized_deployments_per_week",
    "ai_share",
    "normalized_deployments_null_reason",
    "severity_weighted_failure_rate",
    "severity_weighted_failure_rate_null_reason",
    "turnover_ratio",
    "turnover_ratio_low",
    "turnover_ratio_high",
    "turnover_signal",
    "turnover_window_days",
    "turnover_ratio_null_reason",
)


def headline(warehouse: Path) -> str:
    """Say in one line where the warehouse is and what the three headline numbers are.

    Parameters
    ----------
    warehouse : Path
        The DuckDB file that dbt built.

    Returns
    -------
    str
        One line; a number that is null is told with its reason.

    Raises
    ------
    ShipworthyError
        If there is no such file, it is not a warehouse, or the marts are not built.
    """
    row = _read(warehouse)
    as_of = f"{row['as_of_at']:%Y-%m-%d}" if row["as_of_at"] else "no data"
    numbers = (_shipping(row), _failing(row), _turnover(row))
    return f"{warehouse} (as of {as_of}): {'; '.join(numbers)}"


def _read(warehouse: Path) -> dict[str, object]:
    if not warehouse.is_file():
        raise ShipworthyError(
            f"there is no warehouse at {warehouse}; "
            "run `make build`, or load data and run `dbt build`."
        )
    # Without this DuckDB takes a missing table for a Python object of the same name.
    config = {"python_enable_replacements": False}
    try:
        with duckdb.connect(str(warehouse), read_only=True, config=config) as connection:
            rows = connection.execute(
                f"select {', '.join(_COLUMNS)} from shipworthy.headline"
            ).fetchall()
    except duckdb.CatalogException as error:
        raise ShipworthyError(f"{warehouse} has no marts yet; run `dbt build`.") from error
    except duckdb.IOException as error:
        raise ShipworthyError(
            f"{warehouse} cannot be read: another process has it open, or it is no DuckDB file."
        ) from error
    return dict(zip(_COLUMNS, rows[0], strict=True))


def _shipping(row: dict[str, object]) -> str:
    value = row["normalized_deployments_per_week"]
    if value is None:
        return f"normalized deployments: none ({_reason(row, 'normalized_deployments')})"
    share = "" if row["ai_share"] is None else f" ({row['ai_share']:.0%} AI)"
    return f"normalized deployments {value:.1f} a week{share}"


def _failing(row: dict[str, object]) -> str:
    value = row["severity_weighted_failure_rate"]
    if value is None:
        reason = _reason(row, "severity_weighted_failure_rate")
        return f"severity-weighted failure rate: none ({reason})"
    return f"severity-weighted failure rate {value:.3f}"


def _turnover(row: dict[str, object]) -> str:
    name = f"{row['turnover_window_days']}-day turnover ratio AI to human"
    value = row["turnover_ratio"]
    if value is None:
        return f"{name}: none ({_reason(row, 'turnover_ratio')})"
    high = row["turnover_ratio_high"]
    high_limit = "unbounded" if high is None else f"{high:.2f}"
    signal = str(row["turnover_signal"]).replace("_", " ")
    return f"{name} {value:.2f} [{row['turnover_ratio_low']:.2f}, {high_limit}], {signal}"


def _reason(row: dict[str, object], measure: str) -> str:
    return str(row[f"{measure}_null_reason"] or "unknown").replace("_", " ")
