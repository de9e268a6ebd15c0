"""Harm by authorship: fixed lines and failed releases, AI against human, line for line."""

from collections import defaultdict
from datetime import timedelta

from reference.formulas import midnight, quantile, week_of, wilson
from reference.shipping import release_immature_reason

ALL_TEAMS = "all teams"
LOOKS = (12, 26, 52)
FEWEST = 10
SIDES = ("ai", "human")


def harm_by_authorship(facts, releases, failures):
    """The mart harm_by_authorship."""
    final = {r: release_immature_reason(facts, r) is None for r in releases}
    fixed = {r: _fixed_lines(facts, r, failures) for r in releases}
    longest = max(
        timedelta(days=facts.var("turnover_window_days")),
        timedelta(hours=facts.var("incident_attribution_hours")),
    )
    after = timedelta(days=7, hours=facts.var("release_window_hours")) + longest
    names = {(r.team, False) for r in releases} | {(ALL_TEAMS, True)}
    rows = []
    for team, is_organisation in sorted(names):
        mine = [r for r in releases if is_organisation or r.team == team]
        week = min((r.week_start_on for r in mine if final[r]), default=None)
        while week is not None and midnight(week) + after <= facts.as_of:
            for weeks in LOOKS:
                first = week - timedelta(weeks=weeks - 1)
                seen = [r for r in mine if first <= r.week_start_on <= week]
                if seen:
                    row = _compared(facts, seen, final, fixed)
                    rows.append(
                        {
                            "team": team,
                            "is_organisation": is_organisation,
                            "week_start_on": week,
                            "window_weeks": weeks,
                            "window_start_on": first,
                            "basis": facts.comparison_basis,
                            **row,
                        }
                    )
            week = week_of(week + timedelta(weeks=1))
    return rows


def _fixed_lines(facts, release, failures):
    """{fixing change: {side: lines}} of what a release shipped."""
    days = timedelta(days=facts.var("turnover_window_days"))
    found = defaultdict(lambda: dict.fromkeys(SIDES, 0))
    for deployment in release.deployments:
        for sha in deployment.shipped:
            for death in facts.deaths_of_added[release.repository, sha]:
                fix = (release.repository, death["removed_sha"])
                if (
                    death["service"] == release.service
                    and death["reading"] in SIDES
                    and not death["is_moved"]
                    and not death["birth_is_moved"]
                    and (fix in facts.hotfix_changes or fix in failures.named_fixes)
                    and deployment.finished_at
                    <= death["removed_at"]
                    < deployment.finished_at + days
                ):
                    found[fix][death["reading"]] += death["lines"]
    return found


def _compared(facts, seen, final, fixed):
    counted = [r for r in seen if final[r]]
    held = {side: sum(r.held[side] for r in counted) for side in SIDES}
    fixes = defaultdict(lambda: dict.fromkeys(SIDES, 0))
    for release in counted:
        for fix, lines in fixed[release].items():
            for side in SIDES:
                fixes[fix][side] += lines[side]
    capped, squares = dict.fromkeys(SIDES, 0.0), 0.0
    for lines in fixes.values():
        whole = sum(lines.values())
        scale = min(1.0, facts.var("turnover_line_cap") / whole)
        squares += (scale * whole) ** 2
        for side in SIDES:
            capped[side] += scale * lines[side]
    effective = sum(capped.values()) ** 2 / squares if squares else 0.0
    failed = [r for r in counted if r.is_failed]
    with_lines = [r for r in failed if r.held["ai"] + r.held["human"] > 0]
    parts = {
        side: float(sum(r.held[side] / (r.held["ai"] + r.held["human"]) for r in with_lines))
        for side in SIDES
    }
    row = {
        "releases": len(counted),
        "releases_left_out": len(seen) - len(counted),
        "fixes": len(fixes),
        "effective_fixes": effective,
        "failed_releases": len(with_lines),
        "failed_releases_without_lines": len(failed) - len(with_lines),
    }
    for side in SIDES:
        lines = held[side]
        row |= {
            f"{side}_held_lines": float(lines),
            f"{side}_fixed_lines": sum(lines[side] for lines in fixes.values()),
            f"{side}_fixed_lines_per_1000_held_lines": 1000 * capped[side] / lines
            if lines
            else None,
            f"{side}_failed_releases": parts[side],
            f"{side}_failed_releases_per_1000_held_lines": 1000 * parts[side] / lines
            if lines
            else None,
        }
    row |= _ratio(facts, "fixed_lines", capped, held, effective)
    return row | _ratio(facts, "failed_releases", parts, held, len(with_lines))


def _ratio(facts, measure, cases, held, n):
    """Odds of the cases against odds of the held lines."""
    whole = sum(cases.values())
    share = cases["ai"] / whole if whole else None
    low, high = wilson(share, n, quantile(facts.var("confidence_level")))

    def ratio(value):
        if value is None or value == 1 or not held["ai"] or not held["human"]:
            return None
        return value / (1 - value) * held["human"] / held["ai"]

    ratio_low, ratio_high = ratio(low), ratio(high)
    if not held["ai"] or not held["human"] or n < FEWEST:
        word = "insufficient_data"
    elif ratio_low is not None and ratio_low > 1:
        word = "more"
    elif ratio_high is not None and ratio_high < 1:
        word = "less"
    else:
        word = "inconclusive"
    reason = None
    if not held["ai"]:
        reason = "no_ai_lines"
    elif not held["human"]:
        reason = "no_human_lines"
    elif not n:
        reason = f"no_{measure}"
    elif share == 1:
        reason = f"no_human_{measure}"
    return {
        f"{measure}_ratio": ratio(share),
        f"{measure}_ratio_low": ratio_low,
        f"{measure}_ratio_high": ratio_high,
        f"{measure}_signal": word,
        f"{measure}_null_reason": reason,
    }
