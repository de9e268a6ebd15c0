"""The closed formulas of the definitions page: intervals, effective samples, calendar."""

import math
import statistics
from datetime import date, datetime, time, timedelta

FIRST_MONDAY = datetime(1970, 1, 5)


def quantile(confidence_level):
    """z, the two-sided normal quantile of a confidence level."""
    return statistics.NormalDist().inv_cdf((1 + confidence_level) / 2)


def wilson(r, n, z):
    """Wilson interval of a rate `r` seen in `n` units; (None, None) without units."""
    if r is None or not n:
        return None, None
    centre = (r + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * math.sqrt(max(0.0, r * (1 - r) / n + z * z / (4 * n * n)))
    low = 0.0 if r <= 0 else max(0.0, centre - half)
    high = 1.0 if r >= 1 else min(1.0, centre + half)
    return low, high


def ratio_interval(r_ai, low_ai, high_ai, r_human, low_human, high_human):
    """Interval of r_ai / r_human from two Wilson intervals; a None high limit is unbounded."""
    if r_ai is None or r_human is None or low_ai is None or low_human is None:
        return None, None
    x = r_ai * r_human
    q = low_ai * (2 * r_ai - low_ai)
    p = low_human * (2 * r_human - low_human)
    if q == 0:
        low = 0.0
    else:
        low = q / (x + math.sqrt(max(0.0, x * x - q * high_human * (2 * r_human - high_human))))
    high = None
    if p != 0:
        high = (x + math.sqrt(max(0.0, x * x - high_ai * (2 * r_ai - high_ai) * p))) / p
    return low, high


def capped_sample(changes, cap):
    """(A, D, n, r) of changes given as (lines added, lines removed): capped, with their weights.

    A and D are the capped lines added and removed, n the effective number of changes and r = D / A.
    """
    added = removed = squares = 0.0
    for a, d in changes:
        if a <= 0:
            continue
        c = min(1.0, cap / a)
        added += c * a
        removed += c * d
        squares += (c * a) ** 2
    if added == 0:
        return 0.0, 0.0, 0.0, None
    return added, removed, added * added / squares, removed / added


def signal(ratio, low, high, n_ai, n_human):
    """The word of the turnover signal."""
    if min(n_ai, n_human) < 30:
        return "insufficient_data"
    if low > 2.0:
        return "severe"
    if low > 1.5:
        return "alarm"
    if ratio is not None and ratio > 1.5 and low > 1.0:
        return "watch"
    if high is not None and high <= 1.5:
        return "healthy"
    return "inconclusive"


def normalized_deployments(stable_held_lines, builders, lines_per_unit, root):
    """B times the root of H / (U * B); None without builders."""
    if not builders:
        return None
    return builders * (stable_held_lines / (lines_per_unit * builders)) ** (1 / root)


def kaplan_meier(removed, censored, days):
    """(at_risk, S) for each whole-day age 0..days from counts by age; S(t) is over u < t."""
    ages = sorted(set(removed) | set(censored))
    rows = []
    survival = 1.0
    for t in range(days + 1):
        at_risk = sum(removed.get(a, 0) + censored.get(a, 0) for a in ages if a >= t)
        rows.append((at_risk, survival))
        if at_risk:
            survival *= 1 - removed.get(t, 0) / at_risk
    return rows


def whole_days(start, end):
    """Whole-day age: floor(hours / 24)."""
    return (end - start) // timedelta(days=1)


def week_of(moment):
    """The Monday of the week of a datetime or date."""
    day = moment.date() if isinstance(moment, datetime) else moment
    return day - timedelta(days=day.weekday())


def quarter_of(moment):
    """First day of the quarter."""
    return date(moment.year, 3 * ((moment.month - 1) // 3) + 1, 1)


def midnight(day):
    """A date as the instant it begins."""
    return datetime.combine(day, time())


def window_start(moment, hours):
    """Start of the release window that holds a moment."""
    width = timedelta(hours=hours)
    return FIRST_MONDAY + (moment - FIRST_MONDAY) // width * width
