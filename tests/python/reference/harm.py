"""Harm by authorship: fixed lines and failed releases, AI against human, line for line."""

from collections import defaultdict
from datetime import timedelta

from scipy import stats

from reference.formulas import midnight, quantile, week_of, wilson
from reference.shipping import held_by_author, release_immature_reason

ALL_TEAMS = "all teams"
LOOKS = (12, 26, 52)
FEWEST = 10
SIDES = ("ai", "human")


def harm_by_authorship(facts, releases, failures):
    """The mart harm_by_authorship."""
    final = {r: release_immature_reason(facts, r) is None for r in releases}
    fixed = {r: _fixed_lines(facts, r, failures) for r in releases}
    written = {r: _written(facts, r) for r in releases}
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
                    row = _compared(facts, seen, final, fixed, written)
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


def _person(facts, repository, change_sha, author_sha):
    """Who wrote a line: behind an agent its driver; whom nobody knows is an author of its own."""
    commit = facts.commits.get((repository, author_sha)) or {}
    person = commit.get("author_key")
    if commit.get("author_kind") == "agent":
        person = facts.driver_of(repository, change_sha) or person
    return person or (repository, author_sha)


def _fixed_lines(facts, release, failures):
    """{fixing change: {(person, side): lines}} of what a release shipped."""
    days = timedelta(days=facts.var("turnover_window_days"))
    found = defaultdict(lambda: defaultdict(int))
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
                    person = _person(facts, release.repository, sha, death["author_sha"])
                    found[fix][person, death["reading"]] += death["lines"]
    return found


def _written(facts, release):
    """{(person, side): held lines} of a release."""
    found = defaultdict(float)
    for deployment in release.deployments:
        for sha in deployment.shipped:
            held, _ = held_by_author(
                facts, release.repository, sha, release.service, deployment.finished_at
            )
            for (side, author_sha), lines in held.items():
                if side in SIDES and lines > 1e-9:
                    person = _person(facts, release.repository, sha, author_sha)
                    found[person, side] += lines
    return found


def _compared(facts, seen, final, fixed, written):
    counted = [r for r in seen if final[r]]
    held = {side: sum(r.held[side] for r in counted) for side in SIDES}
    fixes = defaultdict(lambda: defaultdict(int))
    theirs = defaultdict(float)
    for release in counted:
        for key, lines in written[release].items():
            theirs[key] += lines
        for fix, parts in fixed[release].items():
            for key, lines in parts.items():
                fixes[fix][key] += lines
    removed, of_people, squares = dict.fromkeys(SIDES, 0), defaultdict(float), 0.0
    for parts in fixes.values():
        whole = sum(parts.values())
        scale = min(1.0, facts.var("turnover_line_cap") / whole)
        squares += (scale * whole) ** 2
        for (person, side), lines in parts.items():
            removed[side] += lines
            of_people[person, side] += scale * lines
    capped = {side: sum(x for (_, s), x in of_people.items() if s == side) for side in SIDES}
    effective = sum(capped.values()) ** 2 / squares if squares else 0.0
    authors = {side: {person for person, s in theirs if s == side} for side in SIDES}
    sample = _sample(facts, effective, capped, of_people, theirs, authors)
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
        "fixed_lines_effective_sample": sample if effective else None,
        "failed_releases": len(with_lines),
        "failed_releases_without_lines": len(failed) - len(with_lines),
    }
    for side in SIDES:
        lines = held[side]
        row |= {
            f"{side}_held_lines": float(lines),
            f"{side}_fixed_lines": removed[side],
            f"{side}_authors": len(authors[side]),
            f"{side}_fixed_lines_per_1000_held_lines": 1000 * capped[side] / lines
            if lines
            else None,
            f"{side}_failed_releases": parts[side],
            f"{side}_failed_releases_per_1000_held_lines": 1000 * parts[side] / lines
            if lines
            else None,
        }
    row |= _ratio(facts, "fixed_lines", capped, held, effective, sample)
    failures = len(with_lines)
    return row | _ratio(facts, "failed_releases", parts, held, failures, failures)


def _sample(facts, effective, capped, of_people, theirs, authors):
    """The smaller sample: of fixes, and of authors by how much they differ."""
    fewest = min(map(len, authors.values()))
    if fewest == 1 and len(set.union(*authors.values())) > 1:
        return None
    if fewest <= 1 or not all(capped.values()):
        return effective
    held = {side: sum(x for (_, s), x in theirs.items() if s == side) for side in SIDES}
    changes = defaultdict(dict)
    for person, side in {*of_people, *theirs}:
        share = theirs.get((person, side), 0.0) / held[side]
        without = (of_people.get((person, side), 0.0) / capped[side] - share) / (1 - share)
        people = len(authors[side])
        changes[person][side] = ((people - 1) / people) ** 0.5 * without
    variance = sum((each.get("ai", 0) - each.get("human", 0)) ** 2 for each in changes.values())
    if variance < 1e-20:
        return effective
    of_side = {s: sum(each.get(s, 0) ** 2 for each in changes.values()) for s in SIDES}
    degrees = sum(of_side.values()) ** 2 / sum(
        of_side[s] ** 2 / (len(authors[s]) - 1) for s in SIDES
    )
    level = facts.var("confidence_level")
    t = stats.t.ppf((1 + level) / 2, degrees)
    q = capped["ai"] / sum(capped.values())
    return min(effective, (quantile(level) / t) ** 2 / (q * (1 - q) * variance))


def _ratio(facts, measure, cases, held, n, sample):
    """Odds of the cases against odds of the held lines."""
    whole = sum(cases.values())
    share = cases["ai"] / whole if whole else None
    low, high = wilson(share, sample, quantile(facts.var("confidence_level")))

    def ratio(value):
        if value is None or value == 1 or not held["ai"] or not held["human"]:
            return None
        return value / (1 - value) * held["human"] / held["ai"]

    ratio_low, ratio_high = ratio(low), ratio(high)
    if not held["ai"] or not held["human"] or n < FEWEST or sample is None:
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
    elif sample is None:
        reason = "one_author"
    return {
        f"{measure}_ratio": ratio(share),
        f"{measure}_ratio_low": ratio_low,
        f"{measure}_ratio_high": ratio_high,
        f"{measure}_signal": word,
        f"{measure}_null_reason": reason,
    }
