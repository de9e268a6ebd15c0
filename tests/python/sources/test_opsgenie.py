"""Opsgenie's incidents, against a server that plays it."""

import re
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from source_checks import NOW, Case, Loader, SourceChecks, sample
from vendor_server import Answer, Request

from shipworthy.errors import ShipworthyError

(SAMPLE,) = sample("incidents/opsgenie_incidents.json")["data"]
SHA = "2d029d503c04bd77c0e4cdbf2d419e083cbc2505"


def _incident(number: int, **changed: Any) -> dict[str, Any]:
    return {**SAMPLE, "id": f"00000000-0000-0000-0000-{number:012}", **changed}


INCIDENTS = [
    SAMPLE,
    _incident(
        1,
        status="open",
        tags=["customers"],
        priority="P1",
        createdAt="2026-05-11T20:05:00Z",
        updatedAt="2026-05-11T20:15:00Z",
        impactStartDate=None,
        impactedServices=["b5a1", "c7d2"],
        extraProperties={"deployment_id": 501, "commit": "2d029d5"},
        responders=[{"type": "user", "id": "u-1", "username": "carol@acme.example.com"}],
    ),
    _incident(
        2,
        status="closed",
        tags=["SEV-3", "sev1", "deployment: 503"],
        priority="P5",
        createdAt="2026-05-12T00:00:00Z",
        updatedAt="2026-05-20T00:00:00Z",
        impactEndDate="2026-05-12T01:00:00Z",
        impactedServices=[],
        extraProperties={},
    ),
    _incident(3, status="closed", tags=["merged-into:71"], createdAt="2026-05-13T00:00:00Z"),
    _incident(4, tags=["duplicate"], createdAt="2026-05-13T00:00:00Z"),
    _incident(5, tags=["Merged"], extraProperties={"merged_into": SAMPLE["id"]}),
    _incident(6, tags=["duplicate-of:72"], createdAt="2026-05-13T00:00:00Z"),  # 72 was deleted
]
# Enough for a third page of 100.
MANY = [
    _incident(1000 + number, createdAt=f"2026-05-{1 + number % 28:02}T03:00:00Z")
    for number in range(210)
]


def _answer(request: Request) -> Any:
    """The query selects by creation, in milliseconds; 20,000 incidents is the end."""
    query = request.query["query"][0]
    bounds = re.fullmatch(r"createdAt >= (\d{13}) AND createdAt < (\d{13})", query)
    assert bounds, query
    chosen = sorted(
        (
            incident
            for incident in [*INCIDENTS, *MANY]
            if int(bounds[1]) <= _milliseconds(incident["createdAt"]) < int(bounds[2])
        ),
        key=lambda incident: incident["createdAt"],
        reverse=request.query.get("order", ["desc"]) == ["desc"],
    )
    offset, limit = int(request.query["offset"][0]), int(request.query["limit"][0])
    if limit > 100 or offset + limit > 20_000:
        return Answer({"message": "too much"}, 422)
    return {"data": chosen[offset : offset + limit], "paging": {}, "took": 0.1, "requestId": "r1"}


def _of_short_number(request: Request) -> Any:
    assert request.query == {"identifierType": ["tiny"]}
    return {"data": SAMPLE, "took": 0.1, "requestId": "r2"}


def _milliseconds(time: str) -> int:
    return int(datetime.fromisoformat(time).timestamp() * 1000)


class TestOpsgenie(SourceChecks):
    case = Case(
        "opsgenie",
        routes={"/v1/incidents": _answer, "/v1/incidents/71": _of_short_number},
        given={"services": {"b5a1": "acme/shop"}},
        environment={"OPSGENIE_API_KEY": "og-secret-3Zt"},
        people=("carol@acme.example.com",),
        required={"id": "incidents"},
    )

    @pytest.fixture
    def rows(self, load: Loader) -> dict[str, dict[str, Any]]:
        load()
        return {row["incident_id"]: row for row in load.rows("incidents")}

    def test_rows(self, rows: dict[str, dict[str, Any]]) -> None:
        assert len(rows) == 217
        first = rows["2708292d-1ecd-45db-b19a-1f23d41e07f7"]
        assert first["service"] == "acme/shop"
        assert first["severity_label"] == "sev2"
        assert first["opened_at"] == datetime(2026, 5, 10, 13, 12, 0, 289000)  # the impact's start
        assert first["resolved_at"] == datetime(2026, 5, 10, 13, 50, 41, 236000)
        assert first["caused_by_deployment_id"] == "502"
        assert first["caused_by_sha"] == SHA
        assert (first["acknowledged_at"], first["source"]) == (None, "opsgenie")

    def test_an_open_incident(self, rows: dict[str, dict[str, Any]]) -> None:
        second = rows["00000000-0000-0000-0000-000000000001"]
        assert second["resolved_at"] is None
        assert second["opened_at"] == datetime(2026, 5, 11, 20, 5)
        assert second["severity_label"] == "P1"
        assert second["service"] == '["acme/shop", "c7d2"]'
        assert second["caused_by_deployment_id"] == "501"
        assert second["caused_by_sha"] == "2d029d5"

    def test_the_worst_tag_and_the_end_of_the_impact(self, rows: dict[str, Any]) -> None:
        third = rows["00000000-0000-0000-0000-000000000002"]
        assert third["severity_label"] == "sev1"
        assert third["resolved_at"] == datetime(2026, 5, 12, 1)
        assert third["caused_by_deployment_id"] == "503"
        assert third["service"] is None

    def test_tags_and_properties_name_what_an_incident_was_merged_into(
        self, rows: dict[str, Any], load: Loader
    ) -> None:
        found = {
            identifier[-1]: (row["merged_into_id"], row["is_false_alarm"])
            for identifier, row in rows.items()
            if identifier.startswith("00000000-0000-0000-0000-00000000000")
        }
        assert found == {
            "1": (None, False),
            "2": (None, False),
            "3": (SAMPLE["id"], False),
            "4": (None, True),  # nobody said of which
            "5": (SAMPLE["id"], False),
            "6": ("72", False),
        }

    def test_sixty_days_are_read_again(self, load: Loader) -> None:
        load.once()
        asked = len(load.server.requests)
        load.case = replace(load.case, since=NOW)
        load()
        first = load.server.requests[asked].query["query"][0]
        # The load before reached NOW, 20 June; whole days.
        start = int(datetime(2026, 4, 21, tzinfo=UTC).timestamp() * 1000)
        assert first.startswith(f"createdAt >= {start} ")

    def test_a_later_state_replaces_an_earlier_one(
        self, load: Loader, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        load()
        changed = {**INCIDENTS[1], "status": "resolved", "updatedAt": "2026-06-01T00:00:00Z"}
        # The pages repeat it, the older state last.
        monkeypatch.setitem(globals(), "INCIDENTS", [*INCIDENTS, changed, INCIDENTS[1]])
        load()
        (row,) = [row for row in load.rows("incidents") if row["incident_id"] == changed["id"]]
        assert row["resolved_at"] == datetime(2026, 6, 1)

    def test_an_answer_without_data_is_a_sentence(self, load: Loader) -> None:
        load.server.routes["/v1/incidents"] = {"message": "ok"}
        with pytest.raises(ShipworthyError, match="without a list 'data'"):
            load()

    def test_the_key_is_sent(self, load: Loader) -> None:
        load.once()
        assert load.server.requests[0].headers["authorization"] == "GenieKey og-secret-3Zt"
