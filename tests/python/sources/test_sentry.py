"""Sentry's deploys, against a server that plays it."""

from dataclasses import replace
from datetime import datetime
from typing import Any
from urllib.parse import quote

import pytest
from source_checks import NOW, Case, Loader, SourceChecks
from vendor_server import Answer, Request

from shipworthy.errors import ShipworthyError

SHA = "2d029d503c04bd77c0e4cdbf2d419e083cbc2505"


def _deploy(number: int, finished: str, **changed: Any) -> dict[str, Any]:
    return {
        "id": str(number),
        "environment": "production",
        "dateStarted": None,
        "dateFinished": finished,
        "name": None,
        "url": None,
        **changed,
    }


def _release(version: str, last: dict[str, Any] | None, **changed: Any) -> dict[str, Any]:
    return {
        "id": 1,
        "version": version,
        "dateCreated": "2026-05-01T08:00:00Z",
        "lastDeploy": last,
        "deployCount": 1 if last else 0,
        "lastCommit": {
            "id": SHA,
            "repository": {"name": "acme / shop"},
            "author": {"email": "carol@acme.example.com", "name": "Carol Okoye"},
        },
        "projects": [{"slug": "shop", "name": "Shop"}],
        **changed,
    }


# Of an old release, deployed again in a rollback; the first deploy is older than the load's start.
DEPLOYS = {
    "shop@1.0": [
        _deploy(3, "2026-05-20T10:00:00.000000Z", dateStarted="2026-05-20T11:55:00+02:00"),
        _deploy(1, "2026-04-02T10:00:00Z"),
    ],
    "shop@a71e2c4/rc": [_deploy(2, "2026-05-10T09:30:00Z", environment="staging")],
    "2e" * 20: [_deploy(4, "2026-05-21T09:30:00Z")],
    "shop@0.9": [_deploy(0, "2026-03-01T09:30:00Z")],
}
RELEASES = [
    _release("shop@1.0", DEPLOYS["shop@1.0"][0]),
    _release("shop@1.1", None),
    _release(
        "shop@a71e2c4/rc",
        DEPLOYS["shop@a71e2c4/rc"][0],
        projects=[{"slug": "shop"}, {"slug": "api"}, {"slug": "web"}],
    ),
    _release("2e" * 20, DEPLOYS["2e" * 20][0], lastCommit=None, projects=[{"slug": "api"}]),
    _release("shop@0.9", DEPLOYS["shop@0.9"][0]),
]
ORGANIZATION = "/api/0/organizations/acme"


def _paged(request: Request, rows: list[Any]) -> Answer:
    """Two rows a page; the header's address is another host's, as behind a proxy."""
    start = int(request.query.get("cursor", ["0:0:0"])[0].split(":")[1])
    more = "true" if start + 2 < len(rows) else "false"
    link = ", ".join(
        f'<https://other.example.com{request.path}?cursor=x>; rel="{rel}"; results="{results}"; '
        f'cursor="0:{place}:0"'
        for rel, results, place in (("previous", "false", 0), ("next", more, start + 2))
    )
    return Answer(rows[start : start + 2], headers={"Link": link})


def _routes() -> dict[str, Any]:
    routes: dict[str, Any] = {
        f"{ORGANIZATION}/releases/": lambda request: _paged(request, RELEASES)
    }
    for version, deploys in DEPLOYS.items():
        path = f"{ORGANIZATION}/releases/{quote(version, safe='')}/deploys/"
        routes[path] = lambda request, deploys=deploys: _paged(request, deploys)
    return routes


class TestSentry(SourceChecks):
    case = Case(
        "sentry",
        routes=_routes(),
        given={
            "organizations": ["acme"],
            "projects": ["shop", "api"],
            "services": {"api": "acme/api"},
            "repositories": {"api": "acme/api"},
        },
        environment={"SENTRY_AUTH_TOKEN": "sntrys_secret_5Tb"},
        people=("carol@acme.example.com", "Carol Okoye"),
        required={
            "version": "deployments",
            "lastDeploy": "deployments",
            "dateFinished": "deployments",
            "projects": "deployments",
        },
    )

    def test_deploys(self, load: Loader) -> None:
        (done,) = load.once()
        assert done.passed_over == {"deploys of other projects": 1}
        rows = {row["deployment_id"]: row for row in load.rows("deployments")}
        assert sorted(rows) == [
            "sentry:acme:api:2",
            "sentry:acme:api:4",
            "sentry:acme:shop:2",
            "sentry:acme:shop:3",
        ]
        again = rows["sentry:acme:shop:3"]
        assert (again["repository"], again["sha"]) == ("acme/shop", SHA)
        assert (again["service"], again["environment"]) == ("shop", "production")
        assert again["started_at"] == datetime(2026, 5, 20, 9, 55)
        assert again["created_at"] == datetime(2026, 5, 20, 9, 55)
        assert again["finished_at"] == datetime(2026, 5, 20, 10)
        assert again["status"] == "success"
        other = rows["sentry:acme:api:4"]  # of a release without commits
        assert (other["repository"], other["sha"]) == ("acme/api", "2e" * 20)
        assert (other["service"], other["started_at"]) == ("acme/api", None)
        assert rows["sentry:acme:shop:2"]["environment"] == "staging"

    def test_only_releases_that_were_deployed_since_are_asked_for(self, load: Loader) -> None:
        load.once()
        asked = [request.path.removeprefix(ORGANIZATION) for request in load.server.requests]
        assert "/releases/shop%400.9/deploys/" not in asked
        assert "/releases/shop%401.1/deploys/" not in asked
        before = len(asked)
        load.case = replace(load.case, since=NOW)
        load()
        later = [request.path for request in load.server.requests[before:]]
        assert set(later) == {f"{ORGANIZATION}/releases/"}

    def test_another_answer_is_a_sentence(self, load: Loader) -> None:
        load.server.routes[f"{ORGANIZATION}/releases/"] = {"detail": "hello"}
        with pytest.raises(ShipworthyError, match="else than a list"):
            load()
