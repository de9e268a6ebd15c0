"""Incidents attributed to deployments, remediations, and the weights that releases carry."""

import re
from collections import defaultdict
from datetime import timedelta

from reference.facts import UNASSIGNED
from reference.formulas import window_start
from reference.references import Reverts, resolve
from shipworthy.contract import names_of_text

SEVERITY_WEIGHTS = {"sev1": 1.0, "sev2": 0.6, "sev3": 0.3, "sev4": 0.1, "sev5": 0.0}
WORDS = {
    "critical": "sev1",
    "urgent": "sev1",
    "blocker": "sev1",
    "highest": "sev1",
    "major": "sev2",
    "high": "sev2",
    "minor": "sev3",
    "medium": "sev3",
    "low": "sev4",
    "none": "sev5",
    "lowest": "sev5",
}
PAGERDUTY = {"high": "sev3", "low": "sev4"}
DIGITS = [*"012345"]
REVERT_DAYS = 30
HOTFIX_DAYS = 7


def level(label):
    """The digit that a label counts severities by, None where it has none."""
    parts = re.split(r"[^a-z0-9]+", (label or "").lower().strip())
    for first, second in zip(parts, [*parts[1:], ""], strict=True):
        if found := re.fullmatch(r"(?:sev|severity|prio|priority|level|s|p|l)([0-5])", first):
            return int(found[1])
        if first in ("sev", "severity", "prio", "priority", "level") and second in DIGITS:
            return int(second)
    return int(parts[0]) if parts[0] in DIGITS else None


def severity(label, source="any", counts_from_zero=False):
    """sev1 to sev5, or None when the label says nothing known."""
    label = (label or "").strip().lower()
    own = PAGERDUTY if source == "pagerduty" else {}
    whole = re.sub(r"[ _-]", "", label)
    if whole in own or whole in WORDS:
        return own.get(whole) or WORDS[whole]
    if (number := level(label)) is not None:
        return f"sev{min(5, number + 1 if counts_from_zero else max(number, 1))}"
    words = re.findall(r"[a-z0-9]+", label)
    if {"not", "non"} & set(words):
        return None
    return next((found[w] for found in (own, WORDS) for w in words if w in found), None)


class Failures:
    """What went wrong with which deployment.

    Attributes
    ----------
    incidents : list of dict
        Rows of fct_incidents.
    weights : dict of Deployment to list of float
        Weights of the incidents and remediations of each deployment that has any.
    unattributed : list of (team, opened_at)
    of_teams : dict of (team, start of window) to list of (is it an incident, weight)
    repairs : list of (Deployment, Deployment or None, tuple or None)
        What was repaired, and the rollback or the (repository, sha) that repaired it.
    """

    def __init__(self, facts, streams):
        self.facts = facts
        self.streams = streams
        self.by_id, self.recorded = {}, defaultdict(list)
        for stream, found in streams.items():
            for deployment in found:
                if deployment.release is not None:
                    name = deployment.recorded_id or deployment.deployment_id
                    self.recorded[name].append((stream, deployment))
                    self.by_id[deployment.deployment_id] = deployment
        self.weights = defaultdict(list)
        self.incidents = []
        self.of_teams = defaultdict(list)
        self.unattributed = []
        self.repairs = []
        self.counting_from_zero = {
            (row.get("source") or "").strip().lower()
            for row in facts.incidents
            if level(row.get("severity_label")) == 0
        }
        self.fixing = {row["incident_id"]: self._fixing_changes(row) for row in facts.incidents}
        self.named_fixes = set().union(*self.fixing.values()) if self.fixing else set()
        for row in facts.incidents:
            self._attribute(row)
        self._remediate()
        self._answer()

    # ---------- what was live

    def had_live(self, stream, sha, moment):
        """Latest deployment of a stream that had put a change live by a moment."""
        for deployment in reversed(self.streams.get(stream, [])):
            if deployment.finished_at <= moment and sha in deployment.put_live:
                return deployment
        return None

    def release_of_removed_lines(self, changes, moment, finished_since=None):
        """Of the lines these changes removed: the release with most of them live, its latest."""
        lines = defaultdict(int)
        latest = {}
        for key in sorted(changes):
            for death in self.facts.deaths_of_removing[key]:
                if death["is_moved"] or death["service"] is None:
                    continue
                stream = (death["service"], death["repository"])
                deployment = self.had_live(stream, death["added_sha"], moment)
                if deployment is None:
                    continue
                if finished_since is not None and deployment.finished_at < finished_since:
                    continue
                release = deployment.release
                lines[release] += death["lines"]
                if release not in latest or latest[release].order < deployment.order:
                    latest[release] = deployment
        lines = {release: count for release, count in lines.items() if count > 0}
        if not lines:
            return None
        best = max(lines, key=lambda release: (lines[release], latest[release].order))
        return latest[best]

    # ---------- incidents

    def _fixing_changes(self, incident):
        if incident.get("fixed_by_sha") is not None:
            return self._meant(incident, "fixed_by_sha")
        return {
            key
            for key, change in self.facts.changes.items()
            if self.facts.kept_incident.get(change.get("fixes_incident_id"))
            == incident["incident_id"]
        }

    def _meant(self, incident, column):
        """Changes that an incident names in a column."""
        repositories = {repository for _, repository in self._streams_of(incident)}
        return resolve(self.facts, incident[column], None, repositories)

    def _names(self, incident):
        return sorted({name.strip() for name in names_of_text(incident["service"])} - {""})

    def _streams_named(self, name):
        """(service, repository) pairs that an incident's service name stands for."""
        facts = self.facts
        if facts.has_services:
            return sorted(pair for pair in facts.services if pair[0] == name)
        repositories = {r["repository"] for r in facts.deployments if r.get("service") == name}
        repositories |= {repository for _, repository in facts.services if repository == name}
        return sorted((repository, repository) for repository in repositories)

    def _streams_of(self, incident):
        """Streams of deployments of an incident's services, in whatever repository."""
        named = {s for name in self._names(incident) for s in self._streams_named(name)}
        services = {service for service, _ in named}
        return sorted(named | {stream for stream in self.streams if stream[0] in services})

    def _explicit(self, incident, streams):
        opened = incident["opened_at"]
        since = opened - timedelta(days=self.facts.var("named_cause_days"))
        named = [
            (stream, d)
            for stream, d in self.recorded.get(incident.get("caused_by_deployment_id"), [])
            if d.put_live and d.started_at <= opened and d.finished_at >= since
        ]
        if named:
            ours = [d for stream, d in named if self._names(incident) and stream in streams]
            return max(ours or [d for _, d in named], key=lambda d: d.order)
        found = [
            self.had_live(stream, sha, opened)
            for repository, sha in self._meant(incident, "caused_by_sha")
            for stream in streams
            if stream[1] == repository
        ]
        found = [d for d in found if d is not None and d.finished_at >= since]
        return max(found, key=lambda d: d.order, default=None)

    def _by_time(self, incident, streams):
        opened = incident["opened_at"]
        since = opened - timedelta(hours=self.facts.var("incident_attribution_hours"))
        tie_counts = self.facts.var("incident_tie") == "at_or_before"
        candidates = [
            d
            for stream in streams
            for d in self.streams.get(stream, [])
            if d.release is not None
            and since <= d.started_at
            and (d.started_at <= opened if tie_counts else d.started_at < opened)
        ]
        shipping = [d for d in candidates if d.put_live]
        others = [d for d in candidates if not d.is_redeployment]
        return max(shipping or others, key=lambda d: d.order, default=None)

    def _attribute(self, incident):
        names = self._names(incident)
        named = [stream for name in names for stream in self._streams_named(name)]
        ours = self._streams_of(incident)
        method, confidence = "explicit", 1.0
        deployment = self._explicit(incident, ours if names else list(self.streams))
        if deployment is None:
            method, confidence = "fix", 0.8
            deployment = self.release_of_removed_lines(
                self.fixing[incident["incident_id"]], incident["opened_at"]
            )
        if deployment is None:
            method, confidence = "time", 0.5
            deployment = self._by_time(incident, ours)
        source = (incident.get("source") or "").strip().lower()
        level = severity(incident.get("severity_label"), source, source in self.counting_from_zero)
        weight = SEVERITY_WEIGHTS[level or "sev3"]
        if deployment is None:
            method, confidence = "unattributed", None
            self.unattributed.append((self._team(incident, named), incident["opened_at"]))
        else:
            self.weights[deployment].append(weight)
            self._count(deployment.release, True, weight, incident["opened_at"])
        self._count_named(incident, named, deployment, weight)
        self.incidents.append(
            {
                "incident_id": incident["incident_id"],
                "severity": level or "unknown",
                "severity_weight": weight,
                "is_severity_unknown": level is None,
                "attribution_method": method,
                "attribution_confidence": confidence,
                "deployment_id": deployment.deployment_id if deployment else None,
            }
        )

    def _count(self, release, is_incident, weight, moment):
        of_window = self.of_teams[release.team, release.window_started_at]
        of_window.append((is_incident, weight, moment))

    def _count_named(self, incident, named, deployment, weight):
        """An incident weighs for the teams whose services it names too, when it opens."""
        opened = incident["opened_at"]
        teams = {
            min(
                self.facts.team_of_service(*pair, opened.date())
                for pair in named
                if pair[0] == service
            )
            for service, _ in named
        }
        window = window_start(opened, self.facts.var("release_window_hours"))
        for team in teams - {deployment.release.team if deployment else None}:
            self.of_teams[team, window].append((True, weight, opened))

    def _team(self, incident, named):
        """Team that an unattributed incident is counted for: the first of its services' by name."""
        day = incident["opened_at"].date()
        return min((self.facts.team_of_service(*pair, day) for pair in named), default=UNASSIGNED)

    # ---------- remediations

    def _answer(self):
        """What answers an incident of a team is no second failure of it."""
        hours = timedelta(hours=self.facts.var("incident_attribution_hours"))
        opened = defaultdict(list)
        for (team, _), found in self.of_teams.items():
            opened[team] += [moment for is_incident, _, moment in found if is_incident]
        for (team, window), found in list(self.of_teams.items()):
            kept = [
                (is_incident, weight)
                for is_incident, weight, moment in found
                if is_incident or not any(o <= moment <= o + hours for o in opened[team])
            ]
            if kept:
                self.of_teams[team, window] = kept
            else:
                del self.of_teams[team, window]

    def _repair(self, deployment, change=None, rollback=None):
        if deployment is None:
            return
        self.repairs.append((deployment, rollback, change))
        exempt = change is not None and change in self.named_fixes
        weight = 0.0 if exempt else self.facts.var("remediation_weight")
        self.weights[deployment].append(float(weight))
        moment = rollback.finished_at if rollback else self.facts.changes[change]["landed_at"]
        self._count(deployment.release, False, float(weight), moment)

    def _remediate(self):
        for stream in self.streams.values():
            for deployment in stream:
                if deployment.release is None:
                    continue
                if deployment.moved_down or deployment.marked_rollback:
                    taken = deployment.taken_off_from
                    latest = max(taken, key=lambda d: d.order, default=deployment.mover_before)
                    self._repair(latest, rollback=deployment)
        reverts = Reverts(self.facts).of
        for key, change in self.facts.changes.items():
            repository, landed = key[0], change["landed_at"]
            for stream in self.streams:
                if stream[1] != repository:
                    continue
                found = {self.had_live(stream, sha, landed) for _, sha in reverts.get(key, ())}
                for deployment in found - {None}:
                    if landed <= deployment.finished_at + timedelta(days=REVERT_DAYS):
                        self._repair(deployment, key)
            if key in self.facts.hotfix_changes or key in self.named_fixes:
                since = landed - timedelta(days=HOTFIX_DAYS)
                self._repair(self.release_of_removed_lines({key}, landed, since), key)
