"""Grafana's incidents and alert groups, against a server that plays the stack and OnCall."""

from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest
from source_checks import NOW, Case, Loader, SourceChecks
from vendor_server import Answer, Request

from shipworthy.errors import ShipworthyError

RPC = "/api/plugins/grafana-irm-app/resources/api/v1/IncidentsService.QueryIncidentPreviews"


def _incident(number: int, **changed: Any) -> dict[str, Any]:
    return {
        "incidentID": str(number),
        "title": "Checkout answers 500",
        "severityID": "sv-1",
        "severityLabel": "Critical",
        "status": "resolved",
        "isDrill": False,
        "createdTime": "2026-05-10T13:16:00.000000Z",
        "modifiedTime": "2026-05-10T14:00:00.000000Z",
        "closedTime": "2026-05-10T14:00:00Z",
        "incidentStart": "2026-05-10T13:12:00Z",
        "incidentEnd": "2026-05-10T13:50:00Z",
        "labels": [{"key": "service_name", "label": "shop", "colorHex": "#fff"}],
        "createdByUser": {"name": "Carol Okoye"},
        **changed,
    }


INCIDENTS = [
    _incident(1),
    _incident(
        2,
        status="active",
        severityLabel="Pending",
        incidentStart="",
        incidentEnd="",
        labels=[
            {"key": "service", "label": "Search+Index"},
            {"key": "service", "label": "cart"},
            {"key": "tags", "label": "eu"},
        ],
    ),
    _incident(3, incidentEnd="", labels=[{"key": "tags", "label": "merged-into:1"}]),
    _incident(4, labels=[{"key": "duplicate_of", "label": "2"}]),
    _incident(5, isDrill=True),
    _incident(6, labels=[{"key": "tags", "label": "duplicate"}]),
]
MANY = [_incident(1000 + number) for number in range(200)]


def _previews(request: Request) -> Any:
    query = request.body["query"]
    if query["limit"] > 100 or request.method != "POST":
        return Answer({"error": "bad request"}, 400)
    assert (query["orderField"], query["orderDirection"]) == ("createdTime", "ASC")
    rows = [*INCIDENTS, *MANY]
    start = int((request.body.get("cursor") or {}).get("nextValue") or 0)
    end = start + query["limit"]
    return {
        "incidentPreviews": rows[start:end],
        "query": query,
        "cursor": {"nextValue": str(end), "hasMore": end < len(rows)},
        "error": "",
    }


class TestGrafanaIrm(SourceChecks):
    case = Case(
        "grafana-irm",
        routes={RPC: _previews},
        given={"services": {"shop": "acme/shop"}},
        environment={"GRAFANA_TOKEN": "glsa_secret_4Rz"},
        people=("Carol Okoye",),
        required={"incidentID": "incidents"},
    )

    @pytest.fixture
    def rows(self, load: Loader) -> dict[str, dict[str, Any]]:
        load()
        return {row["incident_id"]: row for row in load.rows("incidents")}

    def test_rows(self, rows: dict[str, dict[str, Any]]) -> None:
        assert len(rows) == 5 + 200
        first, second, third = rows["1"], rows["2"], rows["3"]
        assert (first["service"], first["severity_label"]) == ("acme/shop", "Critical")
        assert first["opened_at"] == datetime(2026, 5, 10, 13, 12)
        assert first["resolved_at"] == datetime(2026, 5, 10, 13, 50)
        assert (second["service"], second["severity_label"]) == ('["Search+Index", "cart"]', None)
        assert second["opened_at"] == datetime(2026, 5, 10, 13, 16)
        assert second["resolved_at"] is None
        assert third["resolved_at"] == datetime(2026, 5, 10, 14)  # when it was closed

    def test_repeats_and_drills(self, load: Loader) -> None:
        (done,) = load.once()
        assert done.passed_over == {"drills": 1}
        (found,) = load.rows("load_findings")
        assert (found["input"], found["source"]) == ("incidents", done.label)
        assert (found["reason"], found["subject"]) == ("passed_over", "drills")
        assert found["row_count"] == 1
        rows = {row["incident_id"]: row for row in load.rows("incidents")}
        merged = {key: row["merged_into_id"] for key, row in rows.items() if row["merged_into_id"]}
        assert merged == {"3": "1", "4": "2"}
        assert {key for key, row in rows.items() if row["is_false_alarm"]} == {"6"}

    def test_a_later_load_takes_what_was_modified(
        self, load: Loader, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        load()
        changed = _incident(2, modifiedTime="2026-06-20T08:00:00Z", severityLabel="Major")
        stale = _incident(1, severityLabel="Minor")
        monkeypatch.setitem(globals(), "INCIDENTS", [changed, stale])
        load.case = replace(load.case, since=NOW)
        load()
        labels = {row["incident_id"]: row["severity_label"] for row in load.rows("incidents")}
        assert (labels["1"], labels["2"]) == ("Critical", "Major")

    def test_an_answer_without_incidents_is_a_sentence(self, load: Loader) -> None:
        load.server.routes[RPC] = {"error": "no such service"}
        with pytest.raises(ShipworthyError, match="incidentPreviews"):
            load()


def _label(key: str, value: str) -> dict[str, Any]:
    return {"key": {"id": key, "name": key}, "value": {"id": value, "name": value}}


def _group(number: int, **changed: Any) -> dict[str, Any]:
    return {
        "id": f"I68T24C{number:05}",
        "integration_id": "CPAGER",
        "state": "resolved",
        "created_at": "2026-05-10T13:15:00.430444Z",
        "acknowledged_at": "2026-05-10T13:20:00Z",
        "acknowledged_by": "UCGEIXI1MR1NZ",
        "resolved_at": "2026-05-10T13:50:00Z",
        "title": "Memory above 90 %",
        "labels": [_label("severity", "critical"), _label("service_name", "shop")],
        **changed,
    }


GROUPS = [
    _group(1),
    _group(2, state="new", acknowledged_at=None, resolved_at=None, labels=[]),
    _group(3, labels=[_label("priority", "P3"), _label("merged_into", "I68T24C00001")]),
    _group(4, integration_id="CNOISE"),
    _group(5, integration_id="COTHER", labels=[]),
]
GROUP_MANY = [_group(1000 + number) for number in range(200)]


def _groups(request: Request) -> Any:
    query = request.query
    size, page = int(query["perpage"][0]), int(query["page"][0])
    since, until = query["started_at"][0].split("_")
    chosen = [one for one in [*GROUPS, *GROUP_MANY] if since <= one["created_at"][:19] < until]
    assert query["label"] == ["team:payments"]
    return {
        "count": len(chosen),
        # What a proxy makes of it.
        "next": "http://oncall.internal.example.com/api/v1/alert_groups/?page=2",
        "results": chosen[(page - 1) * size : page * size],
        "current_page_number": page,
        "page_size": size,
        "total_pages": max(1, -(-len(chosen) // size)),
    }


class TestGrafanaOnCall(SourceChecks):
    case = Case(
        "grafana-oncall",
        routes={"/api/v1/alert_groups/": _groups},
        given={
            "grafana_url": "https://acme.example.com",
            "integrations": ["CPAGER", "COTHER"],
            "labels": ["team:payments"],
            "services": {"shop": "acme/shop", "COTHER": "acme/api"},
            "severities": {"critical": "sev1"},
        },
        environment={"GRAFANA_ONCALL_TOKEN": "glsa_secret_9Mk"},
        people=("UCGEIXI1MR1NZ",),
        required={"id": "incidents", "created_at": "incidents"},
    )

    def test_rows(self, load: Loader) -> None:
        (done,) = load.once()
        assert done.passed_over == {"alert groups of other integrations": 1}
        rows = {int(row["incident_id"][7:]): row for row in load.rows("incidents")}
        assert len(rows) == 4 + 200
        first = rows[1]
        assert (first["service"], first["severity_label"]) == ("acme/shop", "sev1")
        assert first["opened_at"] == datetime(2026, 5, 10, 13, 15, 0, 430444)
        assert first["acknowledged_at"] == datetime(2026, 5, 10, 13, 20)
        assert first["resolved_at"] == datetime(2026, 5, 10, 13, 50)
        assert (rows[2]["service"], rows[2]["severity_label"]) == (None, None)
        assert rows[2]["resolved_at"] is None
        assert (rows[3]["merged_into_id"], rows[3]["severity_label"]) == ("I68T24C00001", "P3")
        assert rows[5]["service"] == "acme/api"

    def test_what_is_sent(self, load: Loader) -> None:
        load.once()
        headers = load.server.requests[0].headers
        assert headers["authorization"] == "Bearer glsa_secret_9Mk"
        assert headers["x-grafana-url"] == "https://acme.example.com"
        load(grafana_url=None)
        assert load.server.requests[-1].headers["authorization"] == "glsa_secret_9Mk"
