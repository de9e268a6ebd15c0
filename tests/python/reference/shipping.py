"""What each deployment put live, what shipped for good, and what of it was held."""

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property

from reference.clock import immature_reason, last_reason
from reference.facts import CLASS_WEIGHTS, deployment_start, deployment_time
from reference.formulas import week_of, whole_days, window_start
from reference.references import find_commit, landing, position

AUTHORSHIPS = ("ai", "human", "automation", "unknown")
RETIREMENT_AGE_DAYS = 91
CREDITED_AFTER = timedelta(days=7)


@dataclass(eq=False)
class Deployment:
    """A successful production deployment of one service, or a change that ships by landing."""

    deployment_id: str
    service: str
    repository: str
    started_at: datetime
    finished_at: datetime
    sha: str | None
    position: int | None
    basis: str
    environment: str = "production"
    recorded_id: str | None = None
    marked_rollback: bool = False
    explicit: list = field(default_factory=list)
    has_list: bool = False
    moves: bool = True
    by_commit: bool = False
    moved_down: bool = False
    is_redeployment: bool = False
    put_live: list = field(default_factory=list)
    taken_off_from: list = field(default_factory=list)
    mover_before: "Deployment | None" = None
    shipped: list = field(default_factory=list)
    release: "Release | None" = None

    @property
    def order(self):
        """Shipping order, also across services."""
        return (self.finished_at, self.position or 0, self.deployment_id)


@dataclass(eq=False)
class Release:
    """One service and one window with at least one deployment."""

    service: str
    repository: str
    window_started_at: datetime
    team: str
    deployments: list = field(default_factory=list)
    held: dict = field(default_factory=lambda: dict.fromkeys(AUTHORSHIPS, 0.0))
    retired: float = 0.0
    weight: float = 0.0
    is_failed: bool = False

    @property
    def release_id(self):
        """A name for it, unique and readable."""
        return f"{self.repository}|{self.service}|{self.window_started_at.isoformat()}"

    @cached_property
    def week_start_on(self):
        """Monday of the window's start."""
        return week_of(self.window_started_at)

    @property
    def held_lines(self):
        """h, all authorships."""
        return sum(self.held.values())

    @property
    def stability(self):
        """s = 1 - w."""
        return 1 - self.weight

    @property
    def changes_put_live(self):
        """Changes that its deployments put live, also when they were taken off again."""
        return sum(len(d.put_live) for d in self.deployments)


def _basis(row, commit):
    if row["is_superseded"]:
        return "superseded_by_source"
    if row.get("kind") == "flag":
        return "flag"
    if commit is None:
        return "no_sha"
    if "number" in commit:
        return "no_sha"  # only a request names it
    return "position" if commit["on_mainline"] else "off_mainline"


def _streams(facts):
    """Deployments by (service, repository), in shipping order."""
    explicit = defaultdict(list)
    for row in facts.raw.get("deployment_commits") or []:
        explicit[row["deployment_id"], row["repository"]].append(row["sha"])
    streams = defaultdict(list)
    for row in facts.deployments:
        stream = (row["of_service"], row["repository"])
        commit = find_commit(facts, row["repository"], row.get("sha"))
        where = position(facts, row["repository"], commit) if commit else None
        basis = _basis(row, commit)
        moves = basis in ("position", "off_mainline") and where is not None
        by_commit = facts.delivers_commits(*stream, deployment_time(row).date())
        if by_commit:
            moves = False
            basis = "commit_delivery" if basis == "position" else basis
        streams[stream].append(
            Deployment(
                deployment_id=row["deployment_id"],
                service=stream[0],
                repository=stream[1],
                environment=row["environment"],
                recorded_id=row["recorded_id"],
                started_at=deployment_start(row),
                finished_at=deployment_time(row),
                sha=row.get("sha"),
                position=where,
                basis=basis,
                moves=moves,
                by_commit=by_commit,
                marked_rollback=bool(row.get("is_rollback")),
                explicit=[
                    sha
                    for name in explicit[row["recorded_id"], row["repository"]]
                    if (found := find_commit(facts, row["repository"], name))
                    and "number" not in found
                    for _, sha in sorted(landing(facts, row["repository"], found))
                ],
                has_list=bool(explicit[row["recorded_id"], row["repository"]]),
            )
        )
    shipping = ("position", "commit_delivery", "off_mainline")
    floors = {}
    for stream, found in streams.items():
        known = [d for d in found if d.position is not None and d.basis in shipping]
        first = min(known, key=lambda d: d.order, default=None)
        floors[stream] = first.position if first and first.by_commit else 0
    for service, repository in facts.commit_delivered:
        for (where, sha), change in facts.changes.items():
            if where != repository or service not in facts.services_of_change[where, sha]:
                continue
            if not facts.delivers_commits(service, where, change["landed_at"].date()):
                continue
            if change["mainline_position"] < floors.get((service, repository), 0):
                continue
            streams[service, repository].append(
                Deployment(
                    deployment_id=f"{service}@{sha}",
                    service=service,
                    repository=repository,
                    started_at=change["landed_at"],
                    finished_at=change["landed_at"],
                    sha=sha,
                    position=change["mainline_position"],
                    basis="position",
                )
            )
    return {key: sorted(found, key=lambda d: d.order) for key, found in streams.items()}


def _ship(facts, service, repository, deployments):
    """Walk one service's deployments in order and note what each does to what is live."""
    changes = {
        sha: change["mainline_position"]
        for (where, sha), change in facts.changes.items()
        if where == repository and service in facts.services_of_change[where, sha]
    }
    live = defaultdict(set)  # environment -> what is live there
    since = {}  # sha -> deployment that put it live where nobody had it
    credited = {}  # sha -> deployment that had it live for long, whatever came later
    position, mover, floor = {}, {}, None
    highest, older_lines, seen = {}, set(), set()
    for deployment in deployments:
        here = deployment.environment
        deployment.mover_before = mover.get(here)
        if not deployment.moves:
            continue
        if deployment.basis == "off_mainline" and (here, deployment.sha) not in seen:
            seen.add((here, deployment.sha))
            if deployment.position < highest.get(here, deployment.position):
                older_lines.add((here, deployment.sha))
        highest[here] = max(deployment.position, highest.get(here, 0))
        if deployment.basis == "off_mainline" and (here, deployment.sha) in older_lines:
            continue
        target, before = deployment.position, position.get(here)
        wanted = []
        if floor is None:
            floor = target
        if before is None:
            wanted = [sha for sha, p in changes.items() if floor <= p <= target]
        elif target > before and deployment.has_list:
            wanted = [sha for sha in deployment.explicit if changes.get(sha, -1) >= floor]
        elif target > before:
            wanted = [sha for sha, p in changes.items() if max(before + 1, floor) <= p <= target]
        elif target < before:
            deployment.moved_down = True
            above = {sha for sha in live[here] if changes[sha] > target}
            live[here] -= above
            gone = above - set().union(*live.values())
            for sha in gone:
                first = since.pop(sha)
                deployment.taken_off_from.append(first)
                if deployment.finished_at - first.finished_at > CREDITED_AFTER:
                    credited.setdefault(sha, first)
        else:
            deployment.is_redeployment = True
            continue
        for sha in dict.fromkeys(wanted):
            live[here].add(sha)
            if sha not in since:
                since[sha] = deployment
                deployment.put_live.append(sha)
        position[here], mover[here] = target, deployment
    for sha, deployment in (since | credited).items():
        deployment.shipped.append(sha)


def lines_touched(facts, repository, sha, service):
    """Lines that a change adds to a service or removes from it, and its share of the cap."""
    cap = facts.var("change_line_cap")
    if repository not in facts.repositories_with_births:
        lines = facts.changes[repository, sha].get("lines_added") or 0
        return lines, cap
    found = [(b["service"], b) for b in facts.births_of[repository, sha]]
    found += [(d["removed_in_service"], d) for d in facts.deaths_of_removing[repository, sha]]
    lines = sum(row["lines"] for where, row in found if where == service and not row["is_moved"])
    total = sum(row["lines"] for _, row in found if not row["is_moved"])
    return lines, cap * lines / total if total else 0.0


def held_by_author(facts, repository, sha, service, shipped_at):
    """Held lines of one change in one service, capped and weighted; those retired.

    By authorship and the commit that wrote them; of retired lines, the change.
    """
    _, cap = lines_touched(facts, repository, sha, service)
    held = defaultdict(float)
    change = facts.changes[repository, sha]
    if repository not in facts.repositories_with_births:
        added = change.get("lines_added") or 0
        ai = min(change.get("ai_lines_added") or 0, added)
        own = facts.authorship_of_commit(change)
        from_ai = facts.authorship_of("ai", change["author_key"], change["landed_at"])
        scale = min(1.0, cap / added) if added else 0.0
        held[from_ai, sha] += ai * scale
        held["human" if own == "ai" else own, sha] += (added - ai) * scale
        return held, 0.0
    cutoff = shipped_at + timedelta(days=facts.var("turnover_window_days"))
    parts = defaultdict(int)  # (authorship, author, path class) -> lines
    for birth in facts.births_of[repository, sha]:
        if birth["service"] == service and birth["is_new"]:
            parts[birth["reading"], birth["author_sha"], birth["path_class"]] += birth["lines"]
    for death in facts.deaths_of_added[repository, sha]:
        if death["service"] != service or not death["birth_is_new"] or death["is_moved"]:
            continue
        if death["removed_at"] < cutoff:
            parts[death["reading"], death["author_sha"], death["path_class"]] -= death["lines"]
    retiring, retired = facts.authorship_of_change(repository, sha), 0.0
    for death in facts.deaths_of_removing[repository, sha]:
        if death["removed_in_service"] != service or death["is_moved"]:
            continue
        if whole_days(death["landed_at"], death["removed_at"]) >= RETIREMENT_AGE_DAYS:
            parts[retiring, sha, death["path_class"]] += death["lines"]
            retired += death["lines"] * CLASS_WEIGHTS[death["path_class"]]
    total = sum(parts.values())
    scale = min(1.0, cap / total) if total else 0.0
    for (authorship, author, path_class), lines in parts.items():
        held[authorship, author] += lines * scale * CLASS_WEIGHTS[path_class]
    return held, retired * scale


def held_lines(facts, repository, sha, service, shipped_at):
    """The same by authorship alone."""
    held = dict.fromkeys(AUTHORSHIPS, 0.0)
    by_author, retired = held_by_author(facts, repository, sha, service, shipped_at)
    for (authorship, _), lines in by_author.items():
        held[authorship] += lines
    return held, retired


def ship(facts):
    """(streams, releases): deployments by service in shipping order, and what they released."""
    streams = _streams(facts)
    releases = {}
    hours = facts.var("release_window_hours")
    for (service, repository), deployments in sorted(streams.items()):
        _ship(facts, service, repository, deployments)
        for deployment in deployments:
            if deployment.basis == "superseded_by_source":
                continue
            start = window_start(deployment.finished_at, hours)
            key = (service, repository, start)
            if key not in releases:
                team = facts.team_of_service(service, repository, start.date())
                releases[key] = Release(service, repository, start, team)
            release = releases[key]
            deployment.release = release
            release.deployments.append(deployment)
            for sha in deployment.shipped:
                held, retired = held_lines(facts, repository, sha, service, deployment.finished_at)
                release.retired += retired
                for authorship, lines in held.items():
                    release.held[authorship] += lines
    facts.clock.watch(streams)
    return streams, list(releases.values())


def window_end(facts, release):
    """When a release's window ends."""
    return release.window_started_at + timedelta(hours=facts.var("release_window_hours"))


def closes_at(facts, moment):
    """When it is too late to blame what was deployed at a moment by time alone."""
    return moment + timedelta(hours=facts.var("incident_attribution_hours"))


def failures_known(facts, deployed):
    """Up to when it is known what a deployment or release did."""
    clock = facts.clock
    return min(clock.incidents(), clock.service(deployed.service, deployed.repository))


def is_shipped_lines(facts, release):
    """Does a release ship lines of which nobody knows whether they held?"""
    ships = any(deployment.shipped for deployment in release.deployments)
    return ships and release.repository not in facts.repositories_with_births


def release_immature_reason(facts, release):
    """Why a release is not final; None where it is."""
    if is_shipped_lines(facts, release):
        return "line_lifetimes_not_loaded"
    ends = window_end(facts, release)
    watched_until = ends + timedelta(days=facts.var("turnover_window_days"))
    return last_reason(
        immature_reason(closes_at(facts, ends), facts.as_of, failures_known(facts, release)),
        immature_reason(
            watched_until, facts.as_of, facts.clock.service(release.service, release.repository)
        ),
    )
