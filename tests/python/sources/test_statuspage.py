"""Statuspage's incidents, against a server that plays it."""

from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest
from source_checks import NOW, Case, Loader, SourceChecks, sample
from vendor_server import Answer, Request

from shipworthy.errors import ShipworthyError

PAGE = "yltqpl26m292"
INCIDENT, MAINTENANCE = sample("incidents/statuspage_incidents.json")


def _incident(name: str, **changed: Any) -> dict[str, Any]:
    return {**INCIDENT, "id": name, **changed}


INCIDENTS = [
    INCIDENT,
    MAINTENANCE,
    _incident(
        "overridden",
        impact="minor",
        impact_override="critical",
        components=[{"name": "Checkout"}, {"name": "API"}],
        started_at=None,
        resolved_at=None,
    ),
    _incident("unscheduled", impact="none", impact_override="maintenance", incident_updates=[]),
    _incident(
        "planned",
        impact="maintenance",
        scheduled_for="2026-07-01T00:00:00Z",
        started_at=None,
        resolved_at=None,
    ),
    _incident("old", created_at="2026-04-01T00:00:00Z", updated_at="2026-04-02T00:00:00Z",
              started_at="2026-04-01T00:00:00Z"),
]  # fmt: skip
# Enough for a third page of 100.
MANY = [_incident(f"many{number:04}") for number in range(200)]


def _answer(request: Request) -> Any:
    """A list, the first page is 1; there is no filter by time."""
    page, limit = int(request.query["page"][0]), min(int(request.query["limit"][0]), 100)
    assert page >= 1
    return [*INCIDENTS, *MANY][(page - 1) * limit : page * limit]


class TestStatuspage(SourceChecks):
    case = Case(
        "statuspage",
        routes={f"/v1/pages/{PAGE}/incidents": _answer},
        given={"pages": [PAGE], "services": {"API": "acme/shop"}, "severities": {"minor": "sev4"}},
        environment={"STATUSPAGE_API_KEY": "sp-secret-1Lm"},
        required={"id": "incidents"},
    )

    @pytest.fixture
    def rows(self, load: Loader) -> dict[str, dict[str, Any]]:
        load()
        return {row["incident_id"]: row for row in load.rows("incidents")}

    def test_rows(self, rows: dict[str, dict[str, Any]]) -> None:
        assert len(rows) == 4 + 200
        first = rows["mm4x7m368bzv"]
        assert first["service"] == "acme/shop"
        assert first["severity_label"] == "major"
        assert first["opened_at"] == datetime(2026, 5, 10, 13, 12, 0, 442000)  # started, not told
        assert first["resolved_at"] == datetime(2026, 5, 10, 13, 56, 37, 80000)
        assert first["is_maintenance"] is False
        assert first["source"] == "statuspage"

    def test_maintenance(self, rows: dict[str, dict[str, Any]]) -> None:
        assert rows["maint0000001"]["is_maintenance"] is True
        assert rows["maint0000001"]["opened_at"] == datetime(2026, 5, 16, 1)
        assert rows["maint0000001"]["service"] is None
        assert rows["unscheduled"]["is_maintenance"] is True
        assert "planned" not in rows  # has not begun

    def test_a_hand_set_impact_wins(self, rows: dict[str, dict[str, Any]]) -> None:
        third = rows["overridden"]
        assert third["severity_label"] == "critical"
        assert third["service"] == '["acme/shop", "Checkout"]'
        assert third["opened_at"] == datetime(2026, 5, 10, 13, 20, 2, 452000)  # created
        assert third["resolved_at"] is None

    def test_a_later_load_takes_what_was_updated_or_began(
        self, load: Loader, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        load()
        changed = {
            **INCIDENTS[2],
            "updated_at": "2026-06-20T10:00:00Z",
            "resolved_at": "2026-06-20T09:00:00Z",
        }
        begun = {**INCIDENTS[4], "scheduled_for": "2026-06-20T08:00:00Z"}
        monkeypatch.setitem(globals(), "INCIDENTS", [changed, begun, INCIDENTS[2], INCIDENTS[5]])
        load.case = replace(load.case, since=NOW)
        (done,) = load()
        incidents = done.tables["incidents"]
        assert (incidents.inserted, incidents.updated, incidents.unchanged) == (1, 1, 0)
        rows = {row["incident_id"]: row for row in load.rows("incidents")}
        assert rows["overridden"]["resolved_at"] == datetime(2026, 6, 20, 9)
        assert rows["planned"]["opened_at"] == datetime(2026, 6, 20, 8)

    def test_without_a_start_everything_is_read(self, load: Loader) -> None:
        load.case = replace(load.case, since=None)
        load()
        assert "old" in {row["incident_id"] for row in load.rows("incidents")}

    def test_its_own_limit_passes(self, load: Loader) -> None:
        first = iter([Answer({"error": "slow down"}, 420)])
        path = f"/v1/pages/{PAGE}/incidents"
        load.server.routes[path] = lambda request: next(first, None) or _answer(request)
        load()
        assert len(load.rows("incidents")) == 204

    def test_an_unknown_page_is_a_sentence(self, load: Loader) -> None:
        with pytest.raises(ShipworthyError, match=r"404 .*pages/nowhere.*check the names"):
            load(pages=["nowhere"])

    def test_the_key_is_sent(self, load: Loader) -> None:
        load.once()
        assert load.server.requests[0].headers["authorization"] == "OAuth sp-secret-1Lm"
