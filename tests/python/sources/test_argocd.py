"""Argo CD's applications, against a server that plays it."""

import copy
from datetime import datetime
from typing import Any

import pytest
from source_checks import Case, Loader, SourceChecks, sample
from vendor_server import Request

from shipworthy.errors import ShipworthyError
from shipworthy.sources import vendor as find_vendor
from shipworthy.sources.shas import sha_in_tag
from shipworthy.sources.vendor import Keys
from shipworthy.warehouse import connect

APPLICATION = sample("argocd_application.json")
SHA = "a71e2c4099ac7d1b23e12802a008ce2add5b44ac"
FIRST = "argocd:argocd/shop-prod:2026-05-05T12:01:00Z"
SECOND = "argocd:argocd/shop-prod:2026-05-12T09:21:00Z"


def application(name: str = "shop-prod", **status: Any) -> dict[str, Any]:
    changed = copy.deepcopy(APPLICATION)
    changed["metadata"]["name"] = name
    changed["status"] |= status
    return changed


def synced(number: int, started: str, deployed: str) -> dict[str, Any]:
    entry = copy.deepcopy(APPLICATION["status"]["history"][1])
    return entry | {"id": number, "deployStartedAt": started, "deployedAt": deployed}


# Another application, of another project, whose manifests are in the repository of its code.
CODE = application("web", history=[{**APPLICATION["status"]["history"][0], "revision": "e" * 40}])
CODE["spec"]["project"] = "web"
CODE["status"]["history"][0]["source"] = {"repoURL": "git@github.com:acme/Web.git", "path": "k8s"}


def applications(*items: dict[str, Any]) -> Any:
    def answer(request: Request) -> dict[str, Any]:
        wanted = request.query.get("projects")
        chosen = [one for one in items if not wanted or one["spec"]["project"] in wanted]
        return {"metadata": {"resourceVersion": "1"}, "items": chosen or None}

    return {"/api/v1/applications": answer}


def add_commits(load: Loader, *shas: str) -> None:
    connection = connect(load.warehouse)
    for sha in shas:
        connection.execute(
            "insert into shipworthy_raw.commits (repository, sha) values ('acme/shop', ?)", [sha]
        )
    connection.close()


def rows_by_id(load: Loader) -> dict[str, dict[str, Any]]:
    return {row["deployment_id"]: row for row in load.rows("deployments")}


class TestArgoCD(SourceChecks):
    case = Case(
        "argocd",
        routes=applications(APPLICATION, CODE),
        given={
            "repositories": {"shop-prod": "acme/shop", "web": "acme/web"},
            "services": {"web": "website"},
            "environments": {"*": "staging", "shop-prod": "production"},
        },
        environment={"ARGOCD_TOKEN": "argo-secret-3Wd"},
        people=("bobruiz",),
        required={"name": "deployments", "deployedAt": "deployments"},
    )

    def test_rows(self, load: Loader) -> None:
        load.once()
        rows = rows_by_id(load)
        assert rows[SECOND] == {
            "deployment_id": SECOND,
            "repository": "acme/shop",
            "service": None,
            "environment": "production",
            "sha": "a71e2c4",  # abbreviated until the repository's commits are loaded
            "status": "success",
            "created_at": datetime(2026, 5, 12, 9, 21),
            "started_at": datetime(2026, 5, 12, 9, 21),
            "finished_at": datetime(2026, 5, 12, 9, 26),
            "deployed_by_kind": "human",
            "is_rollback": None,
            "kind": "deploy",
            "source": "argocd",
        }
        # The images are of today, and the revision is of the manifests.
        assert rows[FIRST]["sha"] is None
        assert rows[FIRST]["deployed_by_kind"] == "automation"
        assert load.server.requests[0].headers["authorization"] == "Bearer argo-secret-3Wd"

    def test_a_revision_of_the_codes_own_repository_is_the_commit(self, load: Loader) -> None:
        load.once()
        row = rows_by_id(load)["argocd:argocd/web:2026-05-05T12:01:00Z"]
        assert row["sha"] == "e" * 40
        assert (row["service"], row["environment"]) == ("website", "staging")

    def test_several_sources(self, load: Loader) -> None:
        entry = synced(9, "2026-06-01T10:00:00Z", "2026-06-01T10:05:00Z")
        del entry["source"], entry["revision"]
        entry["sources"] = [{"repoURL": "https://github.com/acme/shop-manifests"}]
        entry["sources"] += [{"repoURL": "https://github.com/acme/shop.git"}]
        entry["revisions"] = ["1" * 40, "2" * 40]
        load.server.routes = applications(application(history=[entry]))
        load()
        assert [row["sha"] for row in load.rows("deployments")] == ["2" * 40]

    def test_an_abbreviation_is_written_out_and_kept(self, load: Loader) -> None:
        load.once()
        add_commits(load, SHA, "b" * 40)
        # Meanwhile another sync became the present state: what was found before stays.
        third = synced(9, "2026-06-01T10:00:00Z", "2026-06-01T10:05:00Z")
        load.server.routes = applications(
            application(
                history=[*APPLICATION["status"]["history"], third],
                summary={"images": ["ghcr.io/acme/shop:sha-bbbbbbb"]},
            )
        )
        load()
        rows = rows_by_id(load)
        assert rows[SECOND]["sha"] == SHA
        assert rows["argocd:argocd/shop-prod:2026-06-01T10:00:00Z"]["sha"] == "b" * 40
        load()
        assert rows_by_id(load) == rows

    def test_what_the_history_no_longer_holds_stays(self, load: Loader) -> None:
        load.once()
        first = rows_by_id(load)[FIRST]
        load.server.routes = applications(application(history=APPLICATION["status"]["history"][1:]))
        load()
        assert rows_by_id(load)[FIRST] == first

    @pytest.mark.parametrize(("phase", "status"), [("Failed", "failure"), ("Error", "failure")])
    def test_the_last_operation_failed(self, load: Loader, phase: str, status: str) -> None:
        operation = APPLICATION["status"]["operationState"] | {
            "phase": phase,
            "startedAt": "2026-06-02T08:00:00Z",
            "finishedAt": "2026-06-02T08:03:00Z",
        }
        load.server.routes = applications(application(operationState=operation))
        load()
        rows = rows_by_id(load)
        row = rows["argocd:argocd/shop-prod:2026-06-02T08:00:00Z"]
        assert (row["status"], row["finished_at"]) == (status, datetime(2026, 6, 2, 8, 3))
        assert row["sha"] is None
        assert rows[SECOND]["sha"] is None  # half of the images may be the failed sync's

    def test_an_operation_that_runs_becomes_the_deployment(self, load: Loader) -> None:
        operation = APPLICATION["status"]["operationState"] | {
            "phase": "Running",
            "startedAt": "2026-06-02T08:00:00Z",
            "finishedAt": None,
        }
        load.server.routes = applications(application(operationState=operation))
        load()
        running = "argocd:argocd/shop-prod:2026-06-02T08:00:00Z"
        assert rows_by_id(load)[running]["status"] == "in_progress"
        done = synced(9, "2026-06-02T08:00:00Z", "2026-06-02T08:04:00Z")
        load.server.routes = applications(
            application(history=[*APPLICATION["status"]["history"], done])
        )
        load()
        assert rows_by_id(load)[running]["status"] == "success"
        assert len(rows_by_id(load)) == 3

    def test_a_dry_run_is_no_deployment(self, load: Loader) -> None:
        operation = {
            "phase": "Failed",
            "startedAt": "2026-06-02T08:00:00Z",
            "finishedAt": "2026-06-02T08:03:00Z",
            "operation": {"sync": {"dryRun": True}},
        }
        load.server.routes = applications(application(operationState=operation))
        load()
        assert rows_by_id(load).keys() == {FIRST, SECOND}

    def test_images_of_two_commits_say_nothing(self, load: Loader) -> None:
        images = ["ghcr.io/acme/shop:a71e2c4", "ghcr.io/acme/worker:b71e2c4"]
        load.server.routes = applications(application(summary={"images": images}))
        load()
        assert rows_by_id(load)[SECOND]["sha"] is None

    def test_one_project(self, load: Loader) -> None:
        load(projects=["web"])
        assert load.server.requests[0].query["projects"] == ["web"]
        assert [row["repository"] for row in load.rows("deployments")] == ["acme/web"]

    def test_no_applications(self, load: Loader) -> None:
        load.server.routes = applications()
        load()
        assert load.rows("deployments") == []

    @pytest.mark.parametrize(
        ("tag", "sha"),
        [
            ("a71e2c4", SHA),
            ("sha-a71e2c4", SHA),
            ("main-A71E2C4", SHA),
            ("1.2.0-14-ga71e2c4", SHA),
            (SHA, SHA),
            ("c71e2c4", "c71e2c4"),
            ("20260512", None),  # a date, unless there is such a commit
            ("1234567", "1234567" + "0" * 33),
            ("v1.2.3", None),
            ("latest", None),
            ("sha256:0b31b1c02ff4", None),
            (None, None),
        ],
    )
    def test_tags(self, tag: str | None, sha: str | None) -> None:
        commits = [SHA, "1234567" + "0" * 33]

        def stored(query: str, values: Any) -> list[tuple[Any, ...]]:
            return [(one,) for one in commits if one.startswith(values[1])]

        assert sha_in_tag(tag, "acme/shop", stored) == sha

    def test_the_address_must_be_given(self) -> None:
        with pytest.raises(ShipworthyError, match=r"Argo CD needs --base-url"):
            find_vendor("argocd").settings({}, Keys(b""), lambda title: None, {"ARGOCD_TOKEN": "x"})
