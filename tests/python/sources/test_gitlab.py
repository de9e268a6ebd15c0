"""GitLab's merge requests, deployments and incidents, against a server that plays it."""

import copy
import dataclasses
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from source_checks import SALT, Case, Loader, SourceChecks, sample
from vendor_server import Answer, Request

from shipworthy.errors import ShipworthyError
from shipworthy.sources.vendor import Keys

REQUESTS = sample("gitlab/merge_requests.json")
DISCUSSIONS = sample("gitlab/discussions.json")
COMMITS = sample("gitlab/commits.json")
DIFFS = sample("gitlab/diffs.json")
COMMIT_DIFFS = sample("gitlab/commit_diffs.json")
DEPLOYMENTS = sample("gitlab/deployments.json")
PROJECT = {"id": 12, "path_with_namespace": "acme/shop", "environments_access_level": "enabled"}

KEYS = Keys(SALT.encode())
API = "https://gitlab.example.com/api/v4"


def _issue(number: int, labels: tuple[str, ...] = (), **changed: Any) -> dict[str, Any]:
    return {
        "id": 7000 + number,
        "iid": number,
        "title": "Checkout answers 500",
        "description": None,
        "issue_type": "incident",
        "severity": "UNKNOWN",
        "labels": list(labels),
        "author": {"username": "carol-w"},
        "created_at": "2026-05-10T15:15:00.000+02:00",
        "updated_at": "2026-05-10T14:00:00.000Z",
        "closed_at": "2026-05-10T13:50:00.000Z",
        "references": {"full": f"acme/shop#{number}"},
        "_links": {"closed_as_duplicate_of": None},
        **changed,
    }


def _repeat(project: int, number: int) -> dict[str, str]:
    return {"closed_as_duplicate_of": f"{API}/projects/{project}/issues/{number}"}


ISSUES = [
    _issue(
        50,
        ("payments", "search", "backend"),
        title="[INC-7] Checkout answers 500",
        severity="CRITICAL",
        description="Caused by !12.\n\nFixed by https://gitlab.example.com/acme/shop/-/merge_requests/13",
    ),
    _issue(51, ("P2",), closed_at=None, description="caused by deployment 506"),
    _issue(52, _links=_repeat(12, 50)),
    _issue(53, _links=_repeat(12, 51)),
    _issue(54, _links=_repeat(99, 8)),
    _issue(55, _links=_repeat(99, 9)),
    _issue(56, ("False alarm",)),
    _issue(57, ("maintenance", "severity::3")),
    _issue(58, ("outage",), issue_type="issue", created_at="2026-05-12T08:00:00Z"),
]


def login(name: str) -> str | None:
    return KEYS.alias("gitlab", name)


def pages(items: list[Any], page_size: int = 100) -> Any:
    """Number pages as GitLab does; never more than page_size, whatever is asked."""

    def answer(request: Request) -> Answer:
        size = min(int(request.query["per_page"][0]), page_size)
        page = int(request.query.get("page", ["1"])[0])
        more = len(items) > page * size
        return Answer(
            items[(page - 1) * size : page * size],
            headers={"X-Next-Page": str(page + 1) if more else ""},
        )

    return answer


def changed(items: list[Any]) -> Any:
    """The lists that know updated_after and updated_before; deployments insist on the order."""

    def answer(request: Request) -> Answer:
        if request.query["order_by"] != ["updated_at"] or request.query["sort"] != ["asc"]:
            return Answer({"message": "updated_at filter and sorting must be paired"}, 400)
        after = request.query.get("updated_after", ["0"])[0][:19]
        before = request.query["updated_before"][0][:19]
        chosen = [item for item in items if after <= item["updated_at"][:19] < before]
        return pages(sorted(chosen, key=lambda item: item["updated_at"]))(request)

    return answer


def incidents(issues: list[Any]) -> Any:
    """The list of issues, by type or by label."""

    def answer(request: Request) -> Answer:
        kind, label = request.query.get("issue_type"), request.query.get("labels")
        assert request.query["state"] == request.query["scope"] == ["all"]
        chosen = [
            issue
            for issue in issues
            if (kind is None or [issue["issue_type"]] == kind)
            and (label is None or label[0] in issue["labels"])
        ]
        return changed(chosen)(request)

    return answer


def routes(requests: list[Any] = REQUESTS, deployments: list[Any] = DEPLOYMENTS) -> dict[str, Any]:
    of_project = "/api/v4/projects/12"
    found = {
        "/api/v4/projects/acme%2Fshop": PROJECT,
        f"{of_project}/merge_requests": changed(requests),
        f"{of_project}/deployments": changed(deployments),
        f"{of_project}/issues": incidents(ISSUES),
        **{f"{of_project}/issues/{issue['iid']}": issue for issue in ISSUES},
        "/api/v4/projects/99/issues/8": _issue(8, references={"full": "acme/infra#8"}),
    }
    for request in requests:
        number = str(request["iid"])
        path = f"{of_project}/merge_requests/{number}"
        found[f"{path}/discussions"] = pages(DISCUSSIONS if number == "3" else [], page_size=5)
        found[f"{path}/commits"] = pages(COMMITS.get(number, []))
        found[f"{path}/diffs"] = pages(DIFFS.get(number, []))
        if number == "3":
            found[f"{path}/approvals"] = sample("gitlab/approvals.json")
    for sha, files in COMMIT_DIFFS.items():
        found[f"{of_project}/repository/commits/{sha}/diff"] = pages(files)
    return found


class TestGitLab(SourceChecks):
    case = Case(
        "gitlab",
        routes=routes(),
        given={
            "projects": ["acme/shop"],
            "services": {"payments": "pay", "search": "Search+Index"},
        },
        environment={"GITLAB_TOKEN": "glpat-secret-8Qx"},
        people=(
            *("alice-ng", "bobruiz", "carol-w", "dan-o", "project_12_bot", "Bob Ruiz"),
            "bob@acme.example.com",
        ),
        required={"created_at": "pull_requests", "iid": "pull_requests"},
    )

    def _requests(self, load: Loader) -> dict[int, dict[str, Any]]:
        return {row["number"]: row for row in load.rows("pull_requests")}

    def test_a_squashed_request(self, load: Loader) -> None:
        (done,) = load.once()
        assert done.label == "gitlab:acme/shop"
        assert self._requests(load)[3] == {
            "repository": "acme/shop",
            "number": 3,
            "author_key": login("bobruiz"),
            "author_kind": "human",
            "authorship": "ai",  # its first commit says so
            "ai_tool": "claude",
            "opened_at": datetime(2026, 5, 7, 9),
            "ready_at": datetime(2026, 5, 7, 10),
            "merged_at": datetime(2026, 5, 8, 11),
            "closed_at": None,
            "merge_sha": "2b380acf02de244ed057bab87d0d2923369edf89",
            "head_branch": "bob/discounts",
            "first_commit_at": None,
            # +c, "+++d" and +y; -b and "--- x": names before the hunk are no lines
            "lines_added": 3,
            "lines_removed": 2,
            "merged_by_key": login("alice-ng"),
            "closed_by_key": None,
            "closed_by_kind": None,
            "driver_key": None,
            "labels": "[]",
        }

    def test_an_agents_draft(self, load: Loader) -> None:
        load.once()
        row = self._requests(load)[4]
        assert (row["author_kind"], row["authorship"], row["ai_tool"]) == ("agent", "ai", "copilot")
        assert row["driver_key"] == login("carol-w")  # the first assignee is a bot
        assert row["ready_at"] is None
        assert row["merge_sha"] is None  # a branch's head is no merge
        assert (row["lines_added"], row["lines_removed"]) == (None, None)  # a file is not shown

    def test_a_request_whose_text_alone_names_the_tool(self, load: Loader) -> None:
        told = {**REQUESTS[3], "description": REQUESTS[1]["description"]}
        load.server.routes = routes([told])
        load()
        row = self._requests(load)[6]
        assert (row["author_kind"], row["authorship"], row["ai_tool"]) == ("human", "ai", "claude")

    @pytest.mark.parametrize(
        ("evidence", "tool", "labels"),
        [
            ({"labels": ["ui", "claude-code-assisted"]}, "claude", ["ui", "claude-code-assisted"]),
            ({"labels": [{"name": "claude-code-assisted"}]}, "claude", ["claude-code-assisted"]),
            ({"source_branch": "codex/faster-carts"}, "codex", []),
        ],
    )
    def test_a_label_or_a_branch_names_the_tool(
        self, load: Loader, evidence: dict[str, Any], tool: str, labels: list[str]
    ) -> None:
        load.server.routes = routes([{**REQUESTS[3], "labels": [], **evidence}])
        load()
        row = self._requests(load)[6]
        assert (row["author_kind"], row["authorship"], row["ai_tool"]) == ("human", "ai", tool)
        assert json.loads(row["labels"]) == labels

    def test_a_bots_request_that_a_person_closed(self, load: Loader) -> None:
        load.once()
        row = self._requests(load)[5]
        assert (row["author_kind"], row["authorship"]) == ("automation", "automation")
        assert (row["closed_by_key"], row["closed_by_kind"]) == (login("alice-ng"), "human")
        assert row["closed_at"] == datetime(2026, 5, 16, 8)
        assert (row["lines_added"], row["lines_removed"]) == (1, 1)

    def test_machines_that_no_list_has_are_counted(self, load: Loader) -> None:
        """Access tokens' accounts together, whatever their numbers; nobody's name."""
        requests = copy.deepcopy(REQUESTS)
        for number, request in enumerate(requests[:2]):
            request["author"] = {"username": f"project_{40 + number}_bot_4ffca233"}
            request["description"] = "Nimbus-Session: 01J9"
        load.server.routes = routes(requests=requests)
        load()
        assert [one for one in load.unlisted() if one[0] == "pull_requests"] == [
            ("pull_requests", "unlisted_bot", "project_*_bot", 3),
            ("pull_requests", "unlisted_tool", "Nimbus-session", 2),
        ]
        assert (
            *("pull_request_commits", "unlisted_bot"),
            *("project_*_bot@noreply.gitlab.example.com", 1),
        ) in load.unlisted()

    def test_a_fast_forward(self, load: Loader) -> None:
        load.once()
        row = self._requests(load)[6]
        assert row["merge_sha"] == "c" * 40
        assert row["merged_by_key"] == login("carol-w")
        assert (row["lines_added"], row["lines_removed"]) == (0, 0)
        assert (row["authorship"], row["ai_tool"]) == ("untagged", None)

    def test_the_merge_commit_goes_first(self, load: Loader) -> None:
        merged = {**REQUESTS[0], "merge_commit_sha": "d" * 40}
        load.server.routes = routes([merged])
        load()
        assert self._requests(load)[3]["merge_sha"] == "d" * 40

    def test_commits(self, load: Loader) -> None:
        load.once()
        rows = {(row["number"], row["sha"][0]): row for row in load.rows("pull_request_commits")}
        assert len(rows) == 6
        first = rows[3, "1"]
        assert first["author_key"] == KEYS.email("bob@acme.example.com")
        assert (first["author_kind"], first["authorship"]) == ("human", "ai")
        assert first["ai_tool"] == "claude"
        assert first["committed_at"] == datetime(2026, 5, 7, 6, 30)  # an offset of two hours
        assert rows[3, "2"]["authorship"] == "untagged"
        assert rows[4, "a"]["author_kind"] == "agent"
        assert rows[5, "b"]["author_kind"] == "automation"

    def test_files_only_of_commits_behind_a_thread(self, load: Loader) -> None:
        load.once()
        rows = load.rows("pull_request_commit_files")
        assert {(row["number"], row["sha"][0], row["path"]) for row in rows} == {
            (3, "2", "shop/cart.py"),
            (3, "2", "shop/old.py"),
            (3, "2", "shop/new.py"),
        }
        asked = [request.path for request in load.server.requests if "/diff" in request.path]
        assert [path for path in asked if "/commits/" in path] == [
            f"/api/v4/projects/12/repository/commits/{'2' * 40}/diff"
        ]

    def test_each_review_once(self, load: Loader) -> None:
        load.once()
        rows = sorted(load.rows("reviews"), key=lambda row: row["submitted_at"])
        assert [(row["reviewer_key"], row["state"], row["submitted_at"]) for row in rows] == [
            (login("carol-w"), "dismissed", datetime(2026, 5, 7, 15)),
            (login("carol-w"), "changes_requested", datetime(2026, 5, 7, 15, 31)),
            (login("alice-ng"), "approved", datetime(2026, 5, 8, 10, 50)),  # note and approval
            (login("dan-o"), "approved", datetime(2026, 5, 8, 10, 55)),  # no note yet
        ]
        assert {row["reviewer_kind"] for row in rows} == {"human"}
        assert [row["comment_threads"] for row in rows] == [0, 0, 1, 0]  # alice opened one

    def test_a_note_that_comes_later_is_the_same_review(self, load: Loader) -> None:
        load.once()
        before = {row["review_id"] for row in load.rows("reviews")}
        late = copy.deepcopy(DISCUSSIONS[-1])
        late["notes"][0] |= {"id": 400, "author": {"id": 9, "username": "dan-o"}}
        late["notes"][0]["created_at"] = "2026-05-08T10:55:00.500Z"
        path = "/api/v4/projects/12/merge_requests/3/discussions"
        load.server.routes = {**load.server.routes, path: pages([*DISCUSSIONS, late])}
        load()
        assert {row["review_id"] for row in load.rows("reviews")} == before

    def test_threads(self, load: Loader) -> None:
        load.once()
        (row,) = load.rows("review_threads")  # neither system notes nor general comments
        assert row == {
            "repository": "acme/shop",
            "number": 3,
            "thread_id": "6a9c1750b37d513a43987b574953fceb50b03ce7",
            "author_key": login("alice-ng"),
            "author_kind": "human",
            "path": "shop/cart.py",
            "opened_at": datetime(2026, 5, 7, 16),
            "replies": 1,  # the second is GitLab's own note
        }

    def test_a_thread_counts_for_the_next_review_of_its_opener_else_for_the_last(
        self, load: Loader
    ) -> None:
        (line,) = [one for one in DISCUSSIONS if one["notes"][0].get("type") == "DiffNote"]
        threads = [
            {
                "id": f"{number:040d}",
                "notes": [
                    {
                        **line["notes"][0],
                        "id": 900 + number,
                        "author": {"id": 7, "username": "carol-w"},
                        "created_at": f"2026-05-{moment}:00.000Z",
                    }
                ],
            }
            for number, moment in enumerate(("07T14:00", "07T15:20", "07T15:30", "08T09:00"))
        ]
        path = "/api/v4/projects/12/merge_requests/3/discussions"
        load.server.routes = {**load.server.routes, path: pages([*DISCUSSIONS, *threads])}
        load()
        found = {
            row["state"]: row["comment_threads"]
            for row in load.rows("reviews")
            if row["reviewer_key"] == login("carol-w")
        }
        # One before her approval, two before she asked for changes, and one that came after both.
        assert found == {"dismissed": 1, "changes_requested": 3}

    def test_deployments(self, load: Loader) -> None:
        load.once()
        rows = {row["deployment_id"].rpartition(":")[2]: row for row in load.rows("deployments")}
        assert rows["41"] == {
            "deployment_id": "gitlab:acme/shop:41",
            "repository": "acme/shop",
            "service": None,
            "environment": "production",
            "sha": "2e0cc94221cc8fb2ec0aec78525fb08e4fbfc605",
            "status": "success",
            "created_at": datetime(2026, 5, 5, 12, 0, 0, 222000),
            "started_at": datetime(2026, 5, 5, 12, 0, 1),
            "finished_at": datetime(2026, 5, 5, 12, 6, 11, 851000),
            "deployed_by_kind": "human",
            "is_rollback": None,
            "kind": "deploy",
            "source": "gitlab",
        }
        assert rows["42"]["status"] == "failure"
        assert rows["42"]["finished_at"] == datetime(2026, 5, 12, 9, 4)  # made by the API
        assert rows["42"]["deployed_by_kind"] == "automation"
        assert (rows["43"]["status"], rows["43"]["finished_at"]) == ("in_progress", None)
        assert rows["44"]["status"] == "cancelled"
        assert rows["45"]["status"] == "in_progress"
        assert rows["45"]["environment"] == "staging"

    def test_an_unknown_status_is_refused(self, load: Loader) -> None:
        odd = [*DEPLOYMENTS, {**DEPLOYMENTS[0], "id": 99, "status": "teleported"}]
        load.server.routes = routes(deployments=odd)
        with pytest.raises(ShipworthyError, match=r"deployments break the contract.*status"):
            load()
        load(max_rejected=0.5)
        (refused,) = load.rows("rejected_rows")
        assert refused["table_name"] == "deployments"
        assert len(load.rows("deployments")) == 5

    def test_a_late_revision_replaces(self, load: Loader) -> None:
        load.once()
        finished = {
            **DEPLOYMENTS[2],
            "status": "success",
            "updated_at": "2026-06-19T11:00:00.000Z",
            "deployable": {**DEPLOYMENTS[2]["deployable"], "finished_at": "2026-06-19T11:00:00Z"},
        }
        load.server.routes = routes(deployments=[*DEPLOYMENTS[:2], finished, *DEPLOYMENTS[3:]])
        load()
        rows = {row["deployment_id"]: row for row in load.rows("deployments")}
        assert len(rows) == 5
        assert rows["gitlab:acme/shop:43"]["status"] == "success"

    def test_more_than_a_page_of_one_moment(self, load: Loader) -> None:
        start = datetime(2026, 6, 1)
        many = [
            {
                **DEPLOYMENTS[0],
                "id": 1000 + number,
                # 250 of the same moment, then one a minute.
                "updated_at": f"{start + timedelta(minutes=max(0, number - 250)):%FT%T}.000Z",
            }
            for number in range(420)
        ]
        load.server.routes = routes([], many)
        load()
        assert len(load.rows("deployments")) == 420

    def test_nothing_is_missed_when_something_changes_meanwhile(self, load: Loader) -> None:
        many = [
            {
                **DEPLOYMENTS[0],
                "id": 1000 + number,
                "updated_at": f"{datetime(2026, 6, 1) + timedelta(minutes=number):%FT%T}.000Z",
            }
            for number in range(250)
        ]
        answer = changed(many)

        def answer_and_change(request: Request) -> Answer:
            answered = answer(request)
            # What was listed first changes after each answer, and with it everybody's place.
            if answered.body:
                next(item for item in many if item["id"] == answered.body[0]["id"])[
                    "updated_at"
                ] = "2026-06-20T11:59:00.000Z"
            return answered

        load.server.routes = routes([], []) | {"/api/v4/projects/12/deployments": answer_and_change}
        load()
        assert len(load.rows("deployments")) == 250

    def test_history_is_read_window_by_window(self, load: Loader) -> None:
        load.once()
        asked = len(load.server.requests)
        longer = dataclasses.replace(self.case, since=datetime(2026, 1, 10, tzinfo=UTC))
        other = load.another("other")
        other.case = longer
        other()
        bounds = [
            (request.query["updated_after"][0][:10], request.query["updated_before"][0][:10])
            for request in load.server.requests[asked:]
            if request.path.endswith("/deployments")
        ]
        assert bounds == [
            ("2026-01-10", "2026-03-11"),
            ("2026-03-11", "2026-05-10"),
            ("2026-05-10", "2026-06-20"),
        ]
        assert other.all_rows() == load.all_rows()

    def test_incidents(self, load: Loader) -> None:
        load.once()
        rows = {row["incident_id"]: row for row in load.rows("incidents")}
        assert sorted(rows) == ["INC-7", *(f"acme/shop#{number}" for number in range(51, 58))]
        first, second = rows["INC-7"], rows["acme/shop#51"]
        assert first["severity_label"] == "CRITICAL"
        assert first["service"] == '["pay", "Search+Index"]'
        assert first["opened_at"] == datetime(2026, 5, 10, 13, 15)
        assert first["resolved_at"] == datetime(2026, 5, 10, 13, 50)
        assert first["caused_by_sha"] == "!12"
        assert first["fixed_by_sha"] == "https://gitlab.example.com/acme/shop/-/merge_requests/13"
        assert (second["severity_label"], second["service"]) == ("P2", "acme/shop")
        assert (second["resolved_at"], second["caused_by_deployment_id"]) == (None, "506")
        assert rows["acme/shop#57"]["severity_label"] == "severity-3"
        assert {key for key, row in rows.items() if row["is_maintenance"]} == {"acme/shop#57"}

    def test_duplicates_name_the_incident_that_they_repeat(self, load: Loader) -> None:
        load.once()
        rows = {row["incident_id"]: row for row in load.rows("incidents")}
        merged = {key: row["merged_into_id"] for key, row in rows.items() if row["merged_into_id"]}
        assert merged == {
            "acme/shop#52": "INC-7",
            "acme/shop#53": "acme/shop#51",
            "acme/shop#54": "acme/infra#8",
        }
        # 55 repeats an issue that the token does not see.
        alarms = {key for key, row in rows.items() if row["is_false_alarm"]}
        assert alarms == {"acme/shop#55", "acme/shop#56"}

    def test_incidents_by_a_label_or_none(self, load: Loader) -> None:
        load(incident_label="outage")
        assert [row["incident_id"] for row in load.rows("incidents")] == ["acme/shop#58"]
        other = load.another("other")
        other(without=["incidents", "deployments"])
        assert other.rows("incidents") == other.rows("deployments") == []
        inputs = {row["input"] for row in other.rows("load_watermarks")}
        assert not inputs & {"incidents", "deployments"}
        with pytest.raises(ShipworthyError, match="--without reviews"):
            load(without=["reviews"])

    def test_a_project_without_issues_has_no_incidents(self, load: Loader) -> None:
        refused = Answer({"message": "403 Forbidden"}, 403)
        load.server.routes = routes() | {
            "/api/v4/projects/acme%2Fshop": {**PROJECT, "issues_access_level": "disabled"},
            "/api/v4/projects/12/issues": lambda request: refused,
        }
        load()
        assert load.rows("incidents") == []

    def test_details_are_asked_once(self, load: Loader) -> None:
        load.once()
        asked = [request.path for request in load.server.requests]
        assert asked.count("/api/v4/projects/12/merge_requests/3/commits") == 1
        assert asked.count("/api/v4/projects/12/merge_requests/3/discussions") == 2  # two pages
        assert load.server.requests[0].headers["private-token"] == "glpat-secret-8Qx"

    def test_a_project_without_environments_has_no_deployments(self, load: Loader) -> None:
        refused = Answer({"message": "403 Forbidden"}, 403)
        load.server.routes = routes() | {
            "/api/v4/projects/acme%2Fshop": {**PROJECT, "environments_access_level": "disabled"},
            "/api/v4/projects/12/deployments": lambda request: refused,
        }
        load()
        assert len(load.rows("pull_requests")) == 4
        assert load.rows("deployments") == []

    def test_an_unknown_project_is_a_sentence(self, load: Loader) -> None:
        with pytest.raises(ShipworthyError, match=r"answered 404.*check the names"):
            load(projects=["acme/nothing"])
