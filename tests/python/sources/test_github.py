"""GitHub, against a server that plays its REST API: the samples' story, and each trap."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from source_checks import NOW, SALT, Case, Loader, SourceChecks, sample
from vendor_server import Answer, Request, Route

from shipworthy.errors import ShipworthyError
from shipworthy.git.catalog import CATALOG_SEED, CATALOG_VARIABLE
from shipworthy.git.reference import seed_path
from shipworthy.sources import landing
from shipworthy.sources.vendor import Keys

KEYS = Keys(SALT.encode())
# GitHub's greatest page is a hundred; a smaller one takes fewer rows to have several.
LARGEST_PAGE = 4

ALICE = {"login": "alice-ng", "id": 1001, "type": "User"}
BOB = {"login": "bobruiz", "id": 1002, "type": "User"}
CAROL = {"login": "carolok", "id": 1003, "type": "User"}
COPILOT = {"login": "Copilot", "id": 198982749, "type": "Bot"}
DEPENDABOT = {"login": "dependabot[bot]", "id": 49699333, "type": "Bot"}
STALE_BOT = {"login": "acme-housekeeping", "id": 5, "type": "Bot"}

ALICE_GIT = ("Alice Ng", "alice@acme.example.com", ALICE)
ALICE_WEB = ("Alice Ng", "1001+alice-ng@users.noreply.github.com", ALICE)
BOB_GIT = ("Bob Ruiz", "bob@acme.example.com", BOB)
CAROL_GIT = ("Carol Okoye", "carol@acme.example.com", CAROL)
CAROL_WEB = ("Carol Okoye", "1003+carolok@users.noreply.github.com", CAROL)
COPILOT_GIT = (
    "copilot-swe-agent[bot]",
    "198982749+Copilot@users.noreply.github.com",
    COPILOT,
)
DEPENDABOT_GIT = (
    "dependabot[bot]",
    "49699333+dependabot[bot]@users.noreply.github.com",
    DEPENDABOT,
)
NIMBUS = "noreply@nimbus.example.com"
CLAUDE = "feat: rules\n\nCo-Authored-By: Claude Opus 4.6 <noreply@anthropic.com>"


def commit(
    sha: str,
    author: tuple[str, str, dict],
    authored: str,
    committed: str = "",
    message: str = "x",
    parents: int = 1,
) -> dict[str, Any]:
    name, email, account = author
    return {
        "sha": sha * (40 // len(sha)),
        "commit": {
            "author": {"name": name, "email": email, "date": authored},
            "committer": {"name": name, "email": email, "date": committed or authored},
            "message": message,
        },
        "author": account,
        "committer": account,
        "parents": [{"sha": "9" * 40}] * parents,
    }


COMMITS: dict[int, list[dict]] = {
    # The first was rebased: written on the 29th, committed on the 30th.
    1: [
        commit("a1", ALICE_GIT, "2026-04-29T18:00:00Z", "2026-04-30T08:30:00Z"),
        commit("a2", ALICE_GIT, "2026-04-30T16:05:00Z"),
    ],
    2: [commit("b1", ALICE_GIT, "2026-05-05T09:00:00Z", message=CLAUDE)],
    3: [
        commit("c1", BOB_GIT, "2026-05-07T08:00:00Z"),
        commit("c2", BOB_GIT, "2026-05-07T15:00:00Z"),
        commit("c3", BOB_GIT, "2026-05-07T17:00:00Z"),
        commit("c4", BOB_GIT, "2026-05-08T09:00:00Z", parents=2),
    ],
    4: [
        commit("d1", COPILOT_GIT, "2026-05-09T12:01:00Z"),
        commit("d2", COPILOT_GIT, "2026-05-09T12:05:00Z"),
        commit("d3", COPILOT_GIT, "2026-05-09T12:09:00Z"),
        commit("d4", COPILOT_GIT, "2026-05-09T12:15:00Z"),
        commit("d5", BOB_GIT, "2026-05-10T11:00:00Z"),
    ],
    5: [commit("e1", CAROL_WEB, "2026-05-11T21:50:00Z")],
    6: [
        commit("f1", ALICE_WEB, "2026-05-17T07:00:00Z"),
        commit("f2", ALICE_GIT, "2026-05-18T08:10:00Z"),
    ],
    8: [commit("81", DEPENDABOT_GIT, "2026-06-01T01:00:00Z")],
    10: [commit("11", COPILOT_GIT, "2026-06-02T09:01:00Z")],
    # A clock that runs ahead of GitHub's.
    11: [commit("12", BOB_GIT, "2031-01-01T00:00:00Z", "2026-06-03T09:00:00Z")],
    12: [],
}


def request(number: int, user: dict | None, created: str, **given: Any) -> dict[str, Any]:
    return {
        "id": 88000 + number,
        "number": number,
        "state": "open",
        "title": "x",
        "user": user,
        "body": None,
        "labels": [],
        "draft": False,
        "created_at": created,
        "updated_at": created,
        "closed_at": None,
        "merged_at": None,
        # A trial merge: nothing landed.
        "merge_commit_sha": "7" * 40,
        "assignees": [],
        "head": {"ref": "topic", "sha": "6" * 40},
        "merged_by": None,
        "review_comments": 0,
        "additions": 3,
        "deletions": 1,
        **given,
    }


PULLS = [
    *sample("github/pulls.json"),
    request(
        10,
        COPILOT,
        "2026-06-02T09:00:00Z",
        state="closed",
        closed_at="2026-06-02T12:00:00Z",
        updated_at="2026-06-02T12:00:00Z",
        assignees=[COPILOT, CAROL],
        head={"ref": "copilot/fix-42"},
    ),
    request(11, BOB, "2026-06-03T09:00:00Z", draft=True, head={"ref": "codex/BobRuiz-patch-1"}),
    request(
        12,
        None,
        "2026-06-04T09:00:00Z",
        head={"ref": "zones"},
        body="Zones.\r\n\r\n🤖 Generated with [Claude Code](https://claude.com/claude-code)\r\n",
    ),
    # Last touched before the load's start; the server has nothing but this line of it.
    request(13, BOB, "2026-03-01T09:00:00Z"),
]
# What only `GET pulls/N` answers.
OF_ONE_REQUEST = ("merged", "merged_by", "comments", "review_comments", "commits", "additions",
                  "deletions", "changed_files")  # fmt: skip

EVENTS: dict[int, list[dict]] = {
    # Opened ready, a draft for an hour.
    3: [
        {"id": 1, "event": "convert_to_draft", "actor": BOB, "created_at": "2026-05-07T10:00:00Z"},
        {"id": 2, "event": "ready_for_review", "actor": BOB, "created_at": "2026-05-07T11:00:00Z"},
    ],
    # Opened as a draft.
    4: [
        {"id": 3, "event": "labeled", "actor": BOB, "created_at": "2026-05-09T12:00:01Z"},
        {
            "id": 4,
            "event": "ready_for_review",
            "actor": COPILOT,
            "created_at": "2026-05-09T12:18:00Z",
        },
    ],
    # Closed by a bot, opened again, closed by a person.
    10: [
        {"id": 5, "event": "closed", "actor": STALE_BOT, "created_at": "2026-06-02T10:00:00Z"},
        {"id": 6, "event": "reopened", "actor": BOB, "created_at": "2026-06-02T11:00:00Z"},
        {"id": 7, "event": "closed", "actor": CAROL, "created_at": "2026-06-02T12:00:00Z"},
    ],
}


def _of(number: int) -> dict[str, str]:
    return {"pull_request_url": f"https://api.github.com/repos/acme/shop/pulls/{number}"}


REVIEWS = [
    *sample("github/reviews.json"),
    # What GitHub makes to hold comment 8, a reply; and one that is not submitted yet.
    {
        "id": 12,
        "user": ALICE,
        "body": "",
        "state": "COMMENTED",
        "submitted_at": "2026-05-18T08:05:00Z",
        **_of(6),
    },
    {"id": 13, "user": ALICE, "body": "wait", "state": "PENDING", **_of(6)},
]
COMMENTS = [
    *sample("github/review_comments.json"),
    {
        "id": 8,
        "pull_request_review_id": 12,
        "in_reply_to_id": 7,
        "path": "src/cart.py",
        "user": ALICE,
        "created_at": "2026-05-18T08:05:00Z",
        **_of(6),
    },
    # The comment that these two answer was deleted.
    {
        "id": 21,
        "in_reply_to_id": 19,
        "path": "src/old.py",
        "user": BOB,
        "created_at": "2026-05-07T18:00:00Z",
        **_of(3),
    },
    {
        "id": 20,
        "in_reply_to_id": 19,
        "path": "src/old.py",
        "user": ALICE,
        "created_at": "2026-05-07T17:30:00Z",
        **_of(3),
    },
]
FILES = {
    "a2" * 20: [{"filename": "src/cart.py", "status": "modified"}],
    "c3" * 20: [
        *({"filename": f"src/part_{number}.py", "status": "added"} for number in range(5)),
        {"filename": "src/cart.py", "previous_filename": "src/basket.py", "status": "renamed"},
    ],
    "f2" * 20: [{"filename": "src/cart.py", "status": "modified"}],
}

DEPLOYMENTS = sample("github/deployments.json")
STATUSES = sample("github/deployment_statuses.json")
RUNS = sample("github/workflow_runs.json")["workflow_runs"]
# As GitHub has it: the list shows the last attempt, with the creation of the first.
FIRST_ATTEMPT, SECOND_ATTEMPT = RUNS[1], {**RUNS[2], "created_at": RUNS[1]["created_at"]}


def run(number: int, created: str, **given: Any) -> dict[str, Any]:
    return {
        **RUNS[0],
        "id": number,
        "created_at": created,
        "run_started_at": created,
        "updated_at": created,
        **given,
    }


LISTED_RUNS = [
    RUNS[0],
    SECOND_ATTEMPT,
    run(9003, "2026-05-13T09:00:00Z", conclusion="timed_out"),
    run(9004, "2026-05-14T09:00:00Z", conclusion="cancelled"),
    run(9005, "2026-05-15T09:00:00Z", conclusion="skipped"),
    run(9006, "2026-05-16T09:00:00Z", status="in_progress", conclusion=None),
    # Before the load, but for runs that may have run again since.
    run(9000, "2026-03-20T09:00:00Z"),
    run(8999, "2026-03-27T09:00:00Z"),
]
WORKFLOWS = [
    {"id": 76, "name": "Tests", "path": ".github/workflows/tests.yml"},
    {"id": 77, "name": "Deploy", "path": ".github/workflows/deploy.yml"},
]


def release(number: int, tag: str, published: str | None, **given: Any) -> dict[str, Any]:
    return {
        "id": number,
        "tag_name": tag,
        "draft": False,
        "prerelease": False,
        "published_at": published,
        "author": ALICE,
        **given,
    }


RELEASES = [
    release(1, "v1.0", "2026-05-06T10:00:00Z"),
    release(2, "v1.1", "2026-05-19T10:00:00Z"),
    release(3, "v1.2-rc", "2026-06-01T10:00:00Z", prerelease=True),
    release(4, "v2.0", None, draft=True),
    release(5, "v0.9", "2026-01-06T10:00:00Z"),
    release(6, "v1.3", "2026-06-02T10:00:00Z"),
]
TAGS = {
    "v1.0": {"object": {"type": "commit", "sha": "2e" * 20}},
    "v1.1": {"object": {"type": "tag", "sha": "ab" * 20}},
    "v1.2-rc": {"object": {"type": "commit", "sha": "3c" * 20}},
}


def issue(number: int, created: str, labels: list[str], **given: Any) -> dict[str, Any]:
    return {
        "id": 77000 + number,
        "number": number,
        "title": "x",
        "state": "open",
        "state_reason": None,
        "user": CAROL,
        "labels": [{"name": label} for label in labels],
        "created_at": created,
        "updated_at": created,
        "closed_at": None,
        "body": None,
        **given,
    }


CLOSED = {"state": "closed", "closed_at": "2026-05-26T08:00:00Z"}
INC_101, REQUEST_5 = sample("github/issues.json")
ISSUES = [
    INC_101,
    # A request that carries the label is no incident.
    {**REQUEST_5, "labels": [{"name": "incident"}]},
    issue(
        32,
        "2026-05-10T13:15:00Z",
        ["incident", "P2", "shipping", "deploy:502"],
        title="[SEV-1] Shipping quotes 500",
        body="**Caused by:** https://github.com/acme/shop/pull/4\n\nFixed in " + "2E" * 20,
    ),
    issue(
        33,
        "2026-05-21T08:00:00Z",
        ["incident", "severity: critical", "P3", "false alarm"],
        body="caused by #31 or caused by other/repository#2, not by deploy of the cart",
    ),
    issue(34, "2026-05-22T08:00:00Z", ["Incident", "bug"], body="caused by deployment 506"),
    issue(
        35,
        "2026-05-23T08:00:00Z",
        ["incident", "maintenance", "severity/3"],
        state="closed",
        state_reason="duplicate",
        closed_at="2026-05-23T09:00:00Z",
        body="Introduced by #11. Caused by #3.",
    ),
    # An older word on the same incident, which comes later in the list.
    issue(37, "2026-05-11T20:00:00Z", ["incident", "P4"], title="[INC-101] Charges"),
    issue(36, "2026-05-24T08:00:00Z", ["bug", "sev-1"]),
    # Repeated: by the closing reason, by the word of somebody who may write, of somebody who may
    # not, and by a label.
    issue(51, "2026-05-25T08:00:00Z", ["incident"], **CLOSED, state_reason="duplicate", comments=3),
    issue(52, "2026-05-25T09:00:00Z", ["incident"], **CLOSED, comments=1),
    issue(53, "2026-05-25T10:00:00Z", ["incident"], **CLOSED, comments=1),
    issue(
        54,
        "2026-05-25T11:00:00Z",
        ["incident", "Duplicate"],
        body="Duplicate of https://github.com/acme/shop/issues/32",
    ),
]
ISSUE_COMMENTS = {
    31: [{"id": 1, "body": "Duplicate of #54", "author_association": "NONE"}],
    51: [
        {"id": 2, "body": "duplicate of #32?", "author_association": "NONE"},
        {"id": 3, "body": "Duplicate of #31", "author_association": "OWNER"},
        {"id": 4, "body": None, "author_association": "OWNER"},
    ],
    52: [{"id": 5, "body": "Duplicate of acme/infra#9", "author_association": "MEMBER"}],
    53: [{"id": 6, "body": "Duplicate of #31", "author_association": "CONTRIBUTOR"}],
}


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text)


class GitHub:
    """Repository acme/shop; `url` is the server's."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.statuses = STATUSES
        self.pulls = PULLS

    def routes(self) -> dict[str, Route]:
        routes: dict[str, Route] = {
            "pulls": self._pulls,
            "deployments": self._deployments,
            "issues": self._issues,
            "actions/workflows": lambda asked: self._paged(asked, WORKFLOWS, "workflows"),
            "actions/workflows/77/runs": lambda asked: self._paged(
                asked, _newest(LISTED_RUNS, "created_at"), "workflow_runs"
            ),
            "actions/runs/9002/attempts/1": FIRST_ATTEMPT,
            "releases": lambda asked: self._paged(asked, RELEASES),
            "git/tags/" + "ab" * 20: {"object": {"type": "commit", "sha": "01" * 20}},
            **{f"git/ref/tags/{tag}": found for tag, found in TAGS.items()},
        }
        for number, said in ISSUE_COMMENTS.items():
            routes[f"issues/{number}/comments"] = self._list(said)
        for found in ISSUES:
            routes[f"issues/{found['number']}"] = found
        for number, commits in COMMITS.items():
            routes[f"pulls/{number}"] = lambda asked, number=number: self._pull(number)
            routes[f"pulls/{number}/commits"] = self._list(commits)
            routes[f"issues/{number}/events"] = self._list(EVENTS.get(number, []))
            for name, rows in (("reviews", REVIEWS), ("comments", COMMENTS)):
                of_it = [row for row in rows if row["pull_request_url"].endswith(f"/{number}")]
                routes[f"pulls/{number}/{name}"] = self._list(of_it)
        for sha, files in FILES.items():
            routes[f"commits/{sha}"] = lambda asked, sha=sha, files=files: self._paged(
                asked, files, "files", {"sha": sha}
            )
        for deployment in DEPLOYMENTS:
            routes[f"deployments/{deployment['id']}/statuses"] = self._statuses
        return {f"/repos/acme/shop/{path}": route for path, route in routes.items()}

    def _list(self, rows: list[dict]) -> Route:
        return lambda asked: self._paged(asked, rows)

    def _pulls(self, asked: Request) -> Answer:
        query = {name: values[0] for name, values in asked.query.items()}
        assert query["state"] == "all"
        assert (query["sort"], query["direction"]) == ("updated", "desc")
        simple = [
            {name: value for name, value in row.items() if name not in OF_ONE_REQUEST}
            for row in _newest(self.pulls, "updated_at")
        ]
        return self._paged(asked, simple)

    def _pull(self, number: int) -> dict:
        return next(row for row in self.pulls if row["number"] == number)

    def _deployments(self, asked: Request) -> Answer:
        environments = asked.query.get("environment")
        chosen = [
            row for row in DEPLOYMENTS if not environments or row["environment"] in environments
        ]
        return self._paged(asked, _newest(chosen, "created_at"))

    def _statuses(self, asked: Request) -> Answer:
        of = asked.path.removesuffix("/statuses")
        chosen = [row for row in self.statuses if row["deployment_url"].endswith(of)]
        return self._paged(asked, _newest(chosen, "created_at"))

    def _issues(self, asked: Request) -> Answer:
        query = {name: values[0] for name, values in asked.query.items()}
        assert query["state"] == "all"
        assert (query["sort"], query["direction"]) == ("updated", "desc")
        since = _time(query["since"])
        chosen = [
            row
            for row in _newest(ISSUES, "updated_at")
            if query["labels"].lower() in [label["name"].lower() for label in row["labels"]]
            and _time(row["updated_at"]) >= since
        ]
        return self._paged(asked, chosen)

    def _paged(
        self,
        asked: Request,
        rows: list[dict],
        wrapper: str = "",
        beside: dict | None = None,
    ) -> Answer:
        size = min(int(asked.query.get("per_page", ["30"])[0]), LARGEST_PAGE)
        page = int(asked.query.get("page", ["1"])[0])
        chosen = rows[(page - 1) * size : page * size]
        headers = {}
        if len(rows) > page * size:
            query = {name: values[0] for name, values in asked.query.items()}
            following = urlencode({**query, "page": page + 1})
            headers["Link"] = f'<{self.url}{asked.path}?{following}>; rel="next"'
        if wrapper:
            body = {**(beside or {}), "total_count": len(rows), wrapper: chosen}
            return Answer(body, headers=headers)
        return Answer(chosen, headers=headers)


def _newest(rows: list[dict], name: str) -> list[dict]:
    return sorted(rows, key=lambda row: row[name], reverse=True)


def by(rows: list[dict], name: str) -> dict[Any, dict]:
    return {row[name]: row for row in rows}


CASE = Case(
    "github",
    routes=lambda url: GitHub(url).routes(),
    given={
        "repositories": ["acme/shop"],
        "services": {"shipping": "acme/shipping"},
        "workflows": {"deploy.yml": "jobs"},
        "releases": True,
    },
    environment={"GITHUB_TOKEN": "ghp-secret-8Xq"},
    people=("alice-ng", "bobruiz", "carolok", "alice@acme", "Alice Ng", "noreply.github.com"),
    required={
        "number": "pull_requests",
        "sha": "pull_request_commits",
        "submitted_at": "reviews",
        "filename": "pull_request_commit_files",
    },
)


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Loader]:
    """The case, loaded once for all who only look at what came."""
    with pytest.MonkeyPatch.context() as patch, CASE.serve() as server:
        patch.setenv("SHIPWORTHY_SALT", SALT)
        patch.setattr(landing, "now", lambda: NOW)
        for variable, value in CASE.environment.items():
            patch.setenv(variable, value)
        loader = Loader(CASE, server, tmp_path_factory.mktemp("story") / "warehouse.duckdb")
        loader()
        yield loader


class TestGitHub(SourceChecks):
    case = CASE

    def test_requests(self, story: Loader) -> None:
        rows = by(story.rows("pull_requests"), "number")
        assert sorted(rows) == [1, 2, 3, 4, 5, 6, 8, 10, 11, 12]
        alice, bob = KEYS.alias("github", "alice-ng"), KEYS.alias("github", "bobruiz")
        assert rows[1] == {
            "repository": "acme/shop",
            "number": 1,
            "author_key": alice,
            "author_kind": "human",
            "authorship": "untagged",
            "ai_tool": None,
            "opened_at": datetime(2026, 4, 30, 9),
            "ready_at": datetime(2026, 4, 30, 9),
            "merged_at": datetime(2026, 5, 1, 9),
            "closed_at": datetime(2026, 5, 1, 9),
            "merge_sha": "078832117b556aa9f6885bcbf90bc004f9c8e000",
            "head_branch": "alice/cart",
            "first_commit_at": datetime(2026, 4, 29, 18),
            "lines_added": 20,
            "lines_removed": 0,
            "merged_by_key": bob,
            "closed_by_key": bob,
            "closed_by_kind": "human",
            "driver_key": None,
            "labels": "[]",
        }
        assert json.loads(rows[2]["labels"]) == ["claude-code-assisted"]
        assert rows[11]["merge_sha"] is None
        assert rows[11]["head_branch"] == "codex/author-patch-1"
        assert rows[11]["closed_by_kind"] is None
        assert rows[11]["first_commit_at"] is None

    @pytest.mark.parametrize(
        ("number", "kind", "authorship", "tool"),
        [
            (1, "human", "untagged", None),
            (2, "human", "ai", "claude"),  # a commit's trailer
            (4, "agent", "ai", "copilot"),  # the author
            (8, "automation", "automation", None),
            (11, "human", "ai", "codex"),  # the branch
            (12, None, "ai", "claude"),  # the description; the account is gone
        ],
    )
    def test_who_wrote_a_request(
        self, story: Loader, number: int, kind: str, authorship: str, tool: str
    ) -> None:
        row = by(story.rows("pull_requests"), "number")[number]
        assert (row["author_kind"], row["authorship"], row["ai_tool"]) == (kind, authorship, tool)

    def test_machines_that_no_list_has_are_counted(self, load: Loader) -> None:
        """Bots by their type, tools by the texts of requests and commits; once for each row."""
        root = "/repos/acme/shop"
        nimbus = f"x\n\nAssisted-by: Nimbus 4\nCo-authored-by: N <{NIMBUS}>"
        pull = request(
            12,
            STALE_BOT,
            "2026-06-04T09:00:00Z",
            body="Generated with [Nimbus](https://nimbus.example.com)",
        )
        written = [
            commit("ab", ("acme-sync[bot]", "7+acme-sync[bot]@users.noreply.github.com", STALE_BOT),
                   "2026-06-04T08:00:00Z"),
            commit("cd", ALICE_GIT, "2026-06-04T08:30:00Z", message=nimbus),
            commit("ef", ALICE_GIT, "2026-06-04T08:40:00Z", message=CLAUDE),
        ]  # fmt: skip
        load.server.routes[f"{root}/pulls"] = [pull]
        load.server.routes[f"{root}/pulls/12"] = pull
        load.server.routes[f"{root}/pulls/12/commits"] = written
        found = [
            ("pull_request_commits", "unlisted_bot", "acme-sync[bot]", 1),
            ("pull_request_commits", "unlisted_tool", "Assisted-by: nimbus 4", 1),
            ("pull_request_commits", "unlisted_tool", f"Co-authored-by: <{NIMBUS}>", 1),
            ("pull_requests", "unlisted_bot", "acme-housekeeping", 1),
            ("pull_requests", "unlisted_tool", "generated with [nimbus]", 1),
        ]
        load()
        assert load.unlisted() == found
        load()
        assert load.unlisted() == found

    def test_a_bot_is_told_until_a_list_has_it(
        self, load: Loader, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        root = "/repos/acme/shop"

        def listed(*pulls: dict) -> None:
            load.server.routes[f"{root}/pulls"] = list(pulls)
            for pull in pulls:
                load.server.routes[f"{root}/pulls/{pull['number']}"] = pull
                load.server.routes[f"{root}/pulls/{pull['number']}/commits"] = []

        def bots() -> list[tuple[str, int]]:
            return [(one[2], one[3]) for one in load.unlisted() if one[1] == "unlisted_bot"]

        listed(
            request(8, STALE_BOT, "2026-06-04T09:00:00Z"),
            request(10, STALE_BOT, "2026-06-04T09:00:00Z"),
        )
        load()
        assert bots() == [("acme-housekeeping", 2)]
        listed(request(11, STALE_BOT, "2026-06-05T09:00:00Z"))
        load()
        assert bots() == [("acme-housekeeping", 2)]
        known = tmp_path / "agents.csv"
        seed = seed_path(CATALOG_SEED, CATALOG_VARIABLE).read_text()
        known.write_text(
            seed.rstrip("\n") + "\nlogin,acme-housekeeping,automation,,false,false,,ours\n"
        )
        monkeypatch.setenv(CATALOG_VARIABLE, str(known))
        load()
        assert bots() == []

    def test_when_a_request_was_ready(self, story: Loader) -> None:
        ready = {row["number"]: row["ready_at"] for row in story.rows("pull_requests")}
        assert ready[3] == datetime(2026, 5, 7, 9)  # opened ready
        assert ready[4] == datetime(2026, 5, 9, 12, 18)  # opened as a draft
        assert ready[11] is None  # still a draft

    def test_what_was_deleted_meanwhile_leaves_the_rest(self, load: Loader) -> None:
        """Events, a commit pushed over, a deployment: each is asked for after its list was."""
        root = "/repos/acme/shop"
        for path in list(load.server.routes):
            if path.endswith(("/events", "/501/statuses")) or path.startswith(f"{root}/commits/"):
                load.server.routes[path] = lambda request: Answer({"message": "Not Found"}, 404)
        load()
        assert len(load.rows("pull_requests")) == len(PULLS) - 1
        assert load.rows("pull_request_commit_files") == []
        statuses = {row["deployment_id"]: row["status"] for row in load.rows("deployments")}
        assert statuses["501"] == "in_progress"
        ready = {row["number"]: row["ready_at"] for row in load.rows("pull_requests")}
        assert ready[3] == datetime(2026, 5, 7, 9)

    def test_who_is_behind_an_agents_request(self, story: Loader) -> None:
        rows = by(story.rows("pull_requests"), "number")
        carol, bob = KEYS.alias("github", "carolok"), KEYS.alias("github", "bobruiz")
        assert rows[4]["driver_key"] == bob  # merged it
        assert rows[10]["driver_key"] == carol  # assigned, beside Copilot itself
        assert rows[8]["driver_key"] is None  # no agent's
        assert (rows[10]["closed_by_key"], rows[10]["closed_by_kind"]) == (carol, "human")
        assert rows[8]["closed_by_kind"] == "automation"

    def test_commits(self, story: Loader) -> None:
        rows = story.rows("pull_request_commits")
        counts = dict.fromkeys(COMMITS, 0)
        for row in rows:
            counts[row["number"]] += 1
        # The merge among the commits of 3 is left out; 4 has more than one page.
        assert counts == {1: 2, 2: 1, 3: 3, 4: 5, 5: 1, 6: 2, 8: 1, 10: 1, 11: 1, 12: 0}
        of_sha = by(rows, "sha")
        assert of_sha["a1" * 20]["committed_at"] == datetime(2026, 4, 30, 8, 30)
        assert of_sha["a1" * 20]["author_key"] == KEYS.email("alice@acme.example.com")
        assert (of_sha["b1" * 20]["authorship"], of_sha["b1" * 20]["ai_tool"]) == ("ai", "claude")
        assert (of_sha["d1" * 20]["author_kind"], of_sha["d1" * 20]["ai_tool"]) == (
            "agent",
            "copilot",
        )
        assert of_sha["d5" * 20]["author_kind"] == "human"
        assert of_sha["81" * 20]["authorship"] == "automation"

    def test_files_are_read_where_a_person_opened_a_thread(self, story: Loader) -> None:
        found = [
            (row["number"], row["sha"][:2], row["path"])
            for row in story.rows("pull_request_commit_files")
        ]
        parts = [(3, "c3", f"src/part_{number}.py") for number in range(5)]
        assert found == [
            (1, "a2", "src/cart.py"),
            (3, "c3", "src/basket.py"),
            (3, "c3", "src/cart.py"),
            *parts,
            (6, "f2", "src/cart.py"),
        ]

    def test_reviews(self, story: Loader) -> None:
        rows = by(story.rows("reviews"), "review_id")
        assert sorted(map(int, rows)) == list(range(1, 12))  # neither 12, a reply, nor 13, pending
        threads = {int(name): row["comment_threads"] for name, row in rows.items()}
        assert threads == {1: 2, 2: 0, 3: 0, 4: 1, 5: 1, 6: 0, 7: 1, 8: 0, 9: 0, 10: 1, 11: 0}
        assert rows["1"]["state"] == "changes_requested"
        assert rows["2"]["state"] == "approved"
        assert rows["9"]["state"] == "dismissed"
        assert rows["3"]["submitted_at"] == datetime(2026, 5, 5, 9, 51, 10)
        assert rows["3"]["reviewer_key"] == KEYS.alias("github", "bobruiz")
        kinds = {number: rows[number]["reviewer_kind"] for number in ("1", "4", "7", "11")}
        assert kinds == {"1": "human", "4": "agent", "7": "agent", "11": "automation"}

    def test_threads(self, story: Loader) -> None:
        rows = by(story.rows("review_threads"), "thread_id")
        replies = {int(name): row["replies"] for name, row in rows.items()}
        assert replies == {1: 1, 3: 0, 4: 0, 5: 0, 6: 0, 7: 1, 19: 2}
        assert rows["1"]["opened_at"] == datetime(2026, 4, 30, 15)
        assert rows["6"]["author_kind"] == "agent"  # Copilot's spelling in comments
        deleted = rows["19"]
        assert (deleted["number"], deleted["path"]) == (3, "src/old.py")
        assert deleted["opened_at"] == datetime(2026, 5, 7, 17, 30)
        assert (deleted["author_key"], deleted["author_kind"]) == (None, None)

    def test_deployments(self, story: Loader) -> None:
        rows = by(story.rows("deployments"), "deployment_id")
        statuses = {name: row["status"] for name, row in rows.items() if name.startswith("50")}
        assert statuses == {
            "501": "success",  # inactive since 502
            "502": "success",
            "503": "success",
            "504": "failure",
            "505": "in_progress",
            "506": "success",
        }
        assert rows["501"] == {
            "deployment_id": "501",
            "repository": "acme/shop",
            "service": "acme/shop",
            "environment": "production",
            "sha": "2e0cc94221cc8fb2ec0aec78525fb08e4fbfc605",
            "status": "success",
            "created_at": datetime(2026, 5, 5, 12),
            "started_at": datetime(2026, 5, 5, 12, 0, 20),
            "finished_at": datetime(2026, 5, 5, 12, 6),
            "deployed_by_kind": "automation",
            "is_rollback": None,
            "kind": "deploy",
            "source": "github",
        }
        # The rollback: a person put the sha of 501 back; the models tell it by the older sha.
        assert rows["503"]["sha"] == rows["501"]["sha"]
        assert rows["503"]["deployed_by_kind"] == "human"
        assert rows["503"]["started_at"] is None
        assert rows["504"]["finished_at"] == datetime(2026, 5, 12, 9, 4)
        assert rows["505"]["environment"] == "preview/pr-12"
        assert rows["505"]["finished_at"] is None

    def test_workflow_runs(self, story: Loader) -> None:
        rows = by(story.rows("deployments"), "deployment_id")
        statuses = {name: row["status"] for name, row in rows.items() if name.startswith("run-")}
        assert statuses == {
            "run-8999-1": "success",  # within 30 days before the load's start
            "run-9001-1": "success",
            "run-9002-1": "failure",
            "run-9002-2": "success",
            "run-9003-1": "failure",
            "run-9004-1": "cancelled",
            "run-9005-1": "cancelled",
            "run-9006-1": "in_progress",
        }
        again = rows["run-9002-2"]
        assert again["environment"] == "jobs"
        assert again["sha"] == "a71e2c4099ac7d1b23e12802a008ce2add5b44ac"
        assert again["created_at"] == again["started_at"] == datetime(2026, 5, 12, 9, 20)
        assert again["finished_at"] == datetime(2026, 5, 12, 9, 20, 45)
        assert rows["run-9002-1"]["finished_at"] == datetime(2026, 5, 12, 8, 58, 45)
        assert rows["run-9006-1"]["finished_at"] is None

    def test_releases(self, story: Loader) -> None:
        rows = by(story.rows("deployments"), "deployment_id")
        found = {
            name: (row["sha"], row["environment"])
            for name, row in rows.items()
            if row["source"] == "git_tag"
        }
        assert found == {
            "acme/shop@v1.0": ("2e" * 20, "production"),
            "acme/shop@v1.1": ("01" * 20, "production"),  # through an annotated tag
            "acme/shop@v1.2-rc": ("3c" * 20, "prerelease"),
            "acme/shop@v1.3": (None, "production"),  # its tag was deleted
        }
        assert rows["acme/shop@v1.0"]["finished_at"] == datetime(2026, 5, 6, 10)
        assert rows["acme/shop@v1.0"]["status"] == "success"

    def test_incidents(self, story: Loader) -> None:
        rows = by(story.rows("incidents"), "incident_id")
        assert sorted(rows) == [
            "INC-101", "acme/shop#32", "acme/shop#33", "acme/shop#34", "acme/shop#35",
            "acme/shop#51", "acme/shop#52", "acme/shop#53", "acme/shop#54",
        ]  # fmt: skip
        assert rows["INC-101"] == {
            "incident_id": "INC-101",
            "service": "acme/shop",
            "severity_label": "sev-1",
            "opened_at": datetime(2026, 5, 11, 20, 10),
            "acknowledged_at": None,
            "resolved_at": datetime(2026, 5, 12, 10, 5),
            "caused_by_deployment_id": None,
            "caused_by_sha": "2e0cc94221cc8fb2ec0aec78525fb08e4fbfc605",
            "fixed_by_sha": "a71e2c4099ac7d1b23e12802a008ce2add5b44ac",
            "is_false_alarm": False,
            "is_maintenance": False,
            "source": "github",
            "merged_into_id": None,
        }

    def test_what_issues_say(self, story: Loader) -> None:
        rows = by(story.rows("incidents"), "incident_id")
        shipping = rows["acme/shop#32"]
        assert shipping["service"] == "acme/shipping"
        assert shipping["severity_label"] == "P2"
        assert shipping["caused_by_sha"] == "2d029d503c04bd77c0e4cdbf2d419e083cbc2505"
        assert shipping["caused_by_deployment_id"] == "502"
        assert shipping["fixed_by_sha"] == "2e" * 20
        alarm = rows["acme/shop#33"]
        assert (alarm["severity_label"], alarm["is_false_alarm"]) == ("critical", True)
        # Neither an issue nor another repository's request.
        assert (alarm["caused_by_sha"], alarm["caused_by_deployment_id"]) == (None, None)
        assert rows["acme/shop#34"]["severity_label"] is None
        assert rows["acme/shop#34"]["caused_by_deployment_id"] == "506"
        planned = rows["acme/shop#35"]
        assert (planned["is_maintenance"], planned["is_false_alarm"]) == (True, True)
        assert planned["severity_label"] == "severity-3"
        # 11 never merged, 3 did.
        assert planned["caused_by_sha"] == "2b380acf02de244ed057bab87d0d2923369edf89"

    def test_duplicates_name_the_incident_that_they_repeat(self, story: Loader) -> None:
        rows = by(story.rows("incidents"), "incident_id")
        found = {
            number: (rows[key]["merged_into_id"], rows[key]["is_false_alarm"])
            for number in (35, 51, 52, 53, 54)
            if (key := f"acme/shop#{number}")
        }
        assert found == {
            35: (None, True),  # closed as a duplicate, and nobody said of which
            51: ("INC-101", False),
            52: ("acme/infra#9", False),
            53: (None, False),
            54: ("acme/shop#32", False),
        }
        assert rows["INC-101"]["merged_into_id"] is None

    def test_who_is_who(self, story: Loader) -> None:
        found = {row["alias_key"]: row["person_key"] for row in story.rows("identities")}
        alice, bob = KEYS.email("alice@acme.example.com"), KEYS.email("bob@acme.example.com")
        carol = KEYS.alias("github", "carolok")
        assert found == {
            KEYS.alias("github", "alice-ng"): alice,
            KEYS.email("1001+alice-ng@users.noreply.github.com"): alice,
            KEYS.alias("github", "bobruiz"): bob,
            KEYS.email("1003+carolok@users.noreply.github.com"): carol,
        }

    def test_requests_are_spared(self, story: Loader) -> None:
        asked = [
            request.path.removeprefix("/repos/acme/shop/") for request in story.server.requests
        ]
        # Eleven requests are listed, four a page; 2 and 5 are asked for again by incident 31,
        # 4, 3 and 11 by others.
        assert asked.count("pulls") == 3
        assert asked.count("pulls/1") == 1
        assert asked.count("pulls/2") == 2
        assert asked.count("pulls/8") == 1
        assert asked.count("pulls/2/comments") == 0
        assert asked.count("pulls/1/comments") == 1
        assert asked.count("issues/1/events") == 1
        assert asked.count("actions/workflows/76/runs") == 0
        assert sorted(path[8:10] for path in asked if path.startswith("commits/")) == [
            "a2", "c3", "c3", "f2",
        ]  # fmt: skip
        assert {request.query.get("per_page", ["-"])[0] for request in story.server.requests} == {
            "100",
            "-",
        }
        assert story.server.requests[0].headers["authorization"] == "Bearer ghp-secret-8Xq"

    def test_the_next_load_reads_what_changed(
        self, load: Loader, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        load()
        before = load.all_rows()
        later = GitHub(load.server.url)
        # 505 comes to its end late, and a reviewer of 11 turns up.
        later.statuses = [
            *STATUSES,
            {
                "id": 11,
                "state": "error",
                "created_at": "2026-06-20T13:00:00Z",
                "deployment_url": "https://api.github.com/repos/acme/shop/deployments/505",
            },
        ]
        later.pulls = [
            {**row, "updated_at": "2026-06-20T13:00:00Z", "draft": False, "additions": 9}
            if row["number"] == 11
            else row
            for row in PULLS
        ]
        load.server.routes = later.routes()
        load.server.requests.clear()
        monkeypatch.setattr("shipworthy.sources.landing.now", lambda: NOW + timedelta(hours=2))
        load.case = _since(CASE, None)
        load()
        asked = [request.path.removeprefix("/repos/acme/shop/") for request in load.server.requests]
        assert "pulls/11" in asked
        assert "pulls/12" not in asked  # unchanged since
        assert "deployments/506/statuses" not in asked  # more than 14 days old
        after = load.all_rows()
        changed = by(after["pull_requests"], "number")[11]
        assert (changed["lines_added"], changed["ready_at"]) == (9, datetime(2026, 6, 3, 9))
        unchanged = [row for row in before["pull_requests"] if row["number"] != 11]
        assert [row for row in after["pull_requests"] if row["number"] != 11] == unchanged

    def test_late_outcomes_replace_earlier_ones(self, load: Loader) -> None:
        load.once()
        later = GitHub(load.server.url)
        later.statuses = [
            *STATUSES,
            {
                "id": 11,
                "state": "error",
                "created_at": "2026-05-20T14:30:00Z",
                "deployment_url": "https://api.github.com/repos/acme/shop/deployments/505",
            },
        ]
        load.server.routes = later.routes()
        load()
        row = by(load.rows("deployments"), "deployment_id")["505"]
        assert (row["status"], row["finished_at"]) == ("failure", datetime(2026, 5, 20, 14, 30))

    def test_a_list_that_grows_while_it_is_read(self, load: Loader, story: Loader) -> None:
        played = GitHub(load.server.url)
        routes = played.routes()

        def grown(asked: Request) -> Answer:
            # Two newer requests come in after the first page: the second repeats two of it.
            if asked.query.get("page", ["1"]) != ["1"]:
                newer = [request(number, BOB, f"2026-06-20T11:59:{number}Z") for number in (30, 31)]
                played.pulls = [*PULLS, *newer]
            return played._pulls(asked)

        load.server.routes = {**routes, "/repos/acme/shop/pulls": grown}
        load()
        assert load.all_rows() == story.all_rows()
        asked = [request.path for request in load.server.requests]
        assert asked.count("/repos/acme/shop/pulls/11") == 2  # once for incident 35

    def test_pages_in_another_order(self, load: Loader, story: Loader) -> None:
        played = GitHub(load.server.url)

        def oldest_first(asked: Request) -> Answer:
            simple = sorted(played.pulls, key=lambda row: row["updated_at"])
            return played._paged(asked, [*simple, *simple[-3:]])

        load.server.routes["/repos/acme/shop/pulls"] = oldest_first
        load()
        assert load.all_rows() == story.all_rows()

    def test_history_is_read_window_by_window(self, load: Loader, story: Loader) -> None:
        load.case = _since(CASE, datetime(2026, 3, 10, tzinfo=UTC))
        load()
        lists = [asked for asked in load.server.requests if asked.path.endswith("/pulls")]
        assert len(lists) > 3
        for table in ("pull_requests", "reviews", "pull_request_commits", "incidents"):
            assert load.rows(table) == story.rows(table)

    def test_only_some_environments(self, load: Loader) -> None:
        load(environments=["production"], workflows={}, releases=False)
        rows = load.rows("deployments")
        assert [row["deployment_id"] for row in rows] == ["501", "502", "503", "504", "506"]

    def test_what_is_kept_elsewhere_is_left_out(self, load: Loader) -> None:
        load(without=["incidents", "deployments"])
        assert load.rows("incidents") == load.rows("deployments") == []
        # No watermark either: nothing is known of them.
        inputs = {row["input"] for row in load.rows("load_watermarks")}
        assert "pull_requests" in inputs
        assert not inputs & {"incidents", "deployments"}

    def test_services(self, load: Loader) -> None:
        load(services={"production": "shop", "deploy.yml": "jobs", "acme/shop": "rest"})
        services = {row["deployment_id"]: row["service"] for row in load.rows("deployments")}
        assert services["501"] == "shop"
        assert services["505"] == "rest"
        assert services["run-9001-1"] == "jobs"
        assert by(load.rows("incidents"), "incident_id")["INC-101"]["service"] == "rest"

    def test_a_repository_without_issues(self, load: Loader) -> None:
        gone = Answer({"message": "Issues are disabled for this repo"}, 410)
        load.server.routes["/repos/acme/shop/issues"] = lambda asked: gone
        load()
        assert load.rows("incidents") == []
        assert len(load.rows("pull_requests")) == 10

    def test_a_limit_that_names_no_time_is_waited_for(self, load: Loader, story: Loader) -> None:
        message = "You have exceeded a secondary rate limit. Please wait a few minutes."
        answers = iter([Answer({"message": message}, 403)] * 2)
        known = load.server.routes["/repos/acme/shop/pulls"]
        load.server.routes["/repos/acme/shop/pulls"] = lambda asked: (
            next(answers, None) or known(asked)
        )
        load()
        assert load.all_rows() == story.all_rows()

    def test_a_misspelt_workflow_is_told(
        self, load: Loader, caplog: pytest.LogCaptureFixture
    ) -> None:
        load(workflows={"ship.yml": "production"})
        assert "acme/shop has no workflow of the name or path ship.yml" in caplog.text

    @pytest.mark.parametrize(
        ("given", "sentence"),
        [
            ({"repositories": ["shop"]}, "'shop' is no repository; write owner/name"),
            ({"without": ["reviews"]}, "--without reviews names no input"),
            ({"repositories": []}, "needs --repository"),
            ({"repositories": ["acme/none"]}, "404.*check the names"),
        ],
    )
    def test_wrong_options_are_told(self, load: Loader, given: dict, sentence: str) -> None:
        with pytest.raises(ShipworthyError, match=sentence):
            load(**given)


def _since(case: Case, since: datetime | None) -> Case:
    return replace(case, since=since)
