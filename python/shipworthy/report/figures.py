"""How a value of a mart is written for a reader: one place, for sentences, tables and tooltips.

Nothing is computed here.
"""

import math
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from shipworthy.report.panels import Unit

# What stands where a mart has no value; the reason stands beside it.
NONE = "\N{EN DASH}"

_MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
_UNITS_BEHIND = {"hours": " h", "ratio": "\N{MULTIPLICATION SIGN}"}

REASONS = {
    "group_too_small": "hidden: fewer people than may be shown",
    "protects_a_small_group": "hidden: a smaller group could be computed from it",
    "window_open": "not final: its time is not over",
    "source_lags": "not final: a source was not read this far",
    "line_lifetimes_not_loaded": "lines were not followed: load git histories",
    "incidents_not_loaded": "incidents are not loaded",
    "no_spend_allocated": "no spend found its way to a release",
    "no_row_52_weeks_before": "nothing is known of 52 weeks before",
    "trailers_only": "marks in commits alone, so that the ratio is a lower bound",
    "untagged_as_human": "code without a mark counts as human, by a variable",
    "untagged_as_unknown": "code without a mark counts as nobody's, by a variable",
    "no_failed_deployment": "no deployment failed",
}


def number(value: Any) -> Any:
    """Return a value of a mart as JSON and the page carry it: unrounded, days as ISO texts."""
    if isinstance(value, Decimal):
        value = float(value)
    if isinstance(value, datetime):
        return value.isoformat(sep=" ", timespec="seconds")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


def rounded(value: Any, unit: Unit | None) -> Any:
    """Return a value as the page carries it: the digits that `written` shows, and no others.

    So a table that the browser writes says what a sentence says, to the last digit.

    Parameters
    ----------
    value
        What the mart has.
    unit : str or None
        How it is shown; None where it is not shown.
    """
    value = number(value)
    if unit is None or not isinstance(value, float):
        return value
    cut = round(value, _decimals(value, unit) + (2 if unit == "share" else 0))
    return int(cut) if cut.is_integer() and abs(cut) < 1e15 else cut


def written(value: Any, unit: Unit) -> str:
    """Write one value.

    Parameters
    ----------
    value
        What the mart has.
    unit : str
        One of `panels.Unit`.

    Returns
    -------
    str
        Short, with its unit; `NONE` for null.
    """
    value = number(value)
    if value is None:
        return NONE
    if unit == "word":
        return words(str(value))
    if unit == "flag":
        return "yes" if value else "no"
    if unit == "date":
        return day(value)
    if unit == "time":
        return f"{day(value)}, {str(value)[11:16]} UTC" if len(str(value)) > 10 else day(value)
    if unit == "text" or not isinstance(value, int | float):
        return str(value)
    decimals = _decimals(value, unit)
    if unit == "share":
        return f"{_fixed(value * 100, decimals)} %"
    if unit == "usd":
        return f"${_fixed(value, decimals)}"
    return f"{_fixed(value, decimals)}{_UNITS_BEHIND.get(unit, '')}"


def interval(low: Any, high: Any, unit: Unit) -> str:
    """Write an interval; a limit that is null beside the other is unbounded."""
    if low is None and high is None:
        return ""
    # The unit stands behind the value before it.
    plain: Unit = "number" if unit in _UNITS_BEHIND else unit
    ends = [written(low, plain), "unbounded" if high is None else written(high, plain)]
    return f"[{', '.join(ends)}]"


def words(text: str) -> str:
    """Write a snake_case word of a mart in plain words."""
    plain = " ".join("AI" if word == "ai" else word for word in text.split("_"))
    return REASONS.get(text, plain)


def day(value: Any) -> str:
    """Write a day: 31 Aug 2026."""
    text = str(number(value))
    year, month, number_of_day = text[:10].split("-")
    return f"{int(number_of_day)} {_MONTHS[int(month) - 1]} {year}"


def _decimals(value: float, unit: Unit) -> int:
    """Return how many decimals are shown; the same for a value and for what is shown of it."""
    size = float(abs(value))
    if unit == "share":
        return 1 if round(size, 3) < 0.1 else 0
    if unit == "usd":
        return 2 if round(size, 2) < 100 else 0
    if unit == "rate":
        return 3
    if unit == "count":
        return 0 if round(size, 1).is_integer() else 1
    if round(size, 2) >= 10:
        return 1
    return 3 if 0 < round(size, 3) < 0.1 else 2


def _fixed(value: float, decimals: int) -> str:
    text = f"{value:,.{decimals}f}"
    # A minus before nothing says what is not so.
    return text[1:] if text.startswith("-") and not text.strip("-0.,") else text
