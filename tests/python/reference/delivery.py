"""Sections 4, 5 and 8: human decisions, the five DORA metrics, flow pressure; slow and plain.

Readings (where the page leaves room)
-------------------------------------
- A human without a key counts for nothing: it may be the author.
- "Before merge" is strictly before for pushes, and up to the instant of the merge for reviews. A
  request without a merge time was merged when its last change landed.
- A decision is a push after the review or thread opened, at any strictly later commit time.
- A dismissed review is a review, but no approval and no request for changes.
- An approval that does not say how many threads it opened has those that its reviewer opened in the
  request by the merge. Without lines at review the request's lines count; without either it is not
  fast. Without ready_at the request was ready when opened.
- The week of a change is the week of its release.
- A remediation finishes when its change ships for good to the service of what it repairs.
- Failed rollouts, where they count, are failed deployments of the change failure rate alone.
- Defects are shipped changes whose message marks a fix.
- A request is its author's team's (an agent's: its driver's) on the day it was opened; else that of
  the listed whole-repository service; else the repository.
"""

import statistics
from collections import Counter, defaultdict
from datetime import timedelta

from reference.clock import REQUEST_INPUTS, immature_reason
from reference.facts import _valid, deployment_time, is_production
from reference.formulas import midnight, quantile, week_of, wilson, window_start
from reference.spending import Groups

EVERYBODY = "all teams"
KINDS = ("all", "ai", "human", "automation", "unknown")
PARTS = ("lead_time", "coding", "pickup", "review", "deploy")
WEEK = timedelta(days=7)
# Year -> metric -> (test of the value, band), best first.
BANDS = {
    2021: {
        "frequency": [(lambda v: v > 7, "elite"), (lambda v: v >= 0.23, "high")],
        "lead": [
            (lambda v: v < 1, "elite"),
            (lambda v: v <= 7 * 24, "high"),
            (lambda v: v <= 4380, "medium"),
        ],
        "failure": [(lambda v: v <= 0.15, "elite"), (lambda v: v <= 0.3, "high")],
    },
    2023: {
        "frequency": [(lambda v: v > 7, "elite"), (lambda v: v >= 1, "high")],
        "lead": [
            (lambda v: v < 24, "elite"),
            (lambda v: v <= 7 * 24, "high"),
            (lambda v: v <= 730, "medium"),
        ],
        "failure": [
            (lambda v: v <= 0.05, "elite"),
            (lambda v: v <= 0.1, "high"),
            (lambda v: v <= 0.15, "medium"),
        ],
    },
}
RECOVERY_BANDS = [
    (lambda v: v < 1, "elite"),
    (lambda v: v < 24, "high"),
    (lambda v: v <= 7 * 24, "medium"),
]


def _hours(start, end):
    return None if start is None or end is None else (end - start) / timedelta(hours=1)


def _ratio(part, whole):
    return part / whole if whole else None


class Requests:
    """Requests as of as_of, what was decided in them, and which change landed them."""

    def __init__(self, facts):
        self.facts = facts
        landings = facts.landings
        self.requests_of = landings.requests_of
        self.requests = {key: dict(row) for key, row in landings.requests.items()}
        for key, request in self.requests.items():
            request["last"] = landings.last_change(key)
        self._read_pushes()
        for key, request in self.requests.items():
            self._date(key, request)
        self._read_reviews()
        self._read_threads()
        for key, request in self.requests.items():
            self._judge(key, request)

    def _known(self, moment):
        return moment if moment is not None and moment <= self.facts.as_of else None

    def _read_pushes(self):
        self.pushes = defaultdict(list)
        files = defaultdict(set)
        for row in self.facts._input("pull_request_commit_files"):
            files[row["repository"], row["number"], row["sha"]].add(row["path"])
        for row in self.facts._input("pull_request_commits"):
            key = (row["repository"], row["number"])
            paths = files[(*key, row["sha"])]
            author = self.facts.person(row["author_key"])
            self.pushes[key].append((row["committed_at"], row["author_kind"], author, paths))

    def _date(self, key, request):
        landed = self.facts.changes[request["last"]]["landed_at"] if request["last"] else None
        first = [at for at, *_ in self.pushes[key] if at is not None]
        request |= {
            "author": self.facts.person(request["author_key"]),
            "merged": self._known(request["merged_at"]) or landed,
            "closed": self._known(request["closed_at"]),
            "ready": self._known(request["ready_at"]) or request["opened_at"],
            "began": request["first_commit_at"] or min(first, default=None),
            "reviews": [],
            "threads": [],
        }
        merged = request["merged"]
        request["before_merge"] = [
            push for push in self.pushes[key] if merged is not None and push[0] < merged
        ]

    def _by_another(self, request, kind, person):
        return kind == "human" and person is not None and person != request["author"]

    def _read_reviews(self):
        for row in self.facts._input("reviews"):
            request = self.requests.get((row["repository"], row["number"]))
            person = self.facts.person(row["reviewer_key"])
            if request is None or not self._by_another(request, row["reviewer_kind"], person):
                continue
            until = min(request["merged"] or self.facts.as_of, self.facts.as_of)
            if row["submitted_at"] <= until:
                request["reviews"].append(dict(row, person=person))

    def _read_threads(self):
        for row in self.facts._input("review_threads"):
            request = self.requests.get((row["repository"], row["number"]))
            if request is not None:
                request["threads"].append(dict(row, person=self.facts.person(row["author_key"])))

    def _is_stamp(self, request, review):
        if review["state"] != "approved":
            return False
        threads = review["comment_threads"]
        if threads is None:
            by = request["merged"] or self.facts.as_of
            threads = sum(
                t["person"] == review["person"] and t["opened_at"] <= by for t in request["threads"]
            )
        lines = review["lines_at_review"]
        if lines is None and None not in (request["lines_added"], request["lines_removed"]):
            lines = request["lines_added"] + request["lines_removed"]
        took = (review["submitted_at"] - request["ready"]).total_seconds()
        fast = lines is not None and took < lines * self.facts.var("review_seconds_per_line")
        return threads == 0 or fast

    def _judge(self, key, request):
        pushes = request["before_merge"]
        asked = {
            r["person"]
            for r in request["reviews"]
            if r["state"] == "changes_requested" and any(p[0] > r["submitted_at"] for p in pushes)
        }
        answered = {
            t["person"]
            for t in request["threads"]
            if self._by_another(request, t["author_kind"], t["person"])
            and any(p[0] > t["opened_at"] and t["path"] in p[3] for p in pushes)
        }
        pushed = set()
        if request["author_kind"] == "agent":
            driver = self.facts.person(request["driver_key"] or request["merged_by_key"])
            pushed = {p[2] for p in pushes if self._by_another(request, p[1], p[2])} - {driver}
        request["decisions"] = min(3, len(asked) + len(answered) + len(pushed))
        request["stamps"] = sum(self._is_stamp(request, r) for r in request["reviews"])
        request["refused"] = (
            request["closed"]
            if request["author_kind"] == "agent"
            and request["merged"] is None
            and self._by_another(
                request, request["closed_by_kind"], self.facts.person(request["closed_by_key"])
            )
            else None
        )
        request["first_review"] = min((r["submitted_at"] for r in request["reviews"]), default=None)
        request["team"] = self._team(key[0], request)

    def _team(self, repository, request):
        day = request["opened_at"].date()
        person = request["author"]
        if request["author_kind"] == "agent":
            person = self.facts.person(request["driver_key"])
        teams = self.facts.teams_of_person(person, day)
        teams += sorted(
            row["team"] or repository
            for row in self.facts.service_rows
            if row["repository"] == repository
            and (row["path_prefix"] or "") in ("", "/", ".", "./")
            and _valid(row, day)
        )
        return (*teams, repository)[0]


class Delivery:
    """What the three marts share."""

    def __init__(self, facts, streams, failures, normalized, releases):
        self.groups = Groups(
            *(facts, releases, normalized, ((), (), ()), facts.var("minimum_group_size")),
            first_requests(facts),
        )
        self.facts, self.streams, self.failures = facts, streams, failures
        self.z = quantile(facts.var("confidence_level"))
        self.team_weeks = [(row["team"], row["week_start_on"]) for row in normalized]
        self.requests = Requests(facts)
        self.deployments = [d for found in streams.values() for d in found if d.release]
        self.has_requests = self._is_loaded("pull_requests")
        self.has_reviews = self._is_loaded("reviews") or self._is_loaded("review_threads")
        self.shipments = [self._ship(d, sha) for d in self.deployments for sha in d.shipped]
        earliest = {}
        for one in sorted(self.shipments, key=lambda s: s["deployment"].order):
            earliest.setdefault((one["repository"], one["sha"]), one)
        self.earliest = list(earliest.values())
        self.incidents = self._incidents()

    def _marks(self, name):
        return [
            row["loaded_through"]
            for row in self.facts._input("load_watermarks")
            if row["input"] == name and row["loaded_through"] is not None
        ]

    def _is_loaded(self, name):
        on = self.facts.is_on(name)
        return on and bool(self.facts._input(name) or self._marks(name))

    def median(self, values):
        """The middle of those that are known."""
        values = [v for v in values if v is not None]
        lower = self.facts.var("median") == "lower"
        return (statistics.median_low if lower else statistics.median)(values) if values else None

    def wilson(self, name, part, whole):
        """A share with its limits."""
        share = _ratio(part, whole)
        low, high = wilson(share, whole, self.z)
        return {name: share, f"{name}_low": low, f"{name}_high": high}

    def _ship(self, deployment, sha):
        key = (deployment.repository, sha)
        change = self.facts.changes[key]
        found = [self.requests.requests[k] for k in self.requests.requests_of.get(key, [])]
        first = found[0] if found else {}
        opened, merged = first.get("opened_at"), first.get("merged")
        shipped = deployment.finished_at
        spans = {
            "lead_time": _hours(first.get("began") or change["authored_at"], shipped),
            "coding": _hours(first.get("began"), opened),
            "pickup": _hours(opened, first.get("first_review")),
            "review": _hours(first.get("first_review"), merged),
            "deploy": _hours(merged or change["landed_at"], shipped),
        }
        known = [span for span in spans.values() if span is not None]
        reviews = sum(len(r["reviews"]) for r in found)
        outer = _hours(opened, shipped)
        return {
            "deployment": deployment,
            "repository": deployment.repository,
            "sha": sha,
            "team": deployment.release.team,
            "week": deployment.release.week_start_on,
            "authorship": self.facts.authorship_of_change(*key),
            "is_fix": bool(change.get("is_fix")),
            "decisions": sum(r["decisions"] for r in found if r["last"] == key),
            "reviews": reviews,
            "is_stamped": reviews > 0 and reviews == sum(r["stamps"] for r in found),
            "spans": len(known),
            "negative": sum(span < 0 for span in known),
            "outer": outer if outer is not None and outer >= 0 else None,
            **{n: s if s is not None and s >= 0 else None for n, s in spans.items()},
        }

    def _incidents(self):
        """(team, opened_at, resolved_at or None, deployment or None) of each counted incident."""
        blamed = {r["incident_id"]: r["deployment_id"] for r in self.failures.incidents}
        found = []
        for row in self.facts.incidents:
            deployment = self.failures.by_id.get(blamed[row["incident_id"]])
            named = [s for n in self.failures._names(row) for s in self.failures._streams_named(n)]
            team = deployment.release.team if deployment else self.failures._team(row, named)
            resolved = row.get("resolved_at")
            if resolved is not None and resolved > self.facts.as_of:
                resolved = None
            found.append((team, row["opened_at"], resolved, deployment))
        return found

    def builders(self, team, week):
        """Builders of a team, or of the organisation."""
        if team != EVERYBODY:
            return self.facts.builders(team, week) or None
        return len(self.facts.builders_of(week)) or None

    def weeks(self):
        """Every Monday from the first change, deployment or usage to as_of."""
        facts = self.facts
        moments = [change["landed_at"] for change in facts.changes.values()]
        moments += [d.release.window_started_at for d in self.deployments]
        moments += [row["bucket_started_at"] for row in facts._input("ai_usage")]
        week = week_of(min(moments))
        while week <= week_of(facts.as_of):
            yield week
            week += WEEK

    # ---------- section 4

    def human_decision_density(self):
        """Rows by team or organisation, week and authorship."""
        refused = defaultdict(int)
        for request in self.requests.requests.values():
            if request["refused"] is not None:
                refused[week_of(request["refused"])] += 1
        weeks = sorted({week for _, week in self.team_weeks} | refused.keys())
        scopes = [*self.team_weeks, *((EVERYBODY, week) for week in weeks)]
        by_week = defaultdict(list)
        for change in self.earliest:
            by_week[change["week"]].append(change)
        rows = []
        for team, week in scopes:
            builders = self.builders(team, week)
            hidden_because = self.groups.reason(team, week)
            hidden = hidden_because is not None
            late = immature_reason(
                midnight(week) + WEEK, self.facts.as_of, self._requests_known(team)
            )
            for kind in KINDS:
                found = [
                    c
                    for c in by_week[week]
                    if team in (EVERYBODY, c["team"]) and kind in ("all", c["authorship"])
                ]
                n = len(found)
                decisions = sum(c["decisions"] for c in found)
                closed = refused.get(week, 0) if (team, kind) == (EVERYBODY, "all") else 0
                reviewed = sum(c["reviews"] > 0 for c in found)
                directed = sum(c["decisions"] > 0 for c in found)
                stamped = sum(c["is_stamped"] for c in found)
                row = {
                    "human_decision_density": _ratio(decisions, n),
                    "decisions": decisions + closed,
                    "shipped_decisions": decisions,
                    "closed_unmerged_decisions": closed,
                    "directed_changes": directed,
                    "unreviewed_changes": n - reviewed,
                    "reviewed_changes": reviewed,
                    "rubber_stamped_changes": stamped,
                    **self.wilson("directed_share", directed, n),
                    **self.wilson("unreviewed_rate", n - reviewed, n),
                    **self.wilson("rubber_stamp_rate", stamped, reviewed),
                }
                reason = None
                if not self.has_requests:
                    reason = "pull_requests_not_loaded"
                elif not self.has_reviews:
                    reason = "reviews_not_loaded"
                elif hidden:
                    reason = hidden_because
                if reason:
                    row = dict.fromkeys(row)
                elif not reviewed:
                    reason = "no_reviewed_change" if n else "no_change_shipped"
                rows.append(
                    row
                    | {
                        "team": team,
                        "is_organisation": team == EVERYBODY,
                        "week_start_on": week,
                        "authorship": kind,
                        "is_mature": late is None,
                        "immature_reason": late,
                        "changes_shipped": None if hidden else n,
                        "builders": None if hidden else builders,
                        "is_suppressed": hidden,
                        "null_reason": reason,
                    }
                )
        return rows

    def _requests_known(self, team):
        return self.facts.clock.requests(None if team == EVERYBODY else team)

    # ---------- section 5

    def _repairs(self):
        """(repaired deployment, repairing deployment, its finish) of each finished remediation."""
        for repaired, rollback, change in self.failures.repairs:
            if rollback is not None:
                yield repaired, rollback, rollback.finished_at
            for one in self.shipments:
                same = one["deployment"].service == repaired.service
                if same and (one["repository"], one["sha"]) == change:
                    yield repaired, one["deployment"], one["deployment"].finished_at

    def _rollouts(self):
        """(team, service, week, finished_at) of failed and cancelled rollouts that count."""
        if not self.facts.var("failed_rollouts_count"):
            return
        for row in self.facts.all_deployments:
            moment = deployment_time(row)
            if row["status"] not in ("failure", "cancelled"):
                continue
            if not is_production(row["environment"]):
                continue
            if row["kind"] == "flag" and not self.facts.var("redeployments_count"):
                continue
            start = window_start(moment, self.facts.var("release_window_hours"))
            service = row["of_service"]
            team = self.facts.team_of_service(service, row["repository"], start.date())
            yield team, service, week_of(start), moment

    def _owner(self, service, week):
        """The first by name of the teams that had a service on a Monday; None if nobody."""
        teams = [
            row["team"] or row["repository"]
            for row in self.facts.service_rows
            if row["service"] == service and _valid(row, week)
        ]
        listed = {(row["service"], row["repository"]) for row in self.facts.service_rows}
        teams += [r for s, r in self.facts.services - listed if s == service]
        return min(teams, default=None)

    def delivery_performance(self):
        """Rows by team, service and week."""
        facts = self.facts
        hours = timedelta(hours=facts.var("incident_attribution_hours"))
        first_repair, rework = {}, set()
        for repaired, repairing, finished in self._repairs():
            first_repair[repaired] = min(first_repair.get(repaired, finished), finished)
            if finished <= repaired.finished_at + WEEK:
                rework.add(repairing)
        blamed = defaultdict(list)
        for _, _, resolved, deployment in self.incidents:
            if deployment is not None:
                blamed[deployment].append(resolved)
        groups = defaultdict(lambda: {"deployments": [], "rollouts": [], "changes": []})
        for d in self.deployments:
            if facts.var("redeployments_count") or not (d.is_redeployment or d.basis == "flag"):
                key = (d.release.team, d.service, d.release.week_start_on)
                groups[key]["deployments"].append(d)
        for *key, moment in self._rollouts():
            groups[tuple(key)]["rollouts"].append(moment)
        first, active = {}, set()
        for _, service, week in groups:
            first[service] = min(first.get(service, week), week)
            active.add((service, week))
        for one in self.shipments:
            key = (one["team"], one["deployment"].service, one["week"])
            groups[key]["changes"].append(one)
        for service, since in first.items():
            for week in self.weeks():
                owner = self._owner(service, week)
                if week > since and (service, week) not in active and owner is not None:
                    groups[owner, service, week]["changes"] += []
        rows = []
        for (team, service, week), group in groups.items():
            found, changes = group["deployments"], group["changes"]
            known = self._service_known(service)
            rollouts = [m for m in group["rollouts"] if m + hours <= known]
            closed = [
                d
                for d in found
                if d.finished_at + hours
                <= min(facts.clock.incidents(), facts.clock.service(service, d.repository))
            ]
            failed = [d for d in found if d in self.failures.weights]
            recovery = []
            for d in failed:
                resolved = blamed.get(d)
                is_over = resolved and None not in resolved
                end = max(resolved) if is_over else first_repair.get(d)
                span = _hours(d.finished_at, end)
                if span is not None and span >= 0:
                    recovery.append(span)
            matures = [midnight(week) + WEEK]
            matures += [d.finished_at + hours for d in found]
            matures += [m + hours for m in group["rollouts"]]
            late = immature_reason(max(matures), facts.as_of, known)
            n_closed = len(closed) + len(rollouts)
            n_failed = sum(d in self.failures.weights for d in closed) + len(rollouts)
            spans = {name: [c[name] for c in changes if c[name] is not None] for name in PARTS}
            row = {
                "team": team,
                "service": service,
                "week_start_on": week,
                "is_mature": late is None,
                "immature_reason": late,
                "deployments": len(found),
                "deployment_frequency_band": self._band("frequency", len(found) or None),
                "change_lead_time_hours": self.median(spans["lead_time"]),
                "change_lead_time_band": self._band("lead", self.median(spans["lead_time"])),
                **{f"{name}_hours": self.median(spans[name]) for name in PARTS[1:]},
                **{f"{name}_changes": len(spans[name]) for name in PARTS},
                "changes_shipped": len(changes),
                "spans": sum(c["spans"] for c in changes),
                "negative_spans": sum(c["negative"] for c in changes),
                "negative_span_share": _ratio(
                    sum(c["negative"] for c in changes), sum(c["spans"] for c in changes)
                ),
                "closed_deployments": n_closed,
                "failed_rollouts": len(rollouts),
                "rework_deployments": sum(d in rework for d in found),
                **self.wilson(
                    "deployment_rework_rate", sum(d in rework for d in found), len(found)
                ),
                "dora_band_year": facts.var("dora_band_year"),
            }
            failing = {
                **self.wilson("change_failure_rate", n_failed, n_closed),
                "change_failure_rate_band": self._band("failure", _ratio(n_failed, n_closed)),
                "failed_deployments": n_failed,
                "failed_deployment_recovery_hours": self.median(recovery),
                "recovery_band": self._band("recovery", self.median(recovery)),
                "recovered_deployments": len(recovery),
                "unrecovered_deployments": len(failed) - len(recovery),
            }
            rows.append(row | (failing if facts.has_incidents else dict.fromkeys(failing)))
        return rows

    def _service_known(self, service):
        """Up to when everything is known that a service's delivery rests on."""
        clock = self.facts.clock
        known = [clock.incidents()]
        for name, repository in clock.services:
            if name == service:
                requests = clock.repository(repository, *REQUEST_INPUTS)
                known += [clock.service(name, repository)]
                known += [] if requests is None else [requests]
        return min(known)

    def _band(self, metric, value):
        if value is None:
            return None
        year = BANDS[self.facts.var("dora_band_year")] | {"recovery": RECOVERY_BANDS}
        return next((band for test, band in year[metric] if test(value)), "low")

    # ---------- section 8

    def flow_pressure(self):
        """Rows by team or organisation and week."""
        requests = list(self.requests.requests.values())
        first = defaultdict(list)
        for team, week in (
            *((c["team"], c["week"]) for c in self.earliest),
            *((r["team"], week_of(r["opened_at"])) for r in requests),
            *((team, week_of(opened)) for team, opened, *_ in self.incidents),
        ):
            first[team].append(week)
            first[EVERYBODY].append(week)
        reviews = [review["submitted_at"] for r in requests for review in r["reviews"]]
        self.first_weeks = {
            "changes": min((c["week"] for c in self.earliest), default=None),
            "requests": min((week_of(r["opened_at"]) for r in requests), default=None),
            "reviews": min(map(week_of, reviews), default=None),
            "incidents": min((week_of(opened) for _, opened, *_ in self.incidents), default=None),
        }
        of_team, shipped, incidents = defaultdict(list), defaultdict(list), Counter()
        for r in requests:
            for team in {EVERYBODY, r["team"]}:
                of_team[team].append(r)
        for c in self.earliest:
            for team in {EVERYBODY, c["team"]}:
                shipped[team, c["week"]].append(c)
        for whose, opened, *_ in self.incidents:
            incidents.update((team, week_of(opened)) for team in {EVERYBODY, whose})
        rows = {}
        for week in self.weeks():
            for team, seen in first.items():
                if min(seen) <= week:
                    key = (team, week)
                    rows[key] = self._flow(*key, of_team[team], shipped[key], incidents[key])
        measures = (
            "inner_loop_hours", "outer_loop_hours", "review_queue", "unreviewed_rate",
            "requests_per_reviewer", "defects_per_builder", "incidents_per_shipped_change",
        )  # fmt: skip
        for (team, week), row in rows.items():
            before = rows.get((team, week - 52 * WEEK), {})
            for name in measures:
                value = None if row["is_suppressed"] else before.get(name)
                row[f"{name}_52_weeks_before"] = value
        return list(rows.values())

    def _flow(self, team, week, mine, found, incidents):
        """A row, of the team's requests, and of what it shipped and how often it failed then."""
        ends = min(midnight(week) + WEEK, self.facts.as_of)
        reviews = [
            (r["repository"], r["number"], review["person"])
            for r in mine
            for review in r["reviews"]
            if week_of(review["submitted_at"]) == week
        ]
        queue = 0
        for r in mine:
            over = [moment for moment in (r["merged"], r["closed"]) if moment is not None]
            queue += r["ready"] <= ends and (not over or ends < min(over))
        builders = self.builders(team, week)
        n, unreviewed = len(found), sum(c["reviews"] == 0 for c in found)
        defects = sum(c["is_fix"] for c in found)
        reviewed, reviewers = len({r[:2] for r in reviews}), len({r[2] for r in reviews})
        by_request = {
            "inner_loop_hours": self.median(c["coding"] for c in found),
            "outer_loop_hours": self.median(c["outer"] for c in found),
            "review_queue": queue,
        }
        by_change_and_review = {
            **self.wilson("unreviewed_rate", unreviewed, n),
            "unreviewed_changes": unreviewed,
        }
        by_review = {
            "requests_per_reviewer": _ratio(reviewed, reviewers),
            "reviewed_requests": reviewed,
            "reviewers": reviewers,
        }
        by_change = {
            "changes_shipped": n,
            "defects": defects,
            "defects_per_builder": _ratio(defects, builders),
        }
        hidden = self.groups.reason(team, week) is not None
        speaks = {name: first is None or first <= week for name, first in self.first_weeks.items()}
        knows_reviews = self.has_requests and self.has_reviews and speaks["reviews"]
        knows_incidents = self.facts.has_incidents and speaks["incidents"]
        row = {}
        for part, is_known in (
            (by_request, self.has_requests and speaks["requests"]),
            (by_review, knows_reviews),
            (by_change_and_review, knows_reviews and speaks["changes"]),
            ({"incidents": incidents}, knows_incidents),
            (
                {"incidents_per_shipped_change": _ratio(incidents, n)},
                knows_incidents and speaks["changes"],
            ),
            (by_change, speaks["changes"]),
            ({"builders": builders}, True),
        ):
            row |= part if is_known and not hidden else dict.fromkeys(part)
        late = immature_reason(
            midnight(week) + WEEK,
            self.facts.as_of,
            min(self._requests_known(team), self.facts.clock.incidents()),
        )
        return row | {
            "team": team,
            "is_organisation": team == EVERYBODY,
            "week_start_on": week,
            "is_mature": late is None,
            "immature_reason": late,
            "is_suppressed": hidden,
        }


def first_requests(facts):
    """First week with a request, by team."""
    first = {}
    for request in Requests(facts).requests.values():
        week = week_of(request["opened_at"])
        first[request["team"]] = min(week, first.get(request["team"], week))
    return first


def delivery_marts(facts, streams, failures, normalized, releases):
    """Rows of the three marts by relation name.

    Parameters
    ----------
    facts : Facts
    streams : dict
        Deployments by service, as shipped.
    failures : Failures
    normalized : list of dict
        Rows of normalized_deployments, which say from which week on a team ships.
    releases : list of Release
        What shipped.

    Returns
    -------
    dict of str to list of dict
    """
    delivery = Delivery(facts, streams, failures, normalized, releases)
    return {
        "human_decision_density": delivery.human_decision_density(),
        "delivery_performance": delivery.delivery_performance(),
        "flow_pressure": delivery.flow_pressure(),
    }
