"""Kubernetes: rollouts of Deployments, from files of audit events or of exported events.

Read are files of one JSON object a line, or of one list (`kubectl get events -A -o json`):
- audit events (`audit.k8s.io/v1`, https://kubernetes.io/docs/tasks/debug/debug-cluster/audit/) of
  `deployments/status` in `apps` with verb update or patch, which the policy must record at level
  RequestResponse. They know revision, images, outcome and times;
- events (`v1` or `events.k8s.io/v1`, https://kubernetes.io/docs/reference/kubernetes-api/), as
  exporters write them: ScalingReplicaSet of Deployments, and Pulled or Pulling of pods. They live
  for an hour in the cluster, and know when a rollout began and which images it pulled.

Readings
- Audit: a rollout is a new value of the annotation `deployment.kubernetes.io/revision`. It began
  when the controller first reported it, succeeded when the controller first reported all replicas
  as updated and available (what `kubectl rollout status` waits for), and failed when it reported
  ProgressDeadlineExceeded; one that succeeds after that did succeed. A rollback has a revision of
  its own.
- A rollout that was complete when the files begin is passed over, and counted: its start is
  unknown. So hand over the files of a rollout together, or in their order.
- Events: a rollout began when a replica set was scaled up from 0 or without a number to start from.
  Events say nothing of the outcome: the rollout counts as a success at that moment, failed ones
  too. Have the audit log where you can.
- The commit is in the tag of the images, where all that look like a commit name the same one.
- StatefulSets, DaemonSets and other kinds are not read; audit events of them are counted.
- Namespaces, names and images are kept; user names are not read.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import dlt
from dlt.extract import DltResource

from shipworthy.contract import RAW_SCHEMA
from shipworthy.sources.local_files import Payload, json_documents, parts, recognised
from shipworthy.sources.rows import BadRowError, Row, contract_resource, get, need, utc
from shipworthy.sources.shas import sha_of_images
from shipworthy.sources.vendor import (
    Load,
    Option,
    Query,
    Settings,
    Vendor,
    Window,
    nothing_stored,
)

_SENTENCE = (
    "This is not the audit log of Kubernetes, nor an export of its events; they have one JSON "
    "object a line, or a list of them."
)
_REVISION = "deployment.kubernetes.io/revision"
_OTHER_KINDS = frozenset({"statefulsets", "daemonsets"})
# `Scaled up replica set shop-7d9f8b6c5 from 0 to 1`, before 1.31 `... to 1 from 0`, and `... to 1`.
_SCALED = re.compile(
    r"Scaled up replica set (?P<set>\S+)"
    r"(?: from (?P<before>\d+) to \d+| to \d+(?: from (?P<before_old>\d+))?)$"
)
_IMAGE = re.compile(r'[Ii]mage "([^"]+)"')
_BETTER = {"in_progress": 0, "failure": 1, "success": 2}


@dataclass
class _Rollout:
    """What is known of one rollout; `started_at` None: it began before what was read."""

    namespace: str
    name: str
    started_at: datetime | None = None
    finished_at: datetime | None = None
    status: str = "in_progress"
    images: set[str] = field(default_factory=set)
    sha: str | None = None
    # What the controller reported of it: when, and the status that follows.
    reports: set[tuple[datetime, str]] = field(default_factory=set)

    def conclude(self) -> None:
        """Read the reports in their order, whichever files they came in."""
        reports = sorted(self.reports)
        # Complete when it is seen for the first time: it began before.
        if reports and reports[0][1] != "success":
            self.begin(reports[0][0])
        for moment, status in reports:
            if status != "in_progress":
                self.end(status, moment)

    def begin(self, moment: datetime) -> None:
        self.started_at = min(self.started_at or moment, moment)

    def end(self, status: str, moment: datetime | None) -> None:
        """Take an outcome: the better one counts, and of the same the earlier."""
        if status == self.status:
            known = [one for one in (self.finished_at, moment) if one]
            self.finished_at = min(known, default=None)
        elif _BETTER[status] > _BETTER[self.status]:
            self.status, self.finished_at = status, moment


@dlt.source(name="kubernetes")
def kubernetes(
    window: Window,
    paths: Iterable[Path],
    cluster: str = "",
    services: Mapping[str, str] | None = None,
    repositories: Mapping[str, str] | None = None,
    environments: Mapping[str, str] | None = None,
    stored: Query = nothing_stored,
) -> DltResource:
    """Rollouts that files tell of.

    Parameters
    ----------
    window : Window
        Not used to choose; its `through` becomes the time of the newest event.
    paths : iterable of Path
        The files.
    cluster : str
        Tells clusters with the same namespaces apart.
    services, repositories : mapping of str to str, optional
        `namespace/name` or name of a Deployment to the warehouse's service, and to the repository
        of its code; by default the service is the Deployment's name.
    environments : mapping of str to str, optional
        Namespace to environment; `*` stands for all others. By default it is the namespace.
    stored : callable, optional
        Asks the warehouse what earlier loads know of the same rollouts.

    Raises
    ------
    ShipworthyError
        If a file cannot be read, or none holds an event.
    """
    prefix = f"kubernetes:{cluster}:"

    def payloads() -> Iterator[list[Payload]]:
        rollouts: dict[str, _Rollout] = {}
        pulled: dict[tuple[str, str], set[str]] = {}
        newest: datetime | None = None
        documents = parts(json_documents(list(paths)), _items)
        for payload in recognised(documents, _is_event, _SENTENCE):
            if "broken" in payload:
                yield [payload]
                continue
            content = payload["content"]
            try:
                moment = _read(content, prefix, rollouts, pulled, window)
            except BadRowError as error:
                yield [{**payload, "broken": error.reason}]
            except (TypeError, AttributeError, ValueError):
                yield [{**payload, "broken": "has another shape than expected"}]
            else:
                newest = max(filter(None, (newest, moment)), default=None)
        window.through = min(newest, window.until) if newest else None
        known = stored(
            "select deployment_id, started_at, finished_at, status, sha "
            f"from {RAW_SCHEMA}.deployments where source = 'kubernetes'",
            [],
        )
        for key, started_at, finished_at, status, sha in known:
            if key in rollouts:
                rollout = rollouts[key]
                if started_at:
                    rollout.begin(utc(started_at))
                rollout.end(status, utc(finished_at))
                rollout.sha = sha
        for key, rollout in rollouts.items():
            rollout.conclude()
            if rollout.started_at is None:
                window.passed_over["rollouts that began before the files"] += 1
                continue
            of_set = key.removeprefix(prefix).split("/")
            if len(of_set) > 2:
                pods = pulled.get((rollout.namespace, of_set[2]), set())
                rollout.images |= pods
            yield [{"key": key, "rollout": rollout}]

    def deployment(payload: Payload) -> Row:
        if "broken" in payload:
            raise BadRowError(payload["broken"])
        rollout = payload["rollout"]
        names = (f"{rollout.namespace}/{rollout.name}", rollout.name)
        repository = _first(repositories, names)
        of_namespace = environments or {}
        return {
            "deployment_id": payload["key"],
            "repository": repository,
            "service": _first(services, names) or (None if repository else rollout.name),
            "environment": of_namespace.get(
                rollout.namespace, of_namespace.get("*", rollout.namespace)
            ),
            "sha": sha_of_images(sorted(rollout.images), repository, stored) or rollout.sha,
            "status": rollout.status,
            "created_at": rollout.started_at,
            "started_at": rollout.started_at,
            "finished_at": rollout.finished_at,
            "kind": "deploy",
            "source": "kubernetes",
        }

    return contract_resource(
        "deployments", dlt.resource(payloads, name="rollouts", selected=False), deployment
    )


def _first(names: Mapping[str, str] | None, keys: Iterable[str]) -> str | None:
    return next((names[key] for key in keys if names and key in names), None)


# ------------------------------------------------------------------------------ reading events


def _items(content: dict[str, Any]) -> list[dict[str, Any]]:
    items = content.get("items")
    is_list = isinstance(items, list) and str(content.get("kind", "")).endswith("List")
    return items if is_list else [content]


def _is_audit(content: Mapping[str, Any]) -> bool:
    return str(content.get("apiVersion")).startswith("audit.k8s.io/")


def _is_event(content: Any) -> bool:
    return isinstance(content, Mapping) and (
        _is_audit(content)
        or isinstance(content.get("involvedObject") or content.get("regarding"), Mapping)
    )


def _read(
    content: Any,
    prefix: str,
    rollouts: dict[str, _Rollout],
    pulled: dict[tuple[str, str], set[str]],
    window: Window,
) -> datetime | None:
    """Take up what one event says; return its time."""
    if not _is_event(content):
        raise BadRowError("is no event of Kubernetes")
    if _is_audit(content):
        return _read_audit(content, prefix, rollouts, window)
    return _read_event(content, prefix, rollouts, pulled)


def _read_audit(
    content: Mapping[str, Any], prefix: str, rollouts: dict[str, _Rollout], window: Window
) -> datetime | None:
    moment = utc(
        content.get("requestReceivedTimestamp") or need(content, "stageTimestamp"), "started_at"
    )
    about = content.get("objectRef") or {}
    code = get(content, "responseStatus", "code")
    if (
        content.get("stage") != "ResponseComplete"
        or content.get("verb") not in ("update", "patch")
        or about.get("apiGroup") != "apps"
        or about.get("subresource") != "status"
        or (isinstance(code, int) and code >= 300)
    ):
        return moment
    if about.get("resource") in _OTHER_KINDS:
        window.passed_over[f"events of {about['resource']}"] += 1
    if about.get("resource") != "deployments":
        return moment
    found = content.get("responseObject") or content.get("requestObject")
    if found is None:
        window.passed_over["audit events without their object"] += 1
        return moment
    revision = get(found, "metadata", "annotations", _REVISION)
    if revision is None:
        return moment
    namespace, name = need(about, "namespace"), need(about, "name")
    key = f"{prefix}{namespace}/{name}:{revision}"
    rollout = rollouts.setdefault(key, _Rollout(namespace, name))
    is_late = _is_observed(found) and _is_late(found)
    status = "success" if _is_complete(found) else "failure" if is_late else "in_progress"
    rollout.reports.add((moment, status))
    containers = get(found, "spec", "template", "spec", "containers") or []
    rollout.images |= {image for one in containers if isinstance(image := get(one, "image"), str)}
    return moment


def _is_observed(found: Mapping[str, Any]) -> bool:
    """Whether the status is that of the present specification."""
    observed = get(found, "status", "observedGeneration") or 0
    return observed >= (get(found, "metadata", "generation") or 0)


def _is_complete(found: Mapping[str, Any]) -> bool:
    status = get(found, "status") or {}
    wanted = get(found, "spec", "replicas")
    wanted = 1 if wanted is None else wanted
    counts = ("updatedReplicas", "replicas", "availableReplicas")
    return _is_observed(found) and all((status.get(name) or 0) == wanted for name in counts)


def _is_late(found: Mapping[str, Any]) -> bool:
    return any(
        get(condition, "type") == "Progressing"
        and get(condition, "reason") == "ProgressDeadlineExceeded"
        for condition in get(found, "status", "conditions") or []
    )


def _read_event(
    content: Mapping[str, Any],
    prefix: str,
    rollouts: dict[str, _Rollout],
    pulled: dict[tuple[str, str], set[str]],
) -> datetime | None:
    times = ("firstTimestamp", "eventTime", "deprecatedFirstTimestamp", "lastTimestamp")
    said = next((content[name] for name in times if content.get(name)), None)
    moment = utc(said or need(content, "metadata", "creationTimestamp"), "started_at")
    about = content.get("involvedObject") or content.get("regarding") or {}
    message = str(content.get("message") or content.get("note") or "")
    namespace = about.get("namespace") or get(content, "metadata", "namespace") or "default"
    if content.get("reason") in ("Pulled", "Pulling") and about.get("kind") == "Pod":
        # A pod of a Deployment is called as its replica set, and five characters more.
        replica_set = str(about.get("name")).rpartition("-")[0]
        pulled.setdefault((namespace, replica_set), set()).update(_IMAGE.findall(message))
    scaled = _SCALED.match(message) if content.get("reason") == "ScalingReplicaSet" else None
    if scaled is None or about.get("kind") != "Deployment":
        return moment
    before = scaled["before"] or scaled["before_old"]
    if before not in (None, "0"):
        return moment
    name = need(about, "name")
    # A replica set comes back in a rollback; where clusters do not say from how many it was scaled
    # up, only its first time is known to be a rollout.
    again = f"/{moment:%Y%m%dT%H%M%S}" if before else ""
    key = f"{prefix}{namespace}/{name}/{scaled['set']}{again}"
    rollout = rollouts.setdefault(key, _Rollout(namespace, name))
    rollout.begin(moment)
    rollout.end("success", moment)
    return moment


def _loads(settings: Settings) -> Iterable[Load]:
    yield Load(
        "kubernetes" + (f":{settings['cluster']}" if settings["cluster"] else ""),
        ("deployments",),
        lambda window: kubernetes(
            window,
            settings.paths(".json", ".ndjson", ".jsonl", ".log"),
            settings["cluster"] or "",
            settings["services"],
            settings["repositories"],
            settings["environments"],
            settings.stored,
        ),
    )


VENDOR = Vendor(
    name="kubernetes",
    title="Kubernetes",
    inputs=("deployments",),
    loads=_loads,
    options=(
        Option(
            "paths",
            "Files of audit events or events, or directories of .json, .ndjson, .jsonl and .log.",
            kind="paths",
            is_required=True,
        ),
        Option("cluster", "Name of the cluster, where several have the same namespaces."),
        Option(
            "services",
            "Deployment (namespace/name or name) and the warehouse's service, as FROM=TO.",
            kind="map",
            flag="service",
        ),
        Option(
            "repositories",
            "Deployment (namespace/name or name) and its code's repository, as FROM=owner/name.",
            kind="map",
            flag="repository",
        ),
        Option(
            "environments",
            "Namespace and environment, as NAMESPACE=NAME; * stands for all others.",
            kind="map",
            flag="environment",
        ),
    ),
)
