"""Azure DevOps' requests, deployments and work items, against a server that plays it."""

from datetime import datetime
from typing import Any

import pytest
from source_checks import SALT, Case, Loader, SourceChecks
from vendor_server import Answer, Request

from shipworthy.errors import ShipworthyError
from shipworthy.sources.vendor import Keys
from shipworthy.sources.vendors import azure_devops

KEYS = Keys(SALT.encode())
API = "/acme/Shop/_apis"
GIT = f"{API}/git/repositories/web"
REPOSITORY = "acme/Shop/_git/web"
SHA = "2d029d503c04bd77c0e4cdbf2d419e083cbc2505"


def _user(name: str) -> dict[str, str]:
    return {
        "id": f"guid-{name}",
        "displayName": f"{name.title()} Example",
        "uniqueName": f"{name}@acme.example.com",
    }


ADA, BOB = _user("ada"), _user("bob")
BUILD = {"id": "guid-build", "displayName": "Build", "uniqueName": "Build\\1234"}
VOTER_GROUP = {"id": "guid-team", "uniqueName": "vstfs:///Team", "isContainer": True}


def _request(number: int, **changed: Any) -> dict[str, Any]:
    return {
        "pullRequestId": number,
        "status": "completed",
        "title": "Cart",
        "description": None,
        "createdBy": ADA,
        "closedBy": BOB,
        "creationDate": "2026-05-01T08:00:00.123Z",
        "closedDate": "2026-05-02T16:00:00Z",
        "sourceRefName": "refs/heads/ada/cart",
        "isDraft": False,
        "lastMergeCommit": {"commitId": "07" * 20},
        "labels": [{"name": "cart"}, {"name": "eu"}],
        **changed,
    }


OPEN = {"status": "active", "closedDate": None, "closedBy": None, "labels": None}
REQUESTS = [
    _request(1),
    _request(2, **OPEN, isDraft=True),
    _request(3, status="abandoned", description="x", lastMergeCommit=None, labels=[]),
    _request(4, createdBy=BUILD, sourceRefName="refs/heads/bump"),
    _request(9, closedDate="2026-03-02T16:00:00Z"),  # closed before
]
# Enough for a third page of 3.
MANY = [_request(1000 + number) for number in range(5)]


def _commit(sha: str, at: str, comment: str = "Cart") -> dict[str, Any]:
    who = {"name": "Ada Ng", "email": "ada@acme.example.com", "date": at}
    return {"commitId": sha * 20, "author": who, "committer": who, "comment": comment}


CLAUDE = "Co-Authored-By: Claude <noreply@anthropic.com>"
COMMITS = {
    1: [_commit("c1", "2026-05-01T07:00:00Z"), _commit("c2", "2026-05-02T12:00:00Z")],
    3: [_commit("c3", "2026-05-01T07:00:00Z", f"X\n\n{CLAUDE}")],
}
CHANGES = [
    {"item": {"path": "/src/cart.py"}, "changeType": "edit"},
    {"item": {"path": "/src", "isFolder": True}},
    {"item": {"path": "/src/b.py"}, "sourceServerItem": "/src/a.py", "changeType": "rename"},
]


def _said(user: dict, kind: str = "text", **more: Any) -> dict[str, Any]:
    return {"author": user, "commentType": kind, "content": "Why?", **more}


def _thread(number: int, at: str, *comments: dict, path: str | None = "/src/cart.py") -> dict:
    return {
        "id": number,
        "publishedDate": f"2026-05-02T{at}:00Z",
        "comments": list(comments),
        "threadContext": {"filePath": path} if path else None,
        "properties": {},
        "isDeleted": False,
    }


def _vote(number: int, at: str, user: dict, value: int) -> dict[str, Any]:
    return {
        **_thread(number, at, _said(user, "system"), path=None),
        "properties": {
            "CodeReviewThreadType": {"$type": "System.String", "$value": "VoteUpdate"},
            "CodeReviewVoteResult": {"$type": "System.String", "$value": str(value)},
        },
    }


THREADS = {
    1: [
        _thread(1, "09:00", _said(BOB), _said(ADA), _said(BOB)),
        _thread(2, "11:00", _said(BOB)),
        _thread(3, "11:30", _said(BOB), path=None),  # a general comment
        _thread(4, "11:40", _said(BUILD, "system")),
        {**_thread(5, "11:50", _said(BOB)), "isDeleted": True},
        _vote(6, "10:00", BOB, -5),
        _vote(7, "12:00", BOB, 5),
        _vote(8, "13:00", BOB, 0),
        _vote(9, "14:00", BOB, 10),
        _vote(10, "14:01", VOTER_GROUP, 10),
    ]
}


def _requests(request: Request) -> Any:
    query = {name: values[0] for name, values in request.query.items()}
    status, size = query["searchCriteria.status"], int(query["$top"])
    chosen = [one for one in [*REQUESTS, *MANY] if one.get("status", status) == status]
    if status != "active":
        assert query["searchCriteria.queryTimeRangeType"] == "closed"
        since, until = query["searchCriteria.minTime"][:19], query["searchCriteria.maxTime"][:19]
        chosen = [one for one in chosen if since <= one["closedDate"][:19] < until]
    skip = int(query["$skip"])
    return {"count": len(chosen), "value": chosen[skip : skip + size]}


def _tokens(rows: list[Any], size: int) -> Any:
    """Pages that go on by a token in a header."""

    def answer(request: Request) -> Answer:
        start = int(request.query.get("continuationToken", ["0"])[0])
        end = start + size
        headers = {"x-ms-continuationtoken": str(end)} if end < len(rows) else {}
        return Answer({"count": size, "value": rows[start:end]}, headers=headers)

    return answer


def _record(number: int, day: int, result: str | None, run: int = 70) -> dict[str, Any]:
    at = f"2026-05-{day:02}T09:0"
    return {
        "id": number,
        "environmentId": 5,
        "definition": {"id": 3, "name": "deploy-web"},
        "owner": {"id": run, "name": f"run-{run}"},
        "result": result,
        "queueTime": f"{at}0:00Z",
        "startTime": f"{at}1:00Z",
        "finishTime": f"{at}4:00Z" if result else None,
    }


RECORDS = [
    _record(16, 20, None),
    _record(15, 19, "failed", 71),
    _record(14, 18, "skipped", 72),
    _record(13, 17, "succeededWithIssues", 404),
    _record(12, 16, "succeeded"),
    _record(11, 1, "succeeded"),
    {**_record(10, 1, "succeeded"), "queueTime": "2026-03-01T09:00:00Z"},
]
RUNS = {
    70: {"sourceVersion": SHA, "repository": {"type": "TfsGit", "id": "guid", "name": "web"}},
    71: {"sourceVersion": "3e" * 20, "repository": {"type": "GitHub", "id": "acme/api"}},
    72: {"sourceVersion": "12", "repository": {"type": "TfsVersionControl", "id": "$/"}},
}


def _item(number: int, tags: str = "incident", relations: Any = None, **fields: Any) -> dict:
    return {
        "id": number,
        "fields": {
            "System.CreatedDate": "2026-05-10T13:15:00Z",
            "System.ChangedDate": "2026-05-10T14:00:00Z",
            "System.Tags": tags,
            "System.AreaPath": "Shop\\Checkout",
            "System.Reason": "Fixed",
            "System.CreatedBy": ADA,
            "Microsoft.VSTS.Common.Severity": "2 - High",
            "Microsoft.VSTS.Common.ActivatedDate": "2026-05-10T13:20:00Z",
            "Microsoft.VSTS.Common.ResolvedDate": "2026-05-10T13:50:00Z",
            "Microsoft.VSTS.Common.ClosedDate": "2026-05-12T13:50:00Z",
            **fields,
        },
        **({"relations": relations} if relations else {}),
    }


def _relation(rel: str, url: str, name: str = "") -> dict[str, Any]:
    return {"rel": rel, "url": url, "attributes": {"name": name}}


FIXED = _relation("ArtifactLink", f"vstfs:///Git/Commit/p-guid%2Fr-guid%2F{SHA}", "Fixed in Commit")
OTHER = "https://dev.azure.com/acme/_apis/wit/workItems/"
DESCRIPTION = "<div>Caused by <b>deployment</b> 12</div><p>Caused&nbsp;by !7 &amp; more</p>"
ITEMS = [
    _item(
        1,
        "incident; SEV-1; Search+Index; pay",
        [_relation("System.LinkTypes.Related", f"{OTHER}9"), FIXED],
        **{"System.Description": DESCRIPTION},
    ),
    _item(2, relations=[_relation("System.LinkTypes.Duplicate-Reverse", f"{OTHER}1")]),
    _item(3, **{"System.Reason": "Duplicate"}),
    _item(4, "incident; False alarm; maintenance", **{"Microsoft.VSTS.Common.ResolvedDate": None}),
    _item(
        5,
        **{"Microsoft.VSTS.Common.Severity": None, "Microsoft.VSTS.Common.Priority": 2},
        relations=[_relation("System.LinkTypes.Duplicate-Forward", f"{OTHER}2")],
    ),
]
# Enough for a third batch of 4.
MORE_ITEMS = [_item(1000 + number) for number in range(5)]


def _wiql(request: Request) -> Any:
    query = request.body["query"]
    assert "[System.Tags] CONTAINS 'incident'" in query
    assert "[System.ChangedDate] >= '2026-0" in query
    return {"workItems": [{"id": item["id"]} for item in [*ITEMS, *MORE_ITEMS]]}


def _batch(request: Request) -> Any:
    asked = request.body
    assert asked["$expand"] == "relations"
    if len(asked["ids"]) > 200:
        return Answer({"message": "too many"}, 400)
    return {"value": [one for one in [*ITEMS, *MORE_ITEMS] if one.get("id", 0) in asked["ids"]]}


def _routes() -> dict[str, Any]:
    routes: dict[str, Any] = {
        f"{GIT}/pullrequests": _requests,
        f"{GIT}/commits/{'c2' * 20}/changes": {"changes": CHANGES},
        f"{API}/pipelines/environments": _tokens([{"id": 5, "name": "production"}], 100),
        f"{API}/pipelines/environments/5/environmentdeploymentrecords": _tokens(RECORDS, 3),
        f"POST {API}/wit/wiql": _wiql,
        f"POST {API}/wit/workitemsbatch": _batch,
        **{f"{API}/build/builds/{number}": run for number, run in RUNS.items()},
    }
    for one in [*REQUESTS, *MANY]:
        path = f"{GIT}/pullRequests/{one['pullRequestId']}"
        routes[f"{path}/commits"] = _tokens(COMMITS.get(one["pullRequestId"], []), 1)
        routes[f"{path}/threads"] = {"value": THREADS.get(one["pullRequestId"], [])}
    return routes


class TestAzureDevOps(SourceChecks):
    case = Case(
        "azure-devops",
        routes=_routes(),
        given={
            "organization": "acme",
            "repositories": ["Shop/web"],
            "services": {"production": "web", "Search+Index": "Search+Index", "pay": "payments"},
        },
        environment={"AZURE_DEVOPS_TOKEN": "ado-secret-9Gy"},
        people=("ada@acme.example.com", "Ada Example", "bob@acme.example.com", "Ada Ng"),
        required={"pullRequestId": "pull_requests", "creationDate": "pull_requests"},
    )

    @pytest.fixture(autouse=True)
    def _small_pages(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(azure_devops, "_PAGE", 3)
        monkeypatch.setattr(azure_devops, "_BATCH", 4)

    def _of(self, load: Loader, table: str, key: str) -> dict[Any, dict[str, Any]]:
        load.once()
        return {row[key]: row for row in load.rows(table)}

    def test_requests(self, load: Loader) -> None:
        rows = self._of(load, "pull_requests", "number")
        assert len(rows) == 4 + 5
        first, draft, left = rows[1], rows[2], rows[3]
        assert first["repository"] == REPOSITORY
        assert first["author_key"] == KEYS.email("ada@acme.example.com")
        assert (first["author_kind"], first["authorship"]) == ("human", "untagged")
        assert first["opened_at"] == first["ready_at"] == datetime(2026, 5, 1, 8, 0, 0, 123000)
        assert first["merged_at"] == first["closed_at"] == datetime(2026, 5, 2, 16)
        assert first["merge_sha"] == "07" * 20
        assert first["first_commit_at"] == datetime(2026, 5, 1, 7)
        assert first["head_branch"] == "author/cart"
        assert first["merged_by_key"] == KEYS.email("bob@acme.example.com")
        assert first["labels"] == '["cart", "eu"]'
        assert (first["lines_added"], first["driver_key"]) == (None, None)
        assert (draft["closed_at"], draft["ready_at"], draft["merge_sha"]) == (None, None, None)
        assert (left["merged_at"], left["closed_at"]) == (None, datetime(2026, 5, 2, 16))
        assert (left["authorship"], left["ai_tool"]) == ("ai", "claude")
        assert (rows[4]["author_kind"], rows[4]["authorship"]) == ("automation", "automation")
        assert rows[4]["author_key"] is None

    def test_machines_that_no_list_has_are_counted(self, load: Loader) -> None:
        """By where an account signs in: behind that, on a server of one's own, are people."""
        load.once()
        assert load.unlisted() == [
            ("pull_requests", "unlisted_bot", "build\\*", 1),
            ("reviews", "unlisted_bot", "vstfs\\*", 1),
        ]

    def test_commits_and_their_files(self, load: Loader) -> None:
        rows = self._of(load, "pull_request_commits", "sha")
        assert sorted(rows) == [name * 20 for name in ("c1", "c2", "c3")]
        assert rows["c2" * 20]["committed_at"] == datetime(2026, 5, 2, 12)
        files = {(row["sha"], row["path"]) for row in load.rows("pull_request_commit_files")}
        assert files == {("c2" * 20, f"src/{name}.py") for name in ("cart", "a", "b")}

    def test_votes_and_threads(self, load: Loader) -> None:
        load.once()
        found = [
            (row["state"], row["submitted_at"].hour, row["comment_threads"], row["reviewer_kind"])
            for row in sorted(load.rows("reviews"), key=lambda row: row["submitted_at"])
        ]
        assert found == [
            ("changes_requested", 10, 1, "human"),
            ("dismissed", 12, 1, "human"),
            ("approved", 14, 0, "human"),
            ("approved", 14, 0, "automation"),
        ]
        threads = {row["thread_id"]: row for row in load.rows("review_threads")}
        assert {key: row["replies"] for key, row in threads.items()} == {"1-1": 2, "1-2": 0}
        assert threads["1-1"]["path"] == "src/cart.py"
        assert threads["1-1"]["author_key"] == KEYS.email("bob@acme.example.com")

    def test_deployments(self, load: Loader) -> None:
        load.once()
        prefix = "azure-devops:acme/Shop:"
        rows = {row["deployment_id"].removeprefix(prefix): row for row in load.rows("deployments")}
        assert {key: row["status"] for key, row in rows.items()} == {
            "16": "in_progress",
            "15": "failure",
            "14": "cancelled",
            "13": "success",
            "12": "success",
            "11": "success",
        }
        assert (rows["12"]["repository"], rows["12"]["sha"]) == (REPOSITORY, SHA)
        assert (rows["12"]["service"], rows["12"]["environment"]) == ("web", "production")
        assert rows["12"]["finished_at"] == datetime(2026, 5, 16, 9, 4)
        assert (rows["16"]["finished_at"], rows["15"]["repository"]) == (None, "acme/api")
        assert (rows["14"]["repository"], rows["14"]["sha"]) == (None, None)
        assert (rows["13"]["repository"], rows["13"]["sha"]) == (None, None)  # the run is gone

    def test_incidents(self, load: Loader) -> None:
        rows = self._of(load, "incidents", "incident_id")
        assert len(rows) == 5 + 5
        first = rows["Shop#1"]
        assert first["service"] == '["Search+Index", "payments"]'
        assert first["severity_label"] == "SEV-1"
        assert first["acknowledged_at"] == datetime(2026, 5, 10, 13, 20)
        assert first["resolved_at"] == datetime(2026, 5, 10, 13, 50)
        assert (first["caused_by_sha"], first["fixed_by_sha"]) == ("!7", SHA)
        assert first["caused_by_deployment_id"] == "12"
        assert rows["Shop#2"]["severity_label"] == "2 - High"
        assert rows["Shop#2"]["service"] == "Checkout"
        assert rows["Shop#4"]["resolved_at"] == datetime(2026, 5, 12, 13, 50)
        assert rows["Shop#5"]["severity_label"] == "P2"
        merged = {key: row["merged_into_id"] for key, row in rows.items() if row["merged_into_id"]}
        assert merged == {"Shop#2": "Shop#1"}
        alarms = {key for key, row in rows.items() if row["is_false_alarm"]}
        assert alarms == {"Shop#3", "Shop#4"}
        assert {key for key, row in rows.items() if row["is_maintenance"]} == {"Shop#4"}

    def test_names_and_what_is_left_out(self, load: Loader) -> None:
        load(names={"Shop/web": "acme/web"}, without=["incidents"])
        assert {row["repository"] for row in load.rows("pull_requests")} == {"acme/web"}
        assert load.rows("incidents") == []
        for given, sentence in (
            ({"without": ["reviews"]}, "--without reviews"),
            ({"repositories": ["web"]}, "PROJECT/NAME"),
            ({"repositories": []}, "needs --repository"),
        ):
            with pytest.raises(ShipworthyError, match=sentence):
                load(**given)

    def test_a_page_to_sign_in_is_a_sentence(self, load: Loader) -> None:
        for status in (200, 203):
            page = Answer("<html>Sign in</html>", status, content_type="text/html")
            load.server.routes[f"{GIT}/pullrequests"] = lambda request, page=page: page
            with pytest.raises(ShipworthyError, match="a page to sign in"):
                load()

    def test_another_answer_is_a_sentence(self, load: Loader) -> None:
        load.server.routes[f"{GIT}/pullrequests"] = {"message": "ok"}
        with pytest.raises(ShipworthyError, match="without a list 'value'"):
            load()
