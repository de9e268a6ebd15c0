"""Bitbucket's pull requests and deployments, against a server that plays it."""

from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest
from source_checks import NOW, SALT, Case, Loader, SourceChecks
from vendor_server import Answer, Request

from shipworthy.errors import ShipworthyError
from shipworthy.sources.vendor import Keys
from shipworthy.sources.vendors import bitbucket

KEYS = Keys(SALT.encode())
REPOSITORY = "/2.0/repositories/acme/shop"


def _user(name: str, kind: str = "user") -> dict[str, str]:
    return {
        "type": kind,
        "display_name": f"{name.title()} Example",
        "nickname": name,
        "uuid": f"{{{name}}}",
        "account_id": f"712020:{name}-1",
    }


ADA, BOB, CAROL, APP = _user("ada-ng"), _user("bobruiz"), _user("carolok"), _user("ci", "app_user")


def _request(number: int, **changed: Any) -> dict[str, Any]:
    return {
        "id": number,
        "title": "Cart",
        "description": "",
        "state": "MERGED",
        "draft": False,
        "author": ADA,
        "source": {"branch": {"name": "ada-ng/cart"}, "commit": {"hash": "0" * 12}},
        "merge_commit": {"hash": "078832117b55"},
        "closed_by": BOB,
        "comment_count": 0,
        "created_on": "2026-05-01T08:00:00.000000+00:00",
        "updated_on": "2026-05-03T08:00:00.000000+00:00",
        **changed,
    }


def _commit(sha: str, at: str, raw: str = "Ada Ng <ada@acme.example.com>", **changed: Any) -> dict:
    return {
        "hash": sha * 20,
        "date": at,
        "author": {"raw": raw, "user": ADA},
        "message": "Cart",
        "parents": [{"hash": "0" * 40}],
        **changed,
    }


def _comment(number: int, user: dict, at: str, **changed: Any) -> dict[str, Any]:
    return {
        "id": number,
        "user": user,
        "created_on": f"2026-05-02T{at}:00+00:00",
        "content": {"raw": "Why?"},
        "deleted": False,
        **changed,
    }


OTHER = {"branch": {"name": "fix-cart"}}
INLINE = {"inline": {"path": "cart.py", "to": 3}}
REQUESTS = [
    _request(1, comment_count=5),
    _request(2, state="OPEN", draft=True, closed_by=None, merge_commit=None),
    _request(3, state="DECLINED", closed_by=CAROL, merge_commit=None),
    _request(4, author=_user("copilot-swe-agent[bot]"), source=OTHER),
    _request(5, author=APP, source=OTHER, state="SUPERSEDED", merge_commit=None, closed_by=None),
]
# Enough for a third page of 3.
MANY = [_request(1000 + number) for number in range(5)]
CLAUDE = "Co-Authored-By: Claude <noreply@anthropic.com>"
COMMITS = {
    1: [
        _commit("c1", "2026-05-01T07:00:00+00:00"),
        _commit("c2", "2026-05-02T12:00:00+00:00", committer={"date": "2026-05-02T13:00:00+00:00"}),
        _commit("c3", "2026-05-02T12:00:00+00:00", parents=[{}, {}]),
    ],
    3: [
        _commit(
            "c4",
            "2026-05-01T07:00:00Z",
            message=f"X\n\n{CLAUDE}",
        )
    ],
}
COMMENTS = {
    1: [
        _comment(11, BOB, "09:00", **INLINE),
        _comment(12, ADA, "09:30", parent={"id": 11}, **INLINE),
        _comment(13, BOB, "09:40", parent={"id": 12}, **INLINE),
        _comment(14, BOB, "11:00", **INLINE),
        _comment(15, CAROL, "11:30"),
        _comment(16, CAROL, "10:00", deleted=True, **INLINE),
    ]
}
ACTIVITY = {
    1: [
        {"update": {"state": "MERGED", "date": "2026-05-02T16:00:00+00:00", "changes": {}}},
        {"approval": {"user": BOB, "date": "2026-05-02T15:00:00+00:00"}},
        {"changes_requested": {"user": BOB, "date": "2026-05-02T10:00:00+00:00"}},
        {"comment": {"id": 11}},
        {
            "update": {
                "state": "OPEN",
                "date": "2026-05-01T12:00:00+00:00",
                "changes": {"draft": {"old": True, "new": False}},
            }
        },
        {"update": {"state": "OPEN", "date": "2026-05-01T08:00:00+00:00", "changes": {}}},
    ],
    3: [{"update": {"state": "DECLINED", "date": "2026-05-02T17:00:00+00:00", "changes": {}}}],
}
SIZES = {1: [{"lines_added": 20, "lines_removed": 2}, {"lines_added": 5, "lines_removed": 0}]}
ENVIRONMENTS = [
    {"uuid": "{e1}", "name": "production-eu", "environment_type": {"name": "Production"}},
    {"uuid": "{e2}", "name": "", "environment_type": {"name": "Staging"}},
]


def _deployment(number: int, state: str, status: str | None, **changed: Any) -> dict[str, Any]:
    started = f"2026-05-{number:02}T09:00:00.000Z"
    return {
        "uuid": f"{{d-{number}}}",
        "environment": {"uuid": "{e1}"},
        "state": {
            "name": state,
            "started_on": started,
            "completed_on": f"2026-05-{number:02}T09:05:00.000Z",
            **({"status": {"name": status}} if status else {}),
        },
        "release": {
            "commit": {"hash": f"{number:02}" * 20},
            "created_on": f"2026-05-{number:02}T08:59:00Z",
        },
        "last_update_time": f"2026-05-{number:02}T09:05:00Z",
        **changed,
    }


DEPLOYMENTS = [
    _deployment(20, "IN_PROGRESS", None),
    _deployment(19, "COMPLETED", "STOPPED", environment={"uuid": "{gone}"}),
    _deployment(18, "COMPLETED", "FAILED", environment={"uuid": "{e2}"}),
    _deployment(17, "UNDEPLOYED", None),
    *(_deployment(1 + number % 16, "COMPLETED", "SUCCESSFUL", uuid=f"{{m-{number}}}")
      for number in range(6)),
]  # fmt: skip


def _pages(rows: list[Any]) -> Any:
    def answer(request: Request) -> Any:
        size, page = int(request.query["pagelen"][0]), int(request.query.get("page", ["1"])[0])
        if size > 50:
            return Answer({"error": {"message": "Invalid pagelen"}}, 400)
        found = {"values": rows[(page - 1) * size : page * size], "pagelen": size, "page": page}
        if page * size < len(rows):
            found["next"] = f"https://elsewhere.example.com{request.path}?page={page + 1}"
        return found

    return answer


def _requests(request: Request) -> Any:
    assert request.query["state"] == ["OPEN", "MERGED", "DECLINED", "SUPERSEDED"]
    since, until = request.query["q"][0].split(" AND ")
    since, until = since.split('"')[1][:19], until.split('"')[1][:19]
    return _pages([one for one in [*REQUESTS, *MANY] if since <= one["updated_on"][:19] < until])(
        request
    )


def _routes() -> dict[str, Any]:
    routes: dict[str, Any] = {
        f"{REPOSITORY}/pullrequests": _requests,
        f"{REPOSITORY}/environments/": _pages(ENVIRONMENTS),
        f"{REPOSITORY}/deployments/": _pages(DEPLOYMENTS),
        f"{REPOSITORY}/diffstat/{'c2' * 20}": _pages(
            [{"old": {"path": "cart.py"}, "new": {"path": "basket.py"}}, {"new": {"path": "a"}}]
        ),
    }
    for one in [*REQUESTS, *MANY]:
        path = f"{REPOSITORY}/pullrequests/{one['id']}"
        routes[f"{path}/activity"] = _pages(ACTIVITY.get(one["id"], []))
        routes[f"{path}/commits"] = _pages(COMMITS.get(one["id"], []))
        routes[f"{path}/comments"] = _pages(COMMENTS.get(one["id"], []))
        routes[f"{path}/diffstat"] = _pages(SIZES.get(one["id"], []))
    return routes


class TestBitbucket(SourceChecks):
    case = Case(
        "bitbucket",
        routes=_routes(),
        given={"repositories": ["acme/shop"], "services": {"production-eu": "acme/shop-eu"}},
        environment={"BITBUCKET_TOKEN": "ATCTT-secret-4Jw"},
        people=(
            *("ada-ng", "bobruiz", "carolok", "Ada Ng", "ada@acme.example.com"),
            *("712020:ada-ng-1", "Bobruiz Example"),
        ),
        required={"created_on": "pull_requests", "id": "pull_requests", "state": "pull_requests"},
    )

    @pytest.fixture(autouse=True)
    def _small_pages(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(bitbucket, "_PAGE", 3)

    def _of(self, load: Loader, table: str, key: str) -> dict[Any, dict[str, Any]]:
        load.once()
        return {row[key]: row for row in load.rows(table)}

    def test_requests(self, load: Loader) -> None:
        rows = self._of(load, "pull_requests", "number")
        assert len(rows) == 5 + 5
        first, draft, declined = rows[1], rows[2], rows[3]
        bob = KEYS.alias("bitbucket", "712020:bobruiz-1")
        assert first["author_key"] == KEYS.alias("bitbucket", "712020:ada-ng-1")
        assert (first["author_kind"], first["authorship"]) == ("human", "untagged")
        assert first["merge_sha"] == "078832117b55"
        assert first["merged_at"] == first["closed_at"] == datetime(2026, 5, 2, 16)
        assert first["ready_at"] == datetime(2026, 5, 1, 12)
        assert first["first_commit_at"] == datetime(2026, 5, 1, 7)
        assert (first["lines_added"], first["lines_removed"]) == (25, 2)
        assert first["head_branch"] == "author/cart"
        assert first["merged_by_key"] == first["closed_by_key"] == bob
        assert first["driver_key"] is None
        assert (draft["closed_at"], draft["ready_at"], draft["merge_sha"]) == (None, None, None)
        assert (declined["merged_at"], declined["closed_at"]) == (None, datetime(2026, 5, 2, 17))
        assert (declined["authorship"], declined["ai_tool"]) == ("ai", "claude")
        agent = rows[4]
        assert (agent["author_kind"], agent["authorship"]) == ("agent", "ai")
        assert agent["driver_key"] == bob
        assert (rows[5]["author_kind"], rows[5]["authorship"]) == ("automation", "automation")
        assert rows[5]["closed_at"] == datetime(2026, 5, 3, 8)  # its last update

    def test_machines_that_no_list_has_are_counted(self, load: Loader) -> None:
        load.once()
        assert load.unlisted() == [("pull_requests", "unlisted_bot", "ci", 1)]

    def test_commits_and_their_files(self, load: Loader) -> None:
        rows = self._of(load, "pull_request_commits", "sha")
        assert sorted(rows) == ["c1" * 20, "c2" * 20, "c4" * 20]  # no merge
        assert rows["c2" * 20]["committed_at"] == datetime(2026, 5, 2, 13)
        assert rows["c1" * 20]["author_key"] == KEYS.email("ada@acme.example.com")
        # Of the commit after the first thread alone.
        files = {(row["sha"], row["path"]) for row in load.rows("pull_request_commit_files")}
        assert files == {("c2" * 20, path) for path in ("a", "basket.py", "cart.py")}

    def test_reviews_and_threads(self, load: Loader) -> None:
        load.once()
        found = [
            (row["state"], row["submitted_at"], row["comment_threads"])
            for row in sorted(load.rows("reviews"), key=lambda row: row["submitted_at"])
        ]
        assert found == [
            ("changes_requested", datetime(2026, 5, 2, 10), 1),
            ("approved", datetime(2026, 5, 2, 15), 1),
        ]
        threads = {row["thread_id"]: row for row in load.rows("review_threads")}
        assert {key: row["replies"] for key, row in threads.items()} == {"11": 2, "14": 0, "16": 0}
        assert threads["11"]["path"] == "cart.py"
        assert threads["11"]["author_kind"] == "human"
        assert threads["16"]["author_key"] is None  # deleted

    def test_deployments(self, load: Loader) -> None:
        (done,) = load.once()
        assert done.passed_over == {"deployments that were never started": 1}
        prefix = "bitbucket:acme/shop:"
        rows = {row["deployment_id"].removeprefix(prefix): row for row in load.rows("deployments")}
        assert len(rows) == 3 + 6
        running, stopped, failed = rows["d-20"], rows["d-19"], rows["d-18"]
        assert (running["status"], running["finished_at"]) == ("in_progress", None)
        assert (running["environment"], running["service"]) == ("production-eu", "acme/shop-eu")
        assert (stopped["status"], stopped["environment"]) == ("cancelled", None)
        assert (failed["status"], failed["environment"]) == ("failure", "staging")
        assert failed["service"] == "acme/shop"
        done = rows["m-0"]
        assert (done["status"], done["sha"]) == ("success", "01" * 20)
        assert done["created_at"] == datetime(2026, 5, 1, 8, 59)
        assert done["started_at"] == datetime(2026, 5, 1, 9)
        assert done["finished_at"] == datetime(2026, 5, 1, 9, 5)

    def test_a_later_load_asks_for_what_was_updated(self, load: Loader) -> None:
        load.once()
        asked = len(load.server.requests)
        load.case = replace(load.case, since=NOW)
        load()
        later = [request for request in load.server.requests[asked:] if "q" in request.query]
        assert later[0].query["q"][0].startswith('updated_on >= "2026-06-19T')

    def test_credentials(self, load: Loader, monkeypatch: pytest.MonkeyPatch) -> None:
        load()
        assert load.server.requests[0].headers["authorization"] == "Bearer ATCTT-secret-4Jw"
        monkeypatch.setenv("BITBUCKET_EMAIL", "loader@acme.example.com")
        load()
        assert load.server.requests[-1].headers["authorization"].startswith("Basic ")

    def test_without_deployments(self, load: Loader) -> None:
        load(without=["deployments"])
        assert load.rows("deployments") == []
        assert "deployments" not in {row["input"] for row in load.rows("load_watermarks")}
        with pytest.raises(ShipworthyError, match="--without reviews"):
            load(without=["reviews"])
        with pytest.raises(ShipworthyError, match="workspace/name"):
            load(repositories=["shop"])

    def test_another_answer_is_a_sentence(self, load: Loader) -> None:
        load.server.routes[f"{REPOSITORY}/pullrequests"] = {"type": "error"}
        with pytest.raises(ShipworthyError, match="without a list 'values'"):
            load()
