"""Sentry: deploys of releases.

Token: an organisation's or an internal integration's, with the scope `project:releases` (or
`org:read`), in SENTRY_AUTH_TOKEN. Requested are `GET /api/0/organizations/ORG/releases/`, in pages
of 100, and of releases that were deployed since `GET .../releases/VERSION/deploys/`
(https://docs.sentry.io/api/releases/).

Readings
- A deploy is a success that ended at `dateFinished`: Sentry is told of those alone. A release that
  nobody deployed is no deployment.
- The commit is the release's last one; where no commits were sent, the version, if it is a commit
  (`shop@2d029d5`). Its repository is that of the last commit, else what the user says of the
  project.
- A release of several projects is deployed once for each. The service is the project's slug, or
  what the user calls it.
- Releases are listed whole: one that is deployed again, in a rollback say, may be old. The list
  says when each was deployed last, so that only deploys since then are asked for.
- A deleted release stays as it was loaded.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import timedelta
from typing import Any
from urllib.parse import quote

import dlt
from dlt.extract import DltResource
from dlt.sources.helpers.rest_client import RESTClient
from dlt.sources.helpers.rest_client.paginators import BasePaginator
from requests import Request, Response

from shipworthy.errors import ShipworthyError
from shipworthy.sources.http import Session
from shipworthy.sources.rows import BadRowError, Row, contract_resource, get, need, utc, utc_or_none
from shipworthy.sources.shas import full_sha, sha_in_tag
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

_PAGE = 100
_NEXT = re.compile(r'rel="next"[^,]*results="true"[^,]*cursor="([^"]+)"')


class _Cursor(BasePaginator):
    """Follows the cursor of the `Link` header, not its address, which may name another host."""

    def update_state(self, response: Response, data: list[Any] | None = None) -> None:
        found = _NEXT.search(response.headers.get("Link", ""))
        self._cursor = found[1] if found else ""
        self._has_next_page = bool(found)

    def update_request(self, request: Request) -> None:
        given: dict[str, Any] = dict(request.params or {})  # type: ignore[arg-type]  # of ours
        request.params = given | {"cursor": self._cursor}


@dlt.source(name="sentry")
def sentry(
    window: Window,
    session: Session,
    token: str,
    organization: str,
    projects: Iterable[str] = (),
    services: Mapping[str, str] | None = None,
    repositories: Mapping[str, str] | None = None,
    stored: Query = nothing_stored,
    base_url: str = "https://sentry.io",
) -> DltResource:
    """Deploys that ended in a window of time.

    Parameters
    ----------
    window : Window
        Of any length.
    session : Session
        Retries and waits.
    token : str
        Bearer token.
    organization : str
        Its slug.
    projects : iterable of str, optional
        Slugs of the projects whose deploys are read; by default all.
    services : mapping of str to str, optional
        A project's slug to the warehouse's service; others keep their slug.
    repositories : mapping of str to str, optional
        A project's slug to the repository of its code, for releases without commits.
    stored : callable
        Asks the warehouse, to write abbreviated commits out.
    base_url : str
        https://us.sentry.io, https://de.sentry.io, or a server of one's own.

    Raises
    ------
    ShipworthyError
        If the token is refused, no attempt was answered, or an answer is no list.
    """
    client = RESTClient(
        f"{base_url}/api/0/organizations/{quote(organization, safe='')}",
        {"Authorization": f"Bearer {token}"},
        session=session,
    )
    chosen = set(projects)

    def pages(path: str) -> Iterator[list[Any]]:
        for page in client.paginate(
            path,
            params={"per_page": _PAGE},
            paginator=_Cursor(),
            data_selector="$",
            hooks={"response": [_must_be_list]},
        ):
            yield list(page)

    def deploys() -> Iterator[list[dict[str, Any]]]:
        for releases in pages("releases/"):
            for release in releases:
                if not get(release, "version") or "lastDeploy" not in release:
                    yield [{"release": release}]  # refused below
                    continue
                if release["lastDeploy"] is None:
                    continue
                last = utc_or_none(get(release, "lastDeploy", "dateFinished"))
                if last and window.since and last < window.since:
                    continue
                for page in pages(f"releases/{quote(release['version'], safe='')}/deploys/"):
                    yield [{**deploy, "release": release} for deploy in page]

    def deployments(payload: dict[str, Any]) -> Iterator[Row]:
        release = payload["release"]
        need(release, "version")
        if "lastDeploy" not in release:
            raise BadRowError("has no lastDeploy")
        finished_at = utc(need(payload, "dateFinished"), "finished_at")
        if (window.since and finished_at < window.since) or finished_at >= window.until:
            return
        started_at = utc(payload.get("dateStarted"), "started_at")
        for project in need(release, "projects"):
            slug = need(project, "slug")
            if chosen and slug not in chosen:
                window.passed_over["deploys of other projects"] += 1
                continue
            repository, sha = _commit(release, (repositories or {}).get(slug), stored)
            yield {
                "deployment_id": f"sentry:{organization}:{slug}:{need(payload, 'id')}",
                "repository": repository,
                "service": (services or {}).get(slug, slug),
                "environment": payload.get("environment"),
                "sha": sha,
                "status": "success",
                "created_at": started_at or finished_at,
                "started_at": started_at,
                "finished_at": finished_at,
                "kind": "deploy",
                "source": "sentry",
            }

    return contract_resource(
        "deployments", dlt.resource(deploys, name="deploys", selected=False), deployments
    )


def _must_be_list(response: Response, *_: Any, **__: Any) -> None:
    if response.status_code < 400 and not isinstance(response.json(), list):
        raise ShipworthyError(
            "Sentry answered with something else than a list; nothing of this load was kept."
        )
    response.raise_for_status()


def _commit(
    release: Mapping[str, Any], repository: str | None, stored: Query
) -> tuple[str | None, str | None]:
    """Return repository and commit of a release."""
    named = get(release, "lastCommit", "repository", "name")
    # Sentry writes `acme / shop` for some hosts.
    found = re.sub(r"\s*/\s*", "/", named.strip()) if isinstance(named, str) else None
    last = full_sha(get(release, "lastCommit", "id"))
    if last:
        return found or repository, last
    version = str(release.get("version") or "").rpartition("@")[2]
    return found or repository, sha_in_tag(version, found or repository, stored)


def _loads(settings: Settings) -> Iterable[Load]:
    for organization in settings["organizations"]:
        yield Load(
            f"sentry:{organization}",
            ("deployments",),
            lambda window, organization=organization: sentry(  # type: ignore[misc]  # binds the loop's value
                window,
                settings.session("Sentry"),
                settings.secrets["SENTRY_AUTH_TOKEN"],
                organization,
                settings["projects"],
                settings["services"],
                settings["repositories"],
                settings.stored,
                settings["base_url"],
            ),
        )


VENDOR = Vendor(
    name="sentry",
    title="Sentry",
    inputs=("deployments",),
    loads=_loads,
    options=(
        Option(
            "organizations",
            "Slug of an organisation; may be given several times.",
            kind="texts",
            flag="organization",
            is_required=True,
        ),
        Option(
            "projects",
            "Slug of a project whose deploys are read; by default all are.",
            kind="texts",
            flag="project",
            default=(),
        ),
        Option(
            "services",
            "Slug of a project and the warehouse's service, as FROM=TO; others keep theirs.",
            kind="map",
            flag="service",
        ),
        Option(
            "repositories",
            "Slug of a project and its code's repository, as PROJECT=owner/name.",
            kind="map",
            flag="repository",
        ),
    ),
    secrets=(Secret("SENTRY_AUTH_TOKEN", "project:releases or org:read"),),
    base_url="https://sentry.io",
    probe="/api/0/",
    revises=timedelta(days=1),
    history=timedelta(days=365),
    authenticate=lambda settings: {
        "Authorization": f"Bearer {settings.secrets['SENTRY_AUTH_TOKEN']}"
    },
)
