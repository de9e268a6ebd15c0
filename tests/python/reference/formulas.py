"""The closed formulas of the definitions page: intervals, effective samples, calendar."""

import math
import statistics
from collections import defaultdict
from datetime import date, datetime, time, timedelta

from scipy import stats

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
    # The roots' product, r * r / (1 + z * z / n), where their difference would lose digits.
    low = 0.0 if r <= 0 else r * r / ((1 + z * z / n) * (centre + half))
    high = 1.0 if r >= 1 else min(1.0, centre + half)
    return low, high


def weighted_count(total, squares, z):
    """Interval of a sum of weights of independent cases, by its effective number of them."""

    def scaled(total, squares, z):
        cases = total**2 / squares
        return total * max(0.0, 1 - 1 / (9 * cases) + z / (3 * math.sqrt(cases))) ** 3

    low = scaled(total, squares, -z) if total else 0.0
    return low, scaled(total + 1, squares + 1, z)


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


def standardised(strata, cap, z, confidence_level):
    """Both sides of a comparison, standardised over repositories.

    Parameters
    ----------
    strata : dict
        repository -> pair of lists, one a side, of (change, author, lines added, lines removed).
    cap : float
        Most lines that a change counts.

    Returns
    -------
    list of dict
        For each side: rate, changes (Kish's), authors, sample, added and removed (capped), lines.
    """
    shared = {name: sides for name, sides in strata.items() if sides[0] and sides[1]}
    capped = {}
    for name, sides in shared.items():
        for side, rows in enumerate(sides):
            whole = defaultdict(float)
            for change, _, added, _ in rows:
                whole[change] += added
            capped[name, side] = [
                (change, author, min(1.0, cap / whole[change]) * added,
                 min(1.0, cap / whole[change]) * removed)
                for change, author, added, removed in rows
            ]  # fmt: skip
    totals = {
        key: (sum(row[2] for row in rows), sum(row[3] for row in rows))
        for key, rows in capped.items()
    }
    weights = {}
    for name in shared:
        ai, human = totals[name, 0][0], totals[name, 1][0]
        weights[name] = ai * human / (ai + human)
    whole_weight = sum(weights.values())
    people = {row[1] for rows in capped.values() for row in rows}
    return [
        _side(side, capped, totals, weights, whole_weight, len(people), z, confidence_level)
        for side in (0, 1)
    ]


def _side(side, capped, totals, weights, whole_weight, people, z, confidence_level):
    rate, by_change, by_author = 0.0, defaultdict(float), defaultdict(float)
    residuals, added_in_all, removed_in_all = defaultdict(float), 0.0, 0.0
    for name, weight in weights.items():
        added_here, removed_here = totals[name, side]
        share = weight / whole_weight
        rate += share * removed_here / added_here
        added_in_all += added_here
        removed_in_all += removed_here
        for change, author, added, removed in capped[name, side]:
            by_change[name, change] += share * added / added_here
            by_author[author] += share * added / added_here
            expected = removed_here / added_here * added
            residuals[author] += share * (removed - expected) / added_here
    if not weights:
        return {
            "rate": None, "changes": 0.0, "authors": 0, "sample": None, "added": 0.0, "removed": 0.0
        }  # fmt: skip
    if removed_in_all == 0:
        rate = 0.0
    elif removed_in_all == added_in_all:
        rate = 1.0
    changes = 1 / sum(weight**2 for weight in by_change.values())
    authors = len(by_author)
    if authors == 1 and people > 1:
        sample = None
    elif authors == 1 or rate in (0.0, 1.0) or not any(residuals.values()):
        sample = changes
    else:
        without = [residuals[author] / (1 - weight) for author, weight in by_author.items()]
        variance = (authors - 1) / authors * sum(change**2 for change in without)
        t = stats.t.ppf((1 + confidence_level) / 2, authors - 1)
        sample = min(changes, rate * (1 - rate) / variance * (z / t) ** 2)
    return {
        "rate": rate,
        "changes": changes,
        "authors": authors,
        "sample": sample,
        "added": added_in_all,
        "removed": removed_in_all,
    }


def signal(ratio, low, high, n_ai, n_human):
    """The word of the turnover signal."""
    if low is None or min(n_ai, n_human) < 30:
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
