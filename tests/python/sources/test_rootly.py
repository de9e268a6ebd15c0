"""Rootly's incidents, against a server that plays it."""

from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest
from source_checks import NOW, Case, Loader, SourceChecks
from vendor_server import Answer, Request

from shipworthy.errors import ShipworthyError


def _named(name: str) -> dict[str, Any]:
    return {"data": {"id": f"id-{name}", "type": "x", "attributes": {"name": name}}}


def _incident(number: int, **changed: Any) -> dict[str, Any]:
    return {
        "id": f"5f1c3f3e-0000-4000-8000-{number:012}",
        "type": "incidents",
        "attributes": {
            "sequential_id": number,
            "title": "Checkout answers 500",
            "kind": "normal",
            "status": "resolved",
            "severity": _named("SEV1"),
            "services": [_named("shop")],
            "functionalities": [],
            "user": {"data": {"attributes": {"email": "carol@acme.example.com"}}},
            "started_at": "2026-05-10T06:15:00.000-07:00",
            "detected_at": "2026-05-10T13:14:00.000Z",
            "acknowledged_at": "2026-05-10T13:20:00.000Z",
            "resolved_at": "2026-05-10T13:50:00.000Z",
            "created_at": "2026-05-10T13:16:00.000Z",
            "updated_at": "2026-05-10T14:00:00.000Z",
            **changed,
        },
    }


def _id(number: int) -> str:
    return _incident(number)["id"]


INCIDENTS = [
    _incident(1),
    _incident(
        2,
        status="started",
        severity=None,
        services=[],
        functionalities=[_named("Search+Index"), _named("Cart")],
        started_at=None,
        acknowledged_at=None,
        resolved_at=None,
    ),
    _incident(3, duplicate_incident_id=_id(1), status="cancelled"),
    _incident(4, kind="normal_sub", parent_incident_id=_id(1)),
    _incident(5, status="cancelled"),
    _incident(6, kind="scheduled"),
    _incident(7, kind="backfilled", resolved_at=None, closed_at="2026-05-12T10:00:00Z"),
    _incident(8, kind="test"),
    _incident(9, kind="example_sub", parent_incident_id=_id(1)),
    _incident(10, status="in_triage"),
]
# Enough for a third page of 100.
MANY = [_incident(1000 + number) for number in range(200)]


def _answer(request: Request) -> Any:
    query = request.query
    size = int(query["page[size]"][0])
    if size > 100 or query["sort"] != ["created_at"]:
        return Answer({"errors": [{"title": "bad request"}]}, 400)
    since = query.get("filter[updated_at][gte]", [""])[0]
    chosen = [
        one for one in [*INCIDENTS, *MANY] if one["attributes"]["updated_at"][:19] >= since[:19]
    ]
    page = int(query["page[number]"][0])
    found = chosen[(page - 1) * size : page * size]
    return {"data": found, "links": {}, "meta": {"current_page": page, "total_count": len(chosen)}}


class TestRootly(SourceChecks):
    case = Case(
        "rootly",
        routes={"/v1/incidents": _answer},
        given={"services": {"shop": "acme/shop"}},
        environment={"ROOTLY_API_KEY": "rootly-secret-7Wd"},
        people=("carol@acme.example.com",),
        required={"id": "incidents", "attributes": "incidents"},
    )

    @pytest.fixture
    def rows(self, load: Loader) -> dict[int, dict[str, Any]]:
        load()
        return {int(row["incident_id"][-4:]): row for row in load.rows("incidents")}

    def test_rows(self, rows: dict[int, dict[str, Any]]) -> None:
        assert len(rows) == 7 + 200
        first = rows[1]
        assert (first["service"], first["severity_label"]) == ("acme/shop", "SEV1")
        assert first["opened_at"] == datetime(2026, 5, 10, 13, 15)  # seven hours west
        assert first["acknowledged_at"] == datetime(2026, 5, 10, 13, 20)
        assert first["resolved_at"] == datetime(2026, 5, 10, 13, 50)
        second = rows[2]
        assert (second["service"], second["severity_label"]) == ('["Search+Index", "Cart"]', None)
        assert (second["opened_at"], second["resolved_at"]) == (
            datetime(2026, 5, 10, 13, 14),
            None,
        )
        assert rows[7]["resolved_at"] == datetime(2026, 5, 12, 10)

    def test_parts_of_one_failure(self, rows: dict[int, dict[str, Any]]) -> None:
        merged = {key: row["merged_into_id"] for key, row in rows.items() if row["merged_into_id"]}
        assert merged == {3: _id(1), 4: _id(1)}
        assert {key for key, row in rows.items() if row["is_false_alarm"]} == {5}
        assert {key for key, row in rows.items() if row["is_maintenance"]} == {6}

    def test_what_is_left_out_is_counted(self, load: Loader) -> None:
        (done,) = load.once()
        assert done.passed_over == {"exercises": 2, "incidents in triage": 1}

    def test_a_later_load_asks_for_what_was_updated(self, load: Loader) -> None:
        load.once()
        asked = len(load.server.requests)
        load.case = replace(load.case, since=NOW)
        load()
        later = load.server.requests[asked:]
        assert later[0].query["filter[updated_at][gte]"] == ["2026-06-19T12:00:00+00:00"]

    def test_an_answer_without_data_is_a_sentence(self, load: Loader) -> None:
        load.server.routes["/v1/incidents"] = {"errors": []}
        with pytest.raises(ShipworthyError, match="without a list 'data'"):
            load()
