"""FireHydrant's incidents, against a server that plays it."""

from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest
from source_checks import NOW, Case, Loader, SourceChecks
from vendor_server import Answer, Request

from shipworthy.errors import ShipworthyError
from shipworthy.sources.vendors import firehydrant

SHA = "2d029d503c04bd77c0e4cdbf2d419e083cbc2505"


def _milestone(kind: str, at: str) -> dict[str, str]:
    return {"id": f"m-{kind}", "type": kind, "occurred_at": at, "created_at": at}


def _incident(number: int, **changed: Any) -> dict[str, Any]:
    return {
        "id": f"0a4d5f70-0000-4000-8000-{number:012}",
        "number": number,
        "name": "Checkout answers 500",
        "created_at": "2026-05-10T13:16:00.000Z",
        "started_at": "2026-05-10T13:15:00.000Z",
        "severity": "SEV1",
        "priority": "P2",
        "tag_list": ["customers"],
        "milestones": [],
        "lifecycle_phases": [],
        "services": [{"id": "s1", "name": "shop"}],
        "functionalities": [],
        "created_by": {"name": "Carol Okoye", "email": "carol@acme.example.com"},
        **changed,
    }


INCIDENTS = [
    _incident(
        1,
        milestones=[_milestone("started", "2026-05-10T13:12:00.000Z")],
        lifecycle_phases=[
            {
                "name": "Active",
                "milestones": [
                    _milestone("acknowledged", "2026-05-10T13:20:00.000Z"),
                    _milestone("acknowledged", "2026-05-10T13:25:00.000Z"),
                    _milestone("resolved", "2026-05-10T15:50:00.000+02:00"),
                    {"type": "closed", "occurred_at": None},
                ],
            }
        ],
        services=[{"name": "shop"}, {"name": "Search+Index"}],
    ),
    _incident(
        2,
        severity="UNSET",
        services=[],
        functionalities=[{"name": "Checkout"}],
        milestones=[_milestone("closed", "2026-05-11T10:00:00Z")],
    ),
    _incident(3, severity="GAMEDAY"),
    _incident(4, severity="MAINTENANCE", services=[]),
    _incident(5, tag_list=["merged-into:0a4d5f70-0000-4000-8000-000000000001"]),
    _incident(6, tag_list=["Duplicate"], severity=None, priority=None),
]
# Enough for a third page of 3.
MANY = [_incident(1000 + number) for number in range(3)]
CHANGES = {
    INCIDENTS[0]["id"]: [
        {"type": "suspect", "change_event": {"labels": {"sha": "f" * 40}}},
        {
            "type": "caused",
            "change_event": {
                "summary": "Deploy",
                "labels": {"Git_SHA": SHA.upper(), "deployment_id": "502"},
                "authors": [{"email": "carol@acme.example.com"}],
            },
        },
        {"type": "fixed", "change_event": {"external_id": "acme/shop#12", "labels": None}},
        {"type": "dismissed", "change_event": None},
    ]
}


def _pages(request: Request, rows: list[Any]) -> dict[str, Any]:
    page, size = int(request.query.get("page", ["1"])[0]), int(request.query["per_page"][0])
    pages = -(-len(rows) // size)
    following = page + 1 if page < pages else None
    return {
        "data": rows[(page - 1) * size : page * size],
        "pagination": {"count": len(rows), "page": page, "pages": pages, "next": following},
    }


def _answer(request: Request) -> Any:
    if int(request.query["per_page"][0]) > 200:
        return Answer({"error": "per_page is too large"}, 400)
    since = request.query.get("updated_after", [""])[0]
    return _pages(request, [*INCIDENTS, *MANY] if since < "2026-05-20" else [INCIDENTS[1]])


class TestFireHydrant(SourceChecks):
    case = Case(
        "firehydrant",
        routes={
            "/v1/incidents": _answer,
            **{
                f"/v1/incidents/{one['id']}/related_change_events": (
                    lambda request, one=one: _pages(request, CHANGES.get(one["id"], []))
                )
                for one in [*INCIDENTS, *MANY]
            },
        },
        given={"services": {"shop": "acme/shop"}},
        environment={"FIREHYDRANT_API_KEY": "fhb-secret-2Lq"},
        people=("Carol Okoye", "carol@acme.example.com"),
        required={"id": "incidents"},
    )

    @pytest.fixture(autouse=True)
    def _small_pages(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(firehydrant, "_PAGE", 3)

    @pytest.fixture
    def rows(self, load: Loader) -> dict[int, dict[str, Any]]:
        load.once()
        return {int(row["incident_id"][-4:]): row for row in load.rows("incidents")}

    def test_times_are_the_milestones(self, rows: dict[int, dict[str, Any]]) -> None:
        assert len(rows) == 5 + 3
        first = rows[1]
        assert first["opened_at"] == datetime(2026, 5, 10, 13, 12)
        assert first["acknowledged_at"] == datetime(2026, 5, 10, 13, 20)
        assert first["resolved_at"] == datetime(2026, 5, 10, 13, 50)  # two hours east
        assert rows[2]["opened_at"] == datetime(2026, 5, 10, 13, 15)
        assert rows[2]["resolved_at"] == datetime(2026, 5, 11, 10)
        assert rows[5]["resolved_at"] is None

    def test_severities_and_services(self, rows: dict[int, dict[str, Any]]) -> None:
        found = {key: (rows[key]["severity_label"], rows[key]["service"]) for key in (1, 2, 4, 6)}
        assert found == {
            1: ("SEV1", '["acme/shop", "Search+Index"]'),
            2: ("P2", "Checkout"),
            4: ("MAINTENANCE", None),
            6: (None, "acme/shop"),
        }

    def test_related_changes_name_cause_and_fix(self, rows: dict[int, dict[str, Any]]) -> None:
        first = rows[1]
        assert first["caused_by_sha"] == SHA
        assert first["caused_by_deployment_id"] == "502"
        assert first["fixed_by_sha"] == "acme/shop#12"
        assert (rows[2]["caused_by_sha"], rows[2]["fixed_by_sha"]) == (None, None)

    def test_what_is_no_incident_of_its_own(self, load: Loader) -> None:
        (done,) = load.once()
        assert done.passed_over == {"exercises": 1}
        rows = {int(row["incident_id"][-4:]): row for row in load.rows("incidents")}
        assert rows[5]["merged_into_id"] == INCIDENTS[0]["id"]
        assert {key for key, row in rows.items() if row["is_false_alarm"]} == {6}
        assert {key for key, row in rows.items() if row["is_maintenance"]} == {4}

    def test_a_later_load_asks_for_what_was_updated(self, load: Loader) -> None:
        load.once()
        asked = len(load.server.requests)
        load.case = replace(load.case, since=NOW)
        load()
        later = load.server.requests[asked:]
        assert later[0].query["updated_after"] == ["2026-06-19T12:00:00+00:00"]
        assert len(later) == 2  # the one incident and its changes

    def test_an_answer_without_data_is_a_sentence(self, load: Loader) -> None:
        load.server.routes["/v1/incidents"] = {"message": "ok"}
        with pytest.raises(ShipworthyError, match="data"):
            load()
