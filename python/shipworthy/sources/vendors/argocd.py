"""Argo CD: deployments, from the history of applications.

Token: of a local account or a project's role that may `get` applications, in ARGOCD_TOKEN. All that
is requested is `GET /api/v1/applications`, whole: the interface can leave out fields, but then
gives no history.

Readings
- Argo CD keeps the last ten syncs of an application (`revisionHistoryLimit`); the warehouse keeps
  what was loaded once. Load more often than an application syncs ten times.
- The history holds syncs that succeeded. One that failed (`Failed`, `Error`) is seen only while it
  is the last operation; failures that another sync followed before the load are unknown. Dry runs
  are left out.
- A revision names a commit of the manifests. It is the application's only where the source is the
  repository that `--repository` names; else the commit comes from the tag of the application's
  image, which Argo CD knows for the present state only. What an earlier load found is kept; the
  commits of older entries stay unknown.
- The tag counts where all images' tags name one commit, and the last operation succeeded. An
  abbreviated one is written out once the repository's commits are loaded; until then it stays
  abbreviated and joins with nothing.
- Without `--environment` the environment is unknown, and no deployment counts as production.
- Syncs that Argo CD started itself are `automation`; those that a user started are a person's.
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import dlt
from dlt.extract import DltResource
from dlt.sources.rest_api import rest_api_resources

from shipworthy.contract import RAW_SCHEMA
from shipworthy.git.catalog import Catalog
from shipworthy.sources.http import Session, must_hold
from shipworthy.sources.rows import BadRowError, Row, contract_resource, get, need, utc
from shipworthy.sources.shas import full_sha, sha_in_tag, sha_of_images
from shipworthy.sources.vendor import (
    Load,
    Option,
    Query,
    Secret,
    Settings,
    Vendor,
    Window,
    nothing_stored,
)

# Phases of an operation that is not over, and of one that went wrong.
_UNFINISHED = frozenset({"Running", "Terminating"})
_FAILED = frozenset({"Failed", "Error"})
_SUCCEEDED = "Succeeded"


@dlt.source(name="argocd")
def argocd(
    window: Window,
    session: Session,
    token: str,
    base_url: str,
    repositories: Mapping[str, str] | None = None,
    services: Mapping[str, str] | None = None,
    environments: Mapping[str, str] | None = None,
    projects: Iterable[str] = (),
    stored: Query = nothing_stored,
) -> DltResource:
    """Deployments that the history of applications holds.

    Parameters
    ----------
    window : Window
        Not used to choose: Argo CD always tells all it knows.
    session : Session
        Retries and waits.
    token : str
        Bearer token.
    base_url : str
        Of the instance, without /api.
    repositories : mapping of str to str, optional
        Application to the repository (`owner/name`) that its code is in.
    services : mapping of str to str, optional
        Application to service; by default the repository's, else the application's own name.
    environments : mapping of str to str, optional
        Application to environment; `*` stands for all others.
    projects : iterable of str
        Argo CD projects to read; by default all that the token sees.
    stored : callable, optional
        Asks the warehouse for the commits of deployments that are known, and of abbreviations.
    """
    repositories, services, environments = repositories or {}, services or {}, environments or {}
    catalog = Catalog.load()

    (applications,) = rest_api_resources(
        {
            "client": {
                "base_url": f"{base_url}/api/v1",
                "session": session,
                "headers": {"Authorization": f"Bearer {token}"},
                "paginator": "single_page",
            },
            "resources": [
                {
                    "name": "applications",
                    "selected": False,
                    "endpoint": {
                        "path": "applications",
                        "data_selector": "items",
                        # An empty list is null in Go.
                        "response_actions": [must_hold("Argo CD", "items", may_be_null=True)],
                        "params": {"projects": list(projects)} if projects else {},
                    },
                }
            ],
        }
    )

    def syncs(items: list[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
        known: dict[Any, Any] = dict(
            stored(
                f"select deployment_id, sha from {RAW_SCHEMA}.deployments "
                "where source = 'argocd' and sha is not null",
                [],
            )
        )
        for application in items:
            status = application.get("status") or {}
            history = status.get("history") or []
            newest = max((entry.get("id") or 0 for entry in history), default=None)
            operation = status.get("operationState")
            found = [
                {
                    **_sync(application, known),
                    "source": entry,
                    "initiated_by": entry.get("initiatedBy"),
                    "status": "success",
                    "startedAt": entry.get("deployStartedAt") or entry.get("deployedAt"),
                    "deployedAt": entry.get("deployedAt"),
                    "is_present": (entry.get("id") or 0) == newest
                    and get(operation, "phase") in (None, _SUCCEEDED),
                }
                for entry in history
            ]
            phase = get(operation, "phase")
            is_dry_run = bool(get(operation, "operation", "sync", "dryRun"))
            if phase in _FAILED | _UNFINISHED and not is_dry_run:
                finished = operation.get("finishedAt") if phase in _FAILED else None
                found.append(
                    {
                        **_sync(application, known),
                        "source": operation.get("syncResult") or {},
                        "initiated_by": get(operation, "operation", "initiatedBy"),
                        "status": "failure" if phase in _FAILED else "in_progress",
                        "startedAt": operation.get("startedAt"),
                        "deployedAt": finished,
                        "is_present": False,
                    }
                )
            yield found

    def deployment(sync: dict[str, Any]) -> Row:
        application = sync["application"]
        name = need(application, "metadata", "name")
        namespace = get(application, "metadata", "namespace") or "argocd"
        started = utc(need(sync, "startedAt"), "started_at")
        if sync["status"] != "in_progress":
            need(sync, "deployedAt")
        repository = repositories.get(name)
        deployment_id = f"argocd:{namespace}/{name}:{_stamp(started)}"
        return {
            "deployment_id": deployment_id,
            "repository": repository,
            "service": services.get(name, None if repository else name),
            "environment": environments.get(name, environments.get("*")),
            "sha": sha(sync, repository, sync["known"].get(deployment_id)),
            "status": sync["status"],
            "created_at": started,
            "started_at": started,
            "finished_at": utc(sync["deployedAt"], "finished_at"),
            "deployed_by_kind": _kind(sync["initiated_by"], catalog),
            "kind": "deploy",
            "source": "argocd",
        }

    def sha(sync: dict[str, Any], repository: str | None, known: str | None) -> str | None:
        of_code = _revision_of(sync["source"], repository)
        if of_code or full_sha(known):
            return of_code or known
        if sync["is_present"]:
            images = get(sync["application"], "status", "summary", "images") or []
            found = sha_of_images(images, repository, stored)
            if found:
                return found
        return sha_in_tag(known, repository, stored)

    return contract_resource(
        "deployments",
        dlt.transformer(syncs, data_from=applications, name="syncs", selected=False),
        deployment,
    )


def _sync(application: dict[str, Any], known: dict[str, str]) -> dict[str, Any]:
    # The id is for whoever looks for a refused row.
    name = get(application, "metadata", "name")
    return {"application": application, "known": known, "key": name}


def _stamp(moment: datetime | None) -> str:
    if moment is None:
        raise BadRowError("has no startedAt")
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}"


def _kind(initiated_by: Any, catalog: Catalog) -> str | None:
    if get(initiated_by, "automated"):
        return "automation"
    name = get(initiated_by, "username")
    return catalog.login_kind(name) if name else None


def _revision_of(source: dict[str, Any], repository: str | None) -> str | None:
    """Return the revision of the source that is the code's own repository, if there is one."""
    sources = source.get("sources") or [source.get("source")]
    revisions = source.get("revisions") or [source.get("revision")]
    for one, revision in zip(sources, revisions, strict=False):
        address = get(one, "repoURL")
        if repository and address and _repository_of(address) == repository.lower():
            return full_sha(revision)
    return None


def _repository_of(address: str) -> str:
    """Return owner/name of `https://host/owner/name.git` or `git@host:owner/name.git`."""
    path = urlsplit(address).path if "://" in address else address.partition(":")[2]
    return path.strip("/").removesuffix(".git").lower()


def _loads(settings: Settings) -> Iterable[Load]:
    yield Load(
        "argocd",
        ("deployments",),
        lambda window: argocd(
            window,
            settings.session("Argo CD"),
            settings.secrets["ARGOCD_TOKEN"],
            settings["base_url"],
            settings["repositories"],
            settings["services"],
            settings["environments"],
            settings["projects"] or (),
            settings.stored,
        ),
    )


VENDOR = Vendor(
    name="argocd",
    title="Argo CD",
    inputs=("deployments",),
    loads=_loads,
    options=(
        Option(
            "repositories",
            "Repository of an application's code, as APPLICATION=owner/name.",
            kind="map",
            flag="repository",
        ),
        Option(
            "services",
            "Service of an application, as APPLICATION=SERVICE.",
            kind="map",
            flag="service",
        ),
        Option(
            "environments",
            "Environment of an application, as APPLICATION=production; * stands for all others.",
            kind="map",
            flag="environment",
        ),
        Option("projects", "Argo CD project to read; by default all.", "texts", flag="project"),
    ),
    secrets=(Secret("ARGOCD_TOKEN", "get applications (of a local account or a project's role)"),),
    needs_base_url=True,
    probe="/api/v1/session/userinfo",
    revises=timedelta(0),
    authenticate=lambda settings: {"Authorization": f"Bearer {settings.secrets['ARGOCD_TOKEN']}"},
)
