"""The marts of sections 1 to 5 and 8 of the definitions page, computed the slow and plain way.

`compute(tables, variables)` takes raw rows by contract table and dbt variables, and gives the rows
of each mart. It shares no code with the models: where both agree, two readings of one page agree.

Readings (where the page leaves room)
-------------------------------------
- Every key column that names a person is read through `identities`, and what it finds once more.
- A commit off the mainline is kept whatever its time: it only names authors.
- An unlisted service is one that `services` does not name at all. It has the paths that no listed
  service has; of several, the first by name has them all.
- A deployment that names no service is one of the listed whole-repository service, else of an
  unlisted service with the repository's name.
- Where periods pass a prefix from service to service, the landing decides: of the adding change for
  added lines, of the removing change for the lines it removes (what a fix removed: of the adding
  one).
- A service with delivery_unit 'commit' ships each change when it lands, as a deployment named
  `service@sha`; its other deployments (basis 'commit_delivery') ship nothing and can fail.
- "First deployment" is the first that moves a live position. An explicit list that names no
  change of the service ships nothing. Listed changes below the first deployment never ship.
- A position that is null sorts before all others.
- Rows of the removing author's team resolve as the line's team does (author's, service's, else
  the repository), at the removal.
- At 14 and 90 days a row counts the changes of its cohort that are that old, entered or not.
- attribution_coverage is over the uncapped added lines of the twelve weeks, by the tag as
  recorded.
- The interval of a ratio has low limit 0 whenever the AI rate is 0.
- S(t) has rows as long as some change is old enough to be seen at that age.
- A team-week has basis 'shipped_lines' when it ships a change of a repository without births, even
  one without lines. A team without builders has null builders.
- A change's teams are those of the services of its lines, where those do not depend on the author
  (the service's, else the repository). A merger has landed what is merged.
- "Such a deployment" of an explicit incident is any successful production deployment, finished
  before or after the incident opened.
- A fix counts the lines it removed in any service; of equal releases the one with the later
  deployment. Moved deaths are no removed lines.
- A `fixed_by_sha` that is no known change leaves no fixing change; `fixes_incident_id` is not
  read then.
- An incident that names no service has no deployments in the time rule.
- An unattributed incident counts once, for the first by name of its services' teams at the
  opening; without a known service for team 'unassigned'.
- Without an incidents input the rates, weights and numbers of failures of section 3 are null; what
  is closed is counted all the same.
- A change is of the hotfix branch of a request, else of the one that its message says it merged.
- An unknown severity is severity 'unknown'.
"""

from collections import defaultdict
from datetime import date, timedelta

from reference import formulas
from reference.clock import immature_reason, last_reason
from reference.delivery import delivery_marts
from reference.facts import Facts
from reference.failures import Failures
from reference.formulas import midnight, quantile, week_of, weighted_count, wilson
from reference.harm import harm_by_authorship
from reference.shipping import (
    AUTHORSHIPS,
    closes_at,
    failures_known,
    held_lines,
    is_shipped_lines,
    lines_touched,
    release_immature_reason,
    ship,
    window_end,
)
from reference.turnover import code_turnover, line_survival, turnover_signal

BASELINE_WEEKS = 13


def compute(tables, variables):
    """Rows of every mart of sections 1 to 5 and 8.

    Parameters
    ----------
    tables : dict of str to list of dict
        Raw rows by contract table; a table may be missing.
    variables : dict
        dbt variables with their prefix; those left out have their defaults.

    Returns
    -------
    dict of str to list of dict
        Rows by relation name.
    """
    facts = Facts(tables, variables)
    streams, releases = ship(facts)
    failures = Failures(facts, streams)
    for release in releases:
        weights = [w for d in release.deployments for w in failures.weights.get(d, [])]
        release.weight = max(weights, default=0.0)
        release.is_failed = bool(weights)
    normalized, shares = _normalized_deployments(facts, releases)
    return {
        "code_turnover": code_turnover(facts),
        "turnover_signal": turnover_signal(facts),
        "line_survival": line_survival(facts),
        "harm_by_authorship": harm_by_authorship(facts, releases, failures),
        "normalized_deployments": normalized,
        "severity_weighted_failure_rate": _failure_rates(facts, releases, failures, normalized),
        "fct_releases": _fct_releases(facts, releases, shares),
        "fct_release_changes": _fct_release_changes(facts, releases),
        "fct_incidents": failures.incidents,
        "fct_deployments": _fct_deployments(streams),
        **delivery_marts(facts, streams, failures, normalized, releases),
    }


def _is_closed(facts, deployed, moment):
    return closes_at(facts, moment) <= failures_known(facts, deployed)


def _week_end(week):
    return midnight(week) + timedelta(days=7)


def _by_team_week(releases):
    grouped = defaultdict(list)
    for release in releases:
        grouped[release.team, release.week_start_on].append(release)
    return grouped


def _normalized_deployments(facts, releases):
    """Rows of normalized_deployments, and the share of each release by release id."""
    grouped = _by_team_week(releases)
    rows, shares = [], {}
    for team in sorted({release.team for release in releases}):
        week = min(w for t, w in grouped if t == team)
        mine = []
        while week <= week_of(facts.as_of):
            found = grouped.get((team, week), [])
            builders = facts.builders(team, week)
            released = sum(r.held_lines * r.stability for r in found)
            retired = sum(r.retired * r.stability for r in found)
            stable = max(released - retired, retired)
            value = formulas.normalized_deployments(
                stable, builders, facts.var("lines_per_unit"), facts.var("lines_root")
            )
            parts = dict.fromkeys(AUTHORSHIPS, None if value is None else 0.0)
            for release in found:
                shares[release.release_id] = None if value is None else 0.0
                if value and released:
                    share = value * release.held_lines * release.stability / released
                    shares[release.release_id] = share
                    for name in AUTHORSHIPS:
                        if release.held_lines:
                            parts[name] += share * release.held[name] / release.held_lines
            basis_is_shipped = any(is_shipped_lines(facts, r) for r in found)
            reason = last_reason(
                immature_reason(_week_end(week), facts.as_of, facts.clock.team(team)),
                *(release_immature_reason(facts, r) for r in found),
            )
            if basis_is_shipped:
                reason = "line_lifetimes_not_loaded"
            mine.append(
                {
                    "team": team,
                    "week_start_on": week,
                    "is_mature": reason is None,
                    "immature_reason": reason,
                    "releases": len(found),
                    "builders": builders or None,
                    "held_lines": float(sum(r.held_lines for r in found)),
                    "stable_held_lines": float(stable),
                    "normalized_deployments": value,
                    **{f"{name}_normalized_deployments": parts[name] for name in AUTHORSHIPS},
                    "normalized_deployments_per_builder": None
                    if value is None
                    else value / builders,
                    "ai_share": parts["ai"] / value if value else None,
                    "normalized_deployments_index": None,
                    "basis": "shipped_lines" if basis_is_shipped else "held_lines",
                }
            )
            week += timedelta(weeks=1)
        _add_index(mine)
        rows += mine
    return rows, shares


def _add_index(rows):
    """Divide by the mean of the first 13 mature weeks since something held was shipped."""
    begun = next((r["week_start_on"] for r in rows if r["held_lines"] > 0), date.max)
    mature = [
        r
        for r in rows
        if r["is_mature"]
        and r["normalized_deployments"] is not None
        and r["week_start_on"] >= begun
    ]
    if len(mature) < BASELINE_WEEKS:
        return
    baseline = [r["normalized_deployments"] for r in mature[:BASELINE_WEEKS]]
    mean = sum(baseline) / BASELINE_WEEKS
    frozen_from = mature[BASELINE_WEEKS - 1]["week_start_on"]
    for row in rows:
        value = row["normalized_deployments"]
        if row["week_start_on"] >= frozen_from and value is not None and mean > 0:
            row["normalized_deployments_index"] = value / mean


def _windows(facts, releases, failures):
    """What each team released in each window, and what went wrong: by team and week."""
    hours = timedelta(hours=facts.var("release_window_hours"))
    released = defaultdict(list)
    for release in releases:
        released[release.team, release.window_started_at].append(release)
    weeks = defaultdict(list)
    for team, start in released.keys() | failures.of_teams.keys():
        found = released[team, start]
        failed = failures.of_teams.get((team, start), [])
        closes = closes_at(facts, start + hours)
        incidents = [weight for is_incident, weight in failed if is_incident]
        worst = max((weight for _, weight in failed), default=0.0)
        weeks[team, week_of(start)].append(
            {
                "lines": sum(
                    float(min(lines_touched(facts, r.repository, sha, r.service)))
                    for r in found
                    for d in r.deployments
                    for sha in d.put_live
                ),
                "has_changes": any(r.changes_put_live for r in found),
                "is_failed": bool(failed),
                "weight": worst,
                "harm": sum(incidents) if incidents else worst,
                "closes_at": closes,
                "is_closed": all(_is_closed(facts, r, window_end(facts, r)) for r in found)
                if found
                else closes <= min(facts.as_of, facts.clock.incidents(), facts.clock.team(team)),
            }
        )
    share = facts.var("chance_share") * facts.var("release_window_hours") / 24
    for windows in weeks.values():
        lines = sum(w["lines"] for w in windows)
        for w in windows:
            is_chance = w["has_changes"] and w["lines"] + 1e-9 >= share * lines
            w["is_counted"] = w["is_failed"] or is_chance
    return weeks


def _failure_rates(facts, releases, failures, normalized):
    """Rows of severity_weighted_failure_rate."""
    z = quantile(facts.var("confidence_level"))
    values = {(r["team"], r["week_start_on"]): r for r in normalized}
    grouped = _by_team_week(releases)
    windows = _windows(facts, releases, failures)
    unattributed = defaultdict(int)
    for team, opened_at in failures.unattributed:
        unattributed[team, week_of(opened_at)] += 1
    rows = []
    for team, week in sorted(windows.keys() | unattributed.keys() | values.keys()):
        found = windows.get((team, week), [])
        closed = [w for w in found if w["is_closed"]]
        counted = [w for w in closed if w["is_counted"]]
        weight = float(sum(w["weight"] for w in closed))
        harm = float(sum(w["harm"] for w in closed))
        squares = float(sum(w["harm"] ** 2 for w in closed))
        rate = weight / len(counted) if counted else None
        deployments = [
            d
            for r in grouped.get((team, week), [])
            for d in r.deployments
            if _is_closed(facts, d, d.finished_at)
        ]
        failed = [d for d in deployments if d in failures.weights]
        deployment_weight = float(sum(max(failures.weights[d]) for d in failed))
        shipped = values.get((team, week), {})
        value, builders = shipped.get("normalized_deployments"), shipped.get("builders")
        row = {
            "severity_weighted_failure_rate": rate,
            "severity_weighted_change_failure_rate": (
                deployment_weight / len(deployments) if deployments else None
            ),
            "change_failure_rate": len(failed) / len(deployments) if deployments else None,
            "failure_weight_per_normalized_deployment": weight / value if value else None,
            "harm_per_builder_week": harm / builders if builders else None,
            "harm_weight": harm,
            "harm_weight_squares": squares,
        }
        low, high = wilson(rate, len(counted), z)
        row |= {
            "severity_weighted_failure_rate_low": low,
            "severity_weighted_failure_rate_high": high,
        }
        low, high = weighted_count(harm, squares, z)
        row |= {
            "harm_per_builder_week_low": low / builders if builders else None,
            "harm_per_builder_week_high": high / builders if builders else None,
        }
        row |= {
            "failed_windows": sum(w["is_failed"] for w in closed),
            "failure_weight": weight,
            "failed_deployments": len(failed),
            "deployment_failure_weight": deployment_weight,
            "unattributed_incidents": unattributed.get((team, week), 0),
        }
        if not facts.has_incidents:
            row = dict.fromkeys(row)
        matures_at = max([_week_end(week), *(w["closes_at"] for w in found)])
        known = min(facts.clock.incidents(), facts.clock.team(team))
        reason = immature_reason(matures_at, facts.as_of, facts.as_of) or immature_reason(
            _week_end(week), facts.as_of, known
        )
        if reason is None and len(closed) < len(found):
            reason = "source_lags"
        row |= {
            "team": team,
            "week_start_on": week,
            "is_mature": reason is None,
            "immature_reason": reason,
            "builders": builders,
            "closed_windows": len(counted),
            "closed_deployments": len(deployments),
        }
        rows.append(row)
    return rows


def _fct_releases(facts, releases, shares):
    return [
        {
            "release_id": r.release_id,
            "service": r.service,
            "repository": r.repository,
            "team": r.team,
            "window_started_at": r.window_started_at,
            "week_start_on": r.week_start_on,
            "deployments": len(r.deployments),
            "changes_shipped": sum(len(d.shipped) for d in r.deployments),
            "held_lines": r.held_lines,
            **{f"{name}_held_lines": r.held[name] for name in AUTHORSHIPS},
            "failure_weight": r.weight,
            "is_failed": r.is_failed,
            "is_closed": _is_closed(facts, r, window_end(facts, r)),
            "stability": r.stability,
            "normalized_deployments": shares[r.release_id],
        }
        for r in releases
    ]


def _fct_release_changes(facts, releases):
    rows = []
    for release in releases:
        service, repository = release.service, release.repository
        for deployment in release.deployments:
            for sha in deployment.put_live:
                # For good, or for more than 7 days: it may ship with a later deployment only.
                is_shipped = sha in deployment.shipped
                held = dict.fromkeys(AUTHORSHIPS)
                if is_shipped:
                    held, _ = held_lines(facts, repository, sha, service, deployment.finished_at)
                rows.append(
                    {
                        "release_id": release.release_id,
                        "team": release.team,
                        "week_start_on": release.week_start_on,
                        "is_failed": release.is_failed,
                        "deployment_id": deployment.deployment_id,
                        "deployed_at": deployment.finished_at,
                        "service": service,
                        "repository": repository,
                        "sha": sha,
                        "authorship": facts.authorship_of_change(repository, sha),
                        "is_shipped": is_shipped,
                        **{f"{name}_held_lines": held[name] for name in AUTHORSHIPS},
                        "held_lines": sum(held.values()) if is_shipped else None,
                    }
                )
    return rows


def _fct_deployments(streams):
    return [
        {
            "deployment_id": d.deployment_id,
            "service": d.service,
            "repository": d.repository,
            "basis": d.basis,
            "is_rollback": d.moved_down,
            "changes_put_live": len(d.put_live),
            "changes_shipped": len(d.shipped),
            "release_id": d.release.release_id if d.release else None,
            "environment": d.environment,
        }
        for found in streams.values()
        for d in found
    ]
