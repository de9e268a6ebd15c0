"""Code turnover, its signal, and the survival of lines."""

from collections import defaultdict
from datetime import timedelta

from reference.clock import immature_reason
from reference.facts import UNASSIGNED
from reference.formulas import (
    capped_sample,
    kaplan_meier,
    midnight,
    quantile,
    quarter_of,
    ratio_interval,
    signal,
    standardised,
    week_of,
    whole_days,
    wilson,
)

ALL_TEAMS = "all teams"
LOOKS = (12, 26, 52)


def _pieces(facts):
    """Added lines and their removals, one dict a birth or death row: the atoms of every cohort."""
    pieces = []
    for birth in facts.births:
        if not birth["is_moved"]:
            pieces.append(dict(birth, added=birth["lines"], removed=0, age=None))
    for death in facts.deaths:
        if not death["birth_is_moved"] and not death["is_moved"]:
            age = whole_days(death["landed_at"], death["removed_at"])
            pieces.append(dict(death, added=0, removed=death["lines"], age=age))
    for piece in pieces:
        repository, path = piece["repository"], piece["path"]
        piece["change"] = (repository, piece["added_sha"])
        piece["week"] = week_of(piece["landed_at"])
        added = facts.changes[piece["change"]]
        piece["team"] = facts.team_of_line(piece["author"], repository, path, added)
        if piece["removed"]:
            remover = facts.author_of(repository, piece["removed_sha"])
            removing = facts.changes[repository, piece["removed_sha"]]
            team = facts.team_of_line(remover, repository, path, removing)
            piece["by_own_team"] = team == piece["team"]
    return pieces


def _by_change(pieces, days):
    """{change: [lines added, lines removed younger than `days`]}."""
    changes = defaultdict(lambda: [0, 0])
    for piece in pieces:
        changes[piece["change"]][0] += piece["added"]
        if piece["removed"] and piece["age"] < days:
            changes[piece["change"]][1] += piece["removed"]
    return {change: counts for change, counts in changes.items() if counts[0] > 0}


def _is_old(facts, landed_at, days):
    return landed_at + timedelta(days=days) <= facts.as_of


def _is_watched(facts, piece, days):
    """Was its repository read for so many days after it landed?"""
    return piece["landed_at"] + timedelta(days=days) <= facts.clock.code(piece["repository"])


def code_turnover(facts):
    """The mart code_turnover."""
    window = facts.var("turnover_window_days")
    z = quantile(facts.var("confidence_level"))
    cohorts = defaultdict(list)
    for piece in _pieces(facts):
        key = (
            piece["week"],
            piece["team"],
            piece["service"] or UNASSIGNED,
            piece["repository"],
            piece["reading"],
        )
        cohorts[key].append(piece)
    rows = []
    for key, cohort in sorted(cohorts.items()):
        pieces = [piece for piece in cohort if _is_old(facts, piece["landed_at"], window)]
        changes = _by_change(pieces, window)
        if not changes:
            continue
        added = sum(a for a, _ in changes.values())
        early = [p for p in pieces if p["removed"] and p["age"] < window]
        own = sum(p["removed"] for p in early if p["by_own_team"])
        other = sum(p["removed"] for p in early if not p["by_own_team"])
        capped = capped_sample(changes.values(), facts.var("turnover_line_cap"))
        low, high = wilson(capped[3], capped[2], z)
        row = dict(
            zip(("week_start_on", "team", "service", "repository", "authorship"), key, strict=True)
        )
        matures_at = midnight(key[0]) + timedelta(days=7 + window)
        reason = immature_reason(matures_at, facts.as_of, facts.clock.code(key[3]))
        row |= {
            "is_mature": reason is None,
            "immature_reason": reason,
            "changes": len(changes),
            "lines_added": added,
            "lines_removed": own + other,
            "lines_removed_by_own_team": own,
            "lines_removed_by_other_team": other,
            "turnover_rate": (own + other) / added,
            "capped_lines_added": capped[0],
            "capped_lines_removed": capped[1],
            "effective_changes": capped[2],
            "turnover_rate_capped": capped[3],
            "turnover_rate_low": low,
            "turnover_rate_high": high,
        }
        for days in (14, 90):
            old = [p for p in cohort if _is_watched(facts, p, days)]
            counts = _by_change(old, days).values()
            added = sum(a for a, _ in counts) if counts else None
            removed = sum(d for _, d in counts) if counts else None
            row[f"lines_added_{days}_days"] = added
            row[f"lines_removed_{days}_days"] = removed
            row[f"turnover_rate_{days}_days"] = removed / added if counts else None
        rows.append(row)
    return rows


def turnover_signal(facts):
    """The mart turnover_signal; of the comparison without labels, what must not be hidden."""
    window = facts.var("turnover_window_days")
    teams, unwatched = defaultdict(list), defaultdict(list)
    for piece in _pieces(facts):
        for name in ((piece["team"], False), (ALL_TEAMS, True)):
            if _is_watched(facts, piece, window):
                teams[name].append(piece)
            elif _is_old(facts, piece["landed_at"], window):
                unwatched[name].append(piece)
    rows = []
    for (team, is_organisation), pieces in sorted(teams.items()):
        week = min(p["week"] for p in pieces)
        last = max(facts.clock.code(p["repository"]) for p in pieces)
        while midnight(week) + timedelta(days=7 + window) <= last:
            row = _verdict(facts, pieces, week)
            late = {
                p["repository"]
                for p in unwatched[team, is_organisation]
                if row["window_start_on"] <= p["week"] <= week
            }
            row |= {
                "team": team,
                "week_start_on": week,
                "is_organisation": is_organisation,
                "basis": facts.comparison_basis,
                "lagging_repositories": len(late),
            }
            rows.append(row)
            week += timedelta(weeks=1)
    return rows


def _verdict(facts, pieces, week):
    """The look at these pieces that decides soonest, else the longest."""
    for weeks in LOOKS:
        first = week - timedelta(weeks=weeks - 1)
        seen = [p for p in pieces if first <= p["week"] <= week]
        row = _compared(facts, seen)
        if row["turnover_signal"] not in ("insufficient_data", "inconclusive"):
            break
    return row | {"window_weeks": weeks, "window_start_on": first}


def _compared(facts, seen):
    """AI against human code of one look."""
    window, cap = facts.var("turnover_window_days"), facts.var("turnover_line_cap")
    level = facts.var("confidence_level")
    z = quantile(level)
    row = {}
    strata = defaultdict(lambda: ([], []))
    for name, reading in (("ai", 0), ("human", 1)):
        side = [p for p in seen if p["reading"] == name]
        for piece in side:
            removed = piece["removed"] if piece["removed"] and piece["age"] < window else 0
            author = piece["author"] or (piece["repository"], piece["author_sha"])
            strata[piece["repository"]][reading].append(
                (piece["change"], author, piece["added"], removed)
            )
        counts = _by_change(side, window).values()
        row[f"{name}_lines_added"] = sum(x for x, _ in counts)
        row[f"{name}_lines_removed"] = sum(x for _, x in counts)
    limits = []
    for name, side in zip(("ai", "human"), standardised(strata, cap, z, level), strict=True):
        low, high = wilson(side["rate"], side["sample"], z)
        limits.append((side["rate"], low, high))
        row |= {
            f"{name}_capped_lines_added": side["added"],
            f"{name}_capped_lines_removed": side["removed"],
            f"{name}_effective_changes": side["changes"],
            f"{name}_effective_sample": side["sample"],
            f"{name}_authors": side["authors"],
            f"{name}_turnover_rate_capped": side["rate"],
            f"{name}_turnover_rate_low": low,
            f"{name}_turnover_rate_high": high,
        }
    (r_ai, *_), (r_human, *_) = limits
    ratio = r_ai / r_human if r_ai is not None and r_human else None
    low, high = ratio_interval(*limits[0], *limits[1])
    both = {name for name, sides in strata.items() if sides[0] and sides[1]}
    counted = [p for p in seen if p["reading"] in ("ai", "human")]
    alone = sum(p["added"] for p in counted if p["repository"] not in both)
    lines = sum(p["added"] for p in seen)
    return row | {
        "turnover_ratio": ratio,
        "turnover_ratio_low": low,
        "turnover_ratio_high": high,
        "turnover_signal": signal(
            ratio, low, high, row["ai_effective_changes"], row["human_effective_changes"]
        ),
        "one_sided_share": alone / sum(p["added"] for p in counted) if counted else None,
        "attribution_coverage": (
            sum(p["added"] for p in seen if p["tag"] != "untagged") / lines if lines else None
        ),
    }


def line_survival(facts):
    """The mart line_survival."""
    days = facts.var("survival_days")
    cap = facts.var("turnover_line_cap")
    z = quantile(facts.var("confidence_level"))
    born = defaultdict(lambda: defaultdict(int))  # group -> change -> lines added
    living = defaultdict(lambda: defaultdict(int))
    removed = defaultdict(lambda: defaultdict(int))  # group -> age -> lines
    censored = defaultdict(lambda: defaultdict(int))
    for birth in facts.births:
        if not birth["is_moved"]:
            group = (quarter_of(birth["landed_at"]), birth["reading"])
            born[group][birth["repository"], birth["added_sha"]] += birth["lines"]
            living[group][birth["repository"], birth["added_sha"]] += birth["lines"]
    for death in facts.deaths:
        if not death["birth_is_moved"]:
            group = (quarter_of(death["landed_at"]), death["reading"])
            living[group][death["repository"], death["added_sha"]] -= death["lines"]
            age = whole_days(death["landed_at"], death["removed_at"])
            (censored if death["is_moved"] else removed)[group][age] += death["lines"]
    rows = []
    for group, changes in sorted(born.items()):
        ages = {
            change: max(
                0, whole_days(facts.changes[change]["landed_at"], facts.clock.code(change[0]))
            )
            for change in changes
        }
        for change, lines in living[group].items():
            censored[group][ages[change]] += lines
        curve = kaplan_meier(removed[group], censored[group], days)
        for t, (at_risk, survival) in enumerate(curve):
            old = [(lines, 0) for change, lines in changes.items() if ages[change] >= t]
            if not old:
                break
            n = capped_sample(old, cap)[2]
            low, high = wilson(survival, n, z)
            rows.append(
                {
                    "quarter_start_on": group[0],
                    "authorship": group[1],
                    "age_days": t,
                    "at_risk": at_risk,
                    "removed": removed[group].get(t, 0),
                    "censored": censored[group].get(t, 0),
                    "survival": survival,
                    "survival_low": low,
                    "survival_high": high,
                    "effective_changes": n,
                }
            )
    return rows
