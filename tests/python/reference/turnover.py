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
    week_of,
    whole_days,
    wilson,
)

ALL_TEAMS = "all teams"
SIGNAL_WEEKS = 12


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
        piece["team"] = facts.team_of_line(piece["author"], repository, path, piece["landed_at"])
        if piece["removed"]:
            remover = facts.author_of(repository, piece["removed_sha"])
            team = facts.team_of_line(remover, repository, path, piece["removed_at"])
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
    """The mart turnover_signal."""
    window = facts.var("turnover_window_days")
    z = quantile(facts.var("confidence_level"))
    cap = facts.var("turnover_line_cap")
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
            first = week - timedelta(weeks=SIGNAL_WEEKS - 1)
            seen = [p for p in pieces if first <= p["week"] <= week]
            row = {"team": team, "week_start_on": week, "is_organisation": is_organisation}
            sides = {}
            for side in ("ai", "human"):
                changes = _by_change([p for p in seen if p["reading"] == side], window).values()
                a, d, n, r = capped_sample(changes, cap)
                low, high = wilson(r, n, z)
                sides[side] = (r, low, high)
                row |= {
                    f"{side}_lines_added": sum(x for x, _ in changes),
                    f"{side}_lines_removed": sum(x for _, x in changes),
                    f"{side}_capped_lines_added": a,
                    f"{side}_capped_lines_removed": d,
                    f"{side}_effective_changes": n,
                    f"{side}_turnover_rate_capped": r,
                    f"{side}_turnover_rate_low": low,
                    f"{side}_turnover_rate_high": high,
                }
            r_ai, r_human = sides["ai"][0], sides["human"][0]
            ratio = r_ai / r_human if r_ai is not None and r_human else None
            low, high = ratio_interval(*sides["ai"], *sides["human"])
            lines = sum(p["added"] for p in seen)
            tagged = sum(p["added"] for p in seen if p["tag"] != "untagged")
            row |= {
                "turnover_ratio": ratio,
                "turnover_ratio_low": low,
                "turnover_ratio_high": high,
                "turnover_signal": signal(
                    ratio,
                    low,
                    high,
                    row["ai_effective_changes"],
                    row["human_effective_changes"],
                ),
                "attribution_coverage": tagged / lines if lines else None,
                "basis": facts.comparison_basis,
                "lagging_repositories": len(
                    {
                        p["repository"]
                        for p in unwatched[team, is_organisation]
                        if first <= p["week"] <= week
                    }
                ),
            }
            rows.append(row)
            week += timedelta(weeks=1)
    return rows


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
