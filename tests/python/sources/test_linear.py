"""Linear's incidents, against a server that plays it."""

from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest
from source_checks import NOW, Case, Loader, SourceChecks
from vendor_server import Answer, Request

from shipworthy.errors import ShipworthyError

SHA = "2d029d503c04bd77c0e4cdbf2d419e083cbc2505"


def _issue(number: int, labels: tuple[str, ...] = ("Incident",), **changed: Any) -> dict[str, Any]:
    return {
        "identifier": f"OPS-{number}",
        "createdAt": "2026-05-10T13:15:00.000Z",
        "updatedAt": "2026-05-10T14:00:00.000Z",
        "startedAt": "2026-05-10T13:20:00.000Z",
        "completedAt": "2026-05-10T13:50:00.000Z",
        "canceledAt": None,
        "priorityLabel": "Urgent",
        "description": None,
        "state": {"type": "completed"},
        "project": {"name": "Shop"},
        "labels": {"nodes": [{"name": name} for name in labels]},
        "relations": {"nodes": []},
        **changed,
    }


def _relation(kind: str, other: int) -> dict[str, Any]:
    return {"type": kind, "relatedIssue": {"identifier": f"OPS-{other}"}}


ISSUES = [
    _issue(
        1,
        ("Incident", "SEV-1", "checkout"),
        description=f"Caused by {SHA}.\nFixed in acme/shop#12 by Carol Okoye",
    ),
    _issue(
        2,
        state={"type": "started"},
        completedAt=None,
        priorityLabel="No priority",
        project=None,
        description="caused by deployment 506",
    ),
    _issue(
        3,
        state={"type": "duplicate"},
        relations={"nodes": [_relation("related", 2), _relation("duplicate", 1)]},
    ),
    _issue(4, state={"type": "canceled"}, completedAt=None, canceledAt="2026-05-11T08:00:00Z"),
    _issue(5, ("incident", "Maintenance", "checkout", "Search+Index")),
]
# Enough for a third page of 50.
MANY = [_issue(1000 + number) for number in range(100)]


def _answer(request: Request) -> Any:
    if request.method == "GET":
        return {"data": {"viewer": {"id": "u1"}}}
    asked = request.body["variables"]
    assert asked["filter"]["labels"] == {"some": {"name": {"eqIgnoreCase": "Incident"}}}
    assert asked["filter"]["team"] == {"key": {"in": ["OPS"]}}
    assert "includeArchived: true" in request.body["query"]
    since = asked["filter"].get("updatedAt", {"gte": ""})["gte"][:19]
    chosen = [issue for issue in [*ISSUES, *MANY] if issue.get("updatedAt", "9")[:19] >= since]
    start = int(asked["after"] or 0)
    end = start + asked["first"]
    return {
        "data": {
            "issues": {
                "pageInfo": {"hasNextPage": end < len(chosen), "endCursor": str(end)},
                "nodes": chosen[start:end],
            }
        }
    }


class TestLinear(SourceChecks):
    case = Case(
        "linear",
        routes={"/graphql": _answer},
        given={
            "teams": ["OPS"],
            "services": {"checkout": "acme/checkout", "Search+Index": "Search+Index"},
        },
        environment={"LINEAR_API_KEY": "lin_api_secret_6Vn"},
        people=("Carol Okoye",),
        required={"identifier": "incidents", "createdAt": "incidents"},
    )

    @pytest.fixture
    def rows(self, load: Loader) -> dict[str, dict[str, Any]]:
        load()
        return {row["incident_id"]: row for row in load.rows("incidents")}

    def test_rows(self, rows: dict[str, dict[str, Any]]) -> None:
        assert len(rows) == 105
        first, second = rows["OPS-1"], rows["OPS-2"]
        assert (first["service"], first["severity_label"]) == ("acme/checkout", "SEV-1")
        assert first["opened_at"] == datetime(2026, 5, 10, 13, 15)
        assert first["acknowledged_at"] == datetime(2026, 5, 10, 13, 20)
        assert first["resolved_at"] == datetime(2026, 5, 10, 13, 50)
        assert (first["caused_by_sha"], first["fixed_by_sha"]) == (SHA, "acme/shop#12")
        assert (second["service"], second["severity_label"]) == (None, None)
        assert (second["resolved_at"], second["caused_by_deployment_id"]) == (None, "506")
        assert rows["OPS-1000"]["service"] == "Shop"
        assert rows["OPS-1000"]["severity_label"] == "Urgent"
        assert rows["OPS-5"]["service"] == '["acme/checkout", "Search+Index"]'

    def test_what_is_no_incident_of_its_own(self, rows: dict[str, dict[str, Any]]) -> None:
        merged = {key: row["merged_into_id"] for key, row in rows.items() if row["merged_into_id"]}
        assert merged == {"OPS-3": "OPS-1"}
        assert {key for key, row in rows.items() if row["is_false_alarm"]} == {"OPS-4"}
        assert rows["OPS-4"]["resolved_at"] == datetime(2026, 5, 11, 8)
        assert {key for key, row in rows.items() if row["is_maintenance"]} == {"OPS-5"}

    def test_a_later_load_asks_for_what_was_updated(self, load: Loader) -> None:
        load.once()
        asked = len(load.server.requests)
        load.case = replace(load.case, since=NOW)
        load()
        (later,) = load.server.requests[asked:]
        assert later.body["variables"]["filter"]["updatedAt"]["gte"].startswith("2026-06-19T12")

    def test_the_key_is_sent(self, load: Loader, monkeypatch: pytest.MonkeyPatch) -> None:
        load()
        assert load.server.requests[-1].headers["authorization"] == "lin_api_secret_6Vn"
        monkeypatch.setenv("LINEAR_API_KEY", "oauth-token")
        load()
        assert load.server.requests[-1].headers["authorization"] == "Bearer oauth-token"

    @pytest.mark.parametrize(
        ("status", "code", "sentence"),
        [
            (400, "RATELIMITED", "limit of requests is used up"),
            (200, "AUTHENTICATION_ERROR", "refused the credential"),
            (200, "INVALID_INPUT", "INVALID_INPUT"),
        ],
    )
    def test_errors_are_sentences(
        self, load: Loader, status: int, code: str, sentence: str
    ) -> None:
        errors = [{"message": "x", "extensions": {"code": code}}]
        load.server.routes["/graphql"] = lambda request: Answer({"errors": errors}, status)
        with pytest.raises(ShipworthyError, match=sentence):
            load()

    def test_an_answer_without_issues_is_a_sentence(self, load: Loader) -> None:
        load.server.routes["/graphql"] = {"data": {}}
        with pytest.raises(ShipworthyError, match="without a list of issues"):
            load()
