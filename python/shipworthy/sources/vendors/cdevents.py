"""CDEvents: deployments and incidents, from files of events (NDJSON, one event a line).

Events of any producer, as they are or in the envelope of CloudEvents (`data`). Types of versions
0.1, 0.2 and 0.3 are read.

Readings
- `service.deployed`, `service.upgraded` and `service.published` are successful deployments,
  `service.rolledback` is one that is a rollback. CDEvents knows no failed deployment of a service.
- `service.removed` and all types that are not named here are passed over; the load's closing line
  counts them.
- `incident.detected` and `incident.reported` open an incident, `incident.resolved` resolves it.
  Events of one subject are one incident, also across files and loads: it was opened at the first
  and resolved at the last of them. An incident that is detected again stays one incident.
- Of other values the newest event's counts. An incident's severity is `customData.severity`, else
  `customData.priority`, else the priority of the ticket at its `ticketURI` (`ticket.created`,
  `ticket.updated`), which must be in the same load.
- The commit comes from `artifactId`: the commit in `vcs_url`, else a tag or version that looks like
  a commit. `sha256` digests are no commits. An abbreviated one is written out once the repository's
  commits are loaded; until then it stays abbreviated and joins with nothing.
- The repository is the one given for the service, else the one that `artifactId` names, else that
  of `change.merged` in the same chain, if it is one. What an earlier load found is kept.
- An incident was caused by the latest deployment or upgrade of its chain before it, of the same
  service and environment where both say one.
- A file is complete up to its newest event of any type.
"""

import json
import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote

import dlt
from dlt.extract import DltResource

from shipworthy.contract import RAW_SCHEMA
from shipworthy.sources.incident_fields import services_of
from shipworthy.sources.rows import (
    VERSION,
    BadRowError,
    Row,
    contract_resource,
    get,
    need,
    utc,
    utc_or_none,
)
from shipworthy.sources.shas import full_sha, sha_in_tag
from shipworthy.sources.vendor import (
    Load,
    Option,
    Query,
    Settings,
    Vendor,
    Window,
    nothing_stored,
)

_TYPE = re.compile(r"dev\.cdevents\.([a-z]+)\.([a-z]+)\.0\.[123]\.\d+(?:-[\w.]+)?")
_DEPLOYED = frozenset({"service.deployed", "service.upgraded", "service.published"})
_ROLLED_BACK = "service.rolledback"
_OPENED = frozenset({"incident.detected", "incident.reported"})
_RESOLVED = "incident.resolved"
_TICKETS = frozenset({"ticket.created", "ticket.updated"})
_MERGED = "change.merged"
_READ = _DEPLOYED | _OPENED | _TICKETS | {_ROLLED_BACK, _RESOLVED, _MERGED}

# Types of artifacts whose name is a repository's.
_REPOSITORY_TYPES = frozenset({"github", "gitlab", "bitbucket"})
_VCS_URL = re.compile(
    r"(?:git\+)?[a-z+]+://[^/]+/(?P<repository>[^@]+?)(?:\.git)?(?:@(?P<sha>.+))?"
)
_REPOSITORY = re.compile(r"[^/\s:]+(?:/[^/\s:]+)+")


class _Event:
    """An event of a type that is read, its parts checked."""

    def __init__(self, kind: str, payload: Mapping[str, Any]) -> None:
        self.kind = kind
        self.time = utc(need(payload, "context", "timestamp"), "timestamp")
        self.source = _text_or_none(payload, "context", "source") or ""
        self.id = _text(payload, "context", "id")
        self.chain = _text_or_none(payload, "context", "chainId")
        self.subject = _text(payload, "subject", "id")
        self.content = get(payload, "subject", "content") or {}
        self.custom = payload.get("customData")
        # Settles the order of events of one moment, whatever the order of the lines.
        self.order = (self.time, json.dumps(payload, sort_keys=True, default=str))

    def said(self, *path: str) -> str | None:
        """Return a text of the content; None if it says none."""
        return _text_or_none(self.content, *path)

    @property
    def severity(self) -> str | None:
        """What customData says, where it is an object."""
        value = get(self.custom, "severity") or get(self.custom, "priority")
        return str(value) if isinstance(value, str | int) and value else None


@dlt.source(name="cdevents")
def cdevents(
    window: Window,
    paths: Iterable[Path],
    repositories: Mapping[str, str] | None = None,
    services: Mapping[str, str] | None = None,
    incident_environments: Collection[str] = (),
    stored: Query = nothing_stored,
) -> tuple[DltResource, DltResource]:
    """Deployments and incidents of files of events.

    Parameters
    ----------
    window : Window
        Not used to choose; its `through` becomes the time of the newest event.
    paths : iterable of Path
        NDJSON files.
    repositories : mapping of str to str, optional
        Service, as the events name it, to repository (`owner/name`).
    services : mapping of str to str, optional
        Service, as the events name it, to the warehouse's; others keep their name.
    incident_environments : collection of str, optional
        Incidents of other environments are passed over; by default none is.
    stored : callable, optional
        Asks the warehouse what earlier loads know of the same deployments and incidents.
    """
    repositories, services = repositories or {}, services or {}

    def read() -> Iterator[list[dict[str, Any]]]:
        """Yield, once all files are read, the rows and what was refused."""
        deployments: dict[str, _Event] = {}
        incidents: dict[str, list[_Event]] = {}
        chains: dict[Any, set[str]] = {}
        tickets: dict[str, _Event] = {}
        newest: datetime | None = None
        for path in paths:
            for number, line in _lines(path):
                place = {"reference": path.name, "line": number}
                table = "deployments"
                try:
                    payload = _payload(line)
                    name = _text(payload, "context", "type")
                    match = _TYPE.fullmatch(name)
                    kind = f"{match[1]}.{match[2]}" if match else ""
                    if kind not in _READ:
                        window.passed_over[kind or name.removeprefix("dev.cdevents.")] += 1
                        newest = max(
                            filter(
                                None, (newest, utc_or_none(get(payload, "context", "timestamp")))
                            ),
                            default=None,
                        )
                        continue
                    table = "incidents" if kind.startswith("incident.") else table
                    event = _Event(kind, payload)
                except BadRowError as error:
                    yield [{**place, "table": table, "problem": error.reason}]
                    continue
                newest = max(newest or event.time, event.time)
                if kind in _DEPLOYED or kind == _ROLLED_BACK:
                    key = f"cdevents:{event.source}:{event.id}"
                    deployments[key] = _later(deployments.get(key), event)
                elif kind in _TICKETS:
                    address = event.said("uri") or event.subject
                    if event.said("priority"):
                        tickets[address] = _later(tickets.get(address), event)
                elif kind == _MERGED:
                    repository = event.said("repository", "id")
                    if repository and _REPOSITORY.fullmatch(repository) and event.chain:
                        chains.setdefault(event.chain, set()).add(repository)
                else:
                    environment = event.said("environment", "id")
                    if incident_environments and environment not in incident_environments:
                        window.passed_over[f"{kind} of another environment"] += 1
                        continue
                    incidents.setdefault(event.subject, []).append(event)
        window.through = min(newest, window.until) if newest else None
        of_chains = {chain: found.pop() for chain, found in chains.items() if len(found) == 1}
        known = _known(
            stored, "deployments", "deployment_id", ("repository", "sha"), "source = 'cdevents'"
        )
        for key, event in deployments.items():
            row = deployment(key, event, of_chains.get(event.chain), known.get(key, {}))
            yield [{"table": "deployments", "row": row}]
        causes: dict[Any, list[tuple[str, _Event]]] = {}
        for key, event in deployments.items():
            if event.chain and event.kind in ("service.deployed", "service.upgraded"):
                causes.setdefault(event.chain, []).append((key, event))
        known = _known(stored, "incidents", "incident_id", _MERGED_COLUMNS, "source = 'cdevents'")
        for key, events in incidents.items():
            events.sort(key=lambda event: event.order)
            row = incident(key, events, tickets, causes, of_chains)
            yield [{"table": "incidents", "row": _merged(row, known.get(key))}]

    def repository_of(event: _Event, service: str | None, of_chain: str | None) -> str | None:
        return repositories.get(service or "") or _artifact(event)[0] or of_chain

    def deployment(key: str, event: _Event, of_chain: str | None, known: Row) -> Row:
        repository = repository_of(event, event.subject, of_chain) or known.get("repository")
        return {
            "deployment_id": key,
            "repository": repository,
            "service": services.get(event.subject, event.subject),
            "environment": event.said("environment", "id"),
            "sha": _better_sha(
                sha_in_tag(_artifact(event)[1], repository, stored), known.get("sha")
            ),
            "status": "success",
            "created_at": event.time,
            "finished_at": event.time,
            "is_rollback": event.kind == _ROLLED_BACK,
            "kind": "deploy",
            "source": "cdevents",
            VERSION: event.time,
        }

    def incident(
        key: str,
        events: list[_Event],
        tickets: Mapping[str, _Event],
        causes: Mapping[Any, list[tuple[str, _Event]]],
        of_chains: Mapping[Any, str],
    ) -> Row:
        opened = [event for event in events if event.kind in _OPENED]
        resolved = [event for event in events if event.kind == _RESOLVED]
        service = _last(event.said("service", "id") for event in events)
        ticket = tickets.get(_last(event.said("ticketURI") for event in events) or "")
        shas = (
            sha_in_tag(
                _artifact(event)[1],
                repository_of(event, service, of_chains.get(event.chain)),
                stored,
            )
            for event in opened
        )
        return {
            "incident_id": key,
            "service": services_of([service], services),
            "severity_label": _last(event.severity for event in events)
            or (ticket.said("priority") if ticket else None),
            "opened_at": opened[0].time if opened else None,
            "resolved_at": resolved[-1].time if resolved else None,
            "caused_by_deployment_id": _cause(opened[0], service, causes) if opened else None,
            "caused_by_sha": _last(shas),
            "source": "cdevents",
            VERSION: events[-1].time,
        }

    events = dlt.resource(read, name="events", selected=False)

    def of_table(table: str) -> Any:
        def shape(payload: dict[str, Any]) -> Row | None:
            if payload["table"] != table:
                return None
            if "problem" in payload:
                raise BadRowError(payload["problem"])
            return payload["row"]

        return contract_resource(table, events, shape)

    return (of_table("deployments"), of_table("incidents"))


# ------------------------------------------------------------------------------ reading events


def _lines(path: Path) -> Iterator[tuple[int, bytes]]:
    with path.open("rb") as file:
        for number, line in enumerate(file, start=1):
            line = line.removeprefix(b"\xef\xbb\xbf").strip()
            if line:
                yield number, line


def _payload(line: bytes) -> dict[str, Any]:
    try:
        payload = json.loads(line)
    except (ValueError, RecursionError):
        payload = None
    if not isinstance(payload, dict):
        raise BadRowError("is not a JSON object")
    is_envelope = "context" not in payload and isinstance(payload.get("data"), dict)
    return payload["data"] if is_envelope else payload


def _text(payload: Mapping[str, Any], *path: str) -> str:
    value = need(payload, *path)
    if not isinstance(value, str):
        raise BadRowError(f"{'.'.join(path)} is not a text")
    return value


def _text_or_none(payload: Any, *path: str) -> str | None:
    value = get(payload, *path)
    return value if isinstance(value, str) and value else None


def _later(one: _Event | None, other: _Event) -> _Event:
    return other if one is None or one.order < other.order else one


def _last(values: Iterable[str | None]) -> str | None:
    return next((value for value in reversed(list(values)) if value), None)


def _artifact(event: _Event) -> tuple[str | None, str | None]:
    """Return repository and commit, or what may be one, that an artifact's package URL names."""
    name, _, query = (event.said("artifactId") or "").partition("?")
    name, _, version = name.partition("@")
    qualifiers = {key: values[0] for key, values in parse_qs(query.partition("#")[0]).items()}
    kind, _, path = name.removeprefix("pkg:").partition("/")
    repository = unquote(path) if kind in _REPOSITORY_TYPES else None
    version = unquote(version)
    commit = qualifiers.get("tag") or (version if ":" not in version else None)
    match = _VCS_URL.fullmatch(qualifiers.get("vcs_url", ""))
    if match:
        return match["repository"], match["sha"] or commit
    return repository, commit


def _cause(
    opened: _Event, service: str | None, causes: Mapping[Any, list[tuple[str, _Event]]]
) -> str | None:
    before = [
        (event.order, key)
        for key, event in causes.get(opened.chain, [])
        if event.time <= opened.time
        and _agree(event.subject, service)
        and _agree(event.said("environment", "id"), opened.said("environment", "id"))
    ]
    return max(before)[1] if before else None


def _agree(one: str | None, other: str | None) -> bool:
    return one is None or other is None or one == other


# ------------------------------------------------------------------ what earlier loads know

_MERGED_COLUMNS = (
    "service",
    "severity_label",
    "opened_at",
    "resolved_at",
    "caused_by_deployment_id",
    "caused_by_sha",
)


def _known(
    stored: Query, table: str, key: str, columns: tuple[str, ...], where: str
) -> dict[str, Row]:
    rows = stored(f"select {key}, {', '.join(columns)} from {RAW_SCHEMA}.{table} where {where}", [])
    return {row[0]: dict(zip(columns, row[1:], strict=True)) for row in rows}


def _better_sha(new: str | None, known: str | None) -> str | None:
    """Return the new commit, unless it is unknown or abbreviates the known one."""
    if new is None or (full_sha(known) and known.startswith(new)):
        return known
    return new


def _merged(row: Row, known: Row | None) -> Row:
    """Add to an incident what earlier loads know of it, in whatever order its events were loaded.

    Times merge exactly. Of other values those of the load with the newer event count; a repeat
    changes nothing.
    """
    if known is None:
        return row
    opened, resolved = (
        known[name].replace(tzinfo=UTC) if known[name] else None
        for name in ("opened_at", "resolved_at")
    )
    newest = max(filter(None, (opened, resolved)), default=None)
    is_newer = newest is None or row[VERSION] > newest
    # The service's name is the user's to map anew, so that a repeat may change it.
    is_repeat = newest is not None and row[VERSION] == newest
    kept = {
        name: (row[name] if is_newer else known[name]) or known[name] or row[name]
        for name in ("severity_label", "caused_by_deployment_id")
    }
    kept["service"] = (row if is_newer or is_repeat else known)["service"]
    kept["service"] = kept["service"] or known["service"] or row["service"]
    first, second = (row, known) if is_newer else (known, row)
    kept["caused_by_sha"] = _better_sha(first["caused_by_sha"], second["caused_by_sha"])
    return {
        **row,
        **kept,
        "opened_at": min(filter(None, (opened, row["opened_at"])), default=None),
        "resolved_at": max(filter(None, (resolved, row["resolved_at"])), default=None),
    }


def _loads(settings: Settings) -> Iterable[Load]:
    paths = settings.paths(".ndjson", ".jsonl")
    yield Load(
        "cdevents",
        ("deployments", "incidents"),
        lambda window: cdevents(
            window,
            paths,
            settings["repositories"],
            settings["services"],
            settings["incident_environments"] or (),
            settings.stored,
        ),
    )


VENDOR = Vendor(
    name="cdevents",
    title="CDEvents",
    inputs=("deployments", "incidents"),
    loads=_loads,
    options=(
        Option("paths", "Files of events, or directories of them.", "paths", is_required=True),
        Option(
            "repositories",
            "Repository of a service, as SERVICE=owner/name.",
            kind="map",
            flag="repository",
        ),
        Option(
            "services",
            "The events' name of a service and the warehouse's, as NAME=SERVICE.",
            kind="map",
            flag="service",
        ),
        Option(
            "incident_environments",
            "Environment whose incidents count; by default all.",
            kind="texts",
            flag="incident_environment",
        ),
    ),
)
