"""Deployments: GitHub's own, attempts of named workflows, and where asked for, releases.

Requested (`GET /repos/OWNER/NAME/...`): `deployments`, and of each `deployments/ID/statuses`; where
workflows are named, `actions/workflows`, their `runs`, and `attempts` before the last; where asked
for, `releases`, and the tag of each.

Readings
- Deployment: its last success, failure or error is its outcome; `inactive` only says that a newer
  one took over. Without an outcome it is in progress. The task `rollback` is a rollback, other
  deployments may be (null).
- Workflow run: every attempt is a deployment; timed_out and startup_failure are failures, skipped,
  neutral and stale are cancelled. It ended with its last change, GitHub knows no other time.
- Release: a successful deployment of its tag when it was published, to production, or to the
  environment `prerelease`; drafts are left out.
"""

import logging
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from urllib.parse import quote

from shipworthy.sources.rows import VERSION, BadRowError, Row, get, need, utc, utc_or_none, whole
from shipworthy.sources.vendor import Window
from shipworthy.sources.vendors.github.api import (
    GONE,
    Api,
    Payload,
    before,
    newest_first,
)
from shipworthy.sources.vendors.github.people import People
from shipworthy.sources.vendors.github.services import Services

# Listed by creation, and changed later: an approval can hold a deployment, and a workflow can run
# again for 30 days.
_DEPLOYMENTS_CHANGE = timedelta(days=14)
_RUNS_CHANGE = timedelta(days=30)

_CONCLUSIONS = {
    "success": "success",
    "failure": "failure",
    "timed_out": "failure",
    "startup_failure": "failure",
    "cancelled": "cancelled",
    "skipped": "cancelled",
    "neutral": "cancelled",
    "stale": "cancelled",
    "action_required": "in_progress",
}
_OUTCOMES = {"success": "success", "failure": "failure", "error": "failure"}

_logger = logging.getLogger(__name__)


def find_deployments(
    api: Api, window: Window, environments: tuple[str | None, ...]
) -> Iterator[Payload]:
    """Yield the deployments to environments (None is all), each with its statuses."""
    since = before(window.since, _DEPLOYMENTS_CHANGE)
    for environment in environments:
        pages = api.pages("deployments", environment=environment)
        for deployment in newest_first(pages, "created_at", since, window.until):
            number = get(deployment, "id")
            path = f"deployments/{number}/statuses"
            statuses = api.all(path, absent=GONE) if number is not None else []
            yield {**deployment, "statuses": statuses}


def find_runs(api: Api, window: Window, workflows: Mapping[str, str]) -> Iterator[Payload]:
    """Yield every attempt of the runs of the named workflows."""
    since = before(window.since, _RUNS_CHANGE)
    missing = set(workflows)
    for workflow in api.all("actions/workflows", "workflows"):
        path = str(get(workflow, "path") or "")
        names = (get(workflow, "name"), path, path.rpartition("/")[2])
        name = next((name for name in names if name in workflows), None)
        if name is None:
            continue
        missing.discard(name)
        about = {"workflow": name, "environment": workflows[name]}
        # GitHub answers no more than a thousand runs where `created` is asked for, hence without.
        pages = api.pages(f"actions/workflows/{get(workflow, 'id')}/runs", "workflow_runs")
        for run in newest_first(pages, "created_at", since, window.until):
            yield {**run, **about}
            for attempt in range(1, get(run, "run_attempt") or 1):
                earlier = api.one(f"actions/runs/{get(run, 'id')}/attempts/{attempt}")
                if earlier is not None:
                    yield {**earlier, **about}
    for name in sorted(missing):
        _logger.warning("%s has no workflow of the name or path %s.", api.repository, name)


def find_releases(api: Api, window: Window) -> Iterator[Payload]:
    """Yield the published releases, each with the commit that its tag marks."""
    for page in api.pages("releases"):
        for release in page:
            # GitHub sorts them by the time of their commits: all pages are looked at.
            published_at = utc_or_none(get(release, "published_at"))
            if get(release, "draft") or (
                published_at
                and (published_at >= window.until or (window.since and published_at < window.since))
            ):
                continue
            yield {**release, "sha": _tagged(api, get(release, "tag_name"))}


def _tagged(api: Api, tag: Any) -> str | None:
    """Return the commit that a tag marks, through annotated tags."""
    found = api.one(f"git/ref/tags/{quote(tag)}") if tag else None
    while get(found, "object", "type") == "tag":
        found = api.one(f"git/tags/{get(found, 'object', 'sha')}")
    return get(found, "object", "sha") if get(found, "object", "type") == "commit" else None


@dataclass(frozen=True)
class DeploymentRows:
    """Makes rows of the contract from what was found of deployments."""

    repository: str
    people: People
    services: Services

    def deployment(self, deployment: Payload) -> Row:
        statuses = sorted(
            (utc(need(status, "created_at"), "finished_at"), status.get("id") or 0, status["state"])
            for status in deployment["statuses"]
        )
        ends = [(moment, _OUTCOMES[state]) for moment, _, state in statuses if state in _OUTCOMES]
        finished_at, outcome = ends[-1] if ends else (None, "in_progress")
        environment = deployment.get("environment")
        return {
            "deployment_id": str(need(deployment, "id")),
            "repository": self.repository,
            "service": self.services.of(environment),
            "environment": environment,
            "sha": deployment.get("sha"),
            "status": outcome,
            "created_at": utc(need(deployment, "created_at"), "created_at"),
            "started_at": next(
                (moment for moment, _, state in statuses if state == "in_progress"), None
            ),
            "finished_at": finished_at,
            "deployed_by_kind": self.people.kind(deployment.get("creator")),
            "is_rollback": True if deployment.get("task") == "rollback" else None,
            "kind": "deploy",
            "source": "github",
            VERSION: statuses[-1][0] if statuses else None,
        }

    def run(self, run: Payload) -> Row:
        attempt = whole(run.get("run_attempt"), "run_attempt") or 1
        created_at = utc(need(run, "created_at"), "created_at")
        started_at = utc(run.get("run_started_at"), "started_at") or created_at
        updated_at = utc(run.get("updated_at"), "finished_at")
        is_over = run.get("status") == "completed"
        conclusion = run.get("conclusion")
        if is_over and conclusion not in _CONCLUSIONS:
            raise BadRowError("conclusion is not one of " + ", ".join(_CONCLUSIONS))
        status = _CONCLUSIONS[conclusion] if is_over else "in_progress"
        actor = run.get("triggering_actor") or run.get("actor")
        return {
            "deployment_id": f"run-{need(run, 'id')}-{attempt}",
            "repository": self.repository,
            "service": self.services.of(run["workflow"], run["environment"]),
            "environment": run["environment"],
            "sha": run.get("head_sha"),
            "status": status,
            # A later attempt keeps the first one's creation.
            "created_at": created_at if attempt == 1 else started_at,
            "started_at": started_at,
            "finished_at": updated_at if status != "in_progress" else None,
            "deployed_by_kind": self.people.kind(actor),
            "kind": "deploy",
            "source": "github",
            VERSION: updated_at,
        }

    def release(self, release: Payload) -> Row:
        published_at = utc(need(release, "published_at"), "finished_at")
        environment = "prerelease" if release.get("prerelease") else "production"
        return {
            # The git reader calls the same release so.
            "deployment_id": f"{self.repository}@{need(release, 'tag_name')}",
            "repository": self.repository,
            "service": self.services.of(environment),
            "environment": environment,
            "sha": release["sha"],
            "status": "success",
            "created_at": published_at,
            "finished_at": published_at,
            "deployed_by_kind": self.people.kind(release.get("author")),
            "kind": "deploy",
            "source": "git_tag",
            VERSION: published_at,
        }
