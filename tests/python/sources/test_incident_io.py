"""incident.io's incidents, against a server that plays it."""

import copy
from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest
from source_checks import NOW, Case, Loader, SourceChecks, sample
from vendor_server import Request

from shipworthy.errors import ShipworthyError

(SAMPLE,) = sample("incidents/incident_io_incidents.json")["incidents"]
SHA = "2d029d503c04bd77c0e4cdbf2d419e083cbc2505"


def _incident(number: int, **changed: Any) -> dict[str, Any]:
    return {
        **copy.deepcopy(SAMPLE),
        "id": f"01FCNDV6P870EA6S7TK1DS{number:04}",
        "reference": f"INC-{number}",
        **changed,
    }


def _status(category: str) -> dict[str, str]:
    return {"id": f"st-{category}", "name": category.title(), "category": category}


def _custom(name: str, *values: dict[str, Any]) -> dict[str, Any]:
    return {"custom_field": {"id": f"cf-{name}", "name": name}, "values": list(values)}


INCIDENTS = [
    SAMPLE,
    _incident(
        101,
        incident_status=_status("live"),
        severity={"id": "s9", "name": "Whole company", "rank": 9},
        created_at="2026-05-11T20:05:00+02:00",
        incident_timestamp_values=[
            {
                "incident_timestamp": {"name": "Accepted at"},
                "value": {"value": "2026-05-11T18:20:00Z"},
            }
        ],
        custom_field_entries=[
            _custom(
                "Affected services",
                {"value_option": {"value": "payments"}},
                {"value_catalog_entry": {"name": "shop"}},
            ),
            _custom("Deployment", {"value_text": "502"}),
            _custom(
                "Commit", {"value_link": f"https://example.com/acme/shop/commit/{SHA.upper()}"}
            ),
        ],
    ),
    _incident(102, incident_status=_status("declined")),
    _incident(103, incident_status=_status("merged")),
    _incident(107, incident_status=_status("merged")),
    _incident(104, incident_status=_status("triage")),
    _incident(105, mode="test"),
    _incident(106, mode="retrospective", severity=None, created_at="2026-05-20T00:00:00Z"),
]
# Enough for a second page of 250.
MANY = [_incident(1000 + number) for number in range(260)]


def _answer(request: Request) -> dict[str, Any]:
    """Filters by whole days and modes, pages by the last incident, and always names a next page."""
    query = request.query
    modes = query.get("mode[one_of]", ["standard", "retrospective"])
    since = query.get("updated_at[gte]", [""])[0]
    assert len(since) in (0, 10), "a day"
    chosen = [
        incident
        for incident in [*INCIDENTS, *MANY]
        if incident["mode"] in modes and incident["updated_at"][:10] >= since
    ]
    # As the interface says: by creation, the newest first unless asked otherwise.
    newest_first = query.get("sort_by", [""])[0] != "created_at_oldest_first"
    chosen.sort(key=lambda incident: (incident["created_at"], incident["id"]), reverse=newest_first)
    after = query.get("after", [""])[0]
    ids = [incident["id"] for incident in chosen]
    start = ids.index(after) + 1 if after else 0
    size = min(int(query.get("page_size", ["25"])[0]), 250)
    page = chosen[start : start + size]
    return {
        "incidents": page,
        "pagination_meta": {"page_size": size, **({"after": page[-1]["id"]} if page else {})},
    }


# Where merged incidents went: INC-103 into INC-101 and then INC-100; nobody said where INC-107 did.
MERGES = {
    INCIDENTS[3]["id"]: [INCIDENTS[1]["id"], None, SAMPLE["id"]],
    INCIDENTS[4]["id"]: [],
}


def _updates(request: Request) -> dict[str, Any]:
    """The newest first, a page of two; the last page names a next one too."""
    said = MERGES[request.query["incident_id"][0]]
    updates = [
        {
            "id": f"up-{number}",
            "created_at": f"2026-05-12T{10 + number}:00:00Z",
            "new_incident_status": _status("merged"),
            **({"merged_into_incident_id": target} if target else {}),
        }
        for number, target in enumerate(said)
    ][::-1]
    after = request.query.get("after", [""])[0]
    start = [update["id"] for update in updates].index(after) + 1 if after else 0
    page = updates[start : start + 2]
    meta = {"page_size": 2, **({"after": page[-1]["id"]} if page else {})}
    return {"incident_updates": page, "pagination_meta": meta}


class TestIncidentIo(SourceChecks):
    case = Case(
        "incident-io",
        routes={
            "/v2/incidents": _answer,
            "/v2/incident_updates": _updates,
            f"/v2/incidents/{SAMPLE['id']}": {"incident": SAMPLE},
        },
        given={
            "services": {"shop": "acme/shop"},
            "severities": {"whole company": "sev1"},
            "service_field": "affected services",
            "deployment_field": "Deployment",
            "sha_field": "cf-Commit",
        },
        environment={"INCIDENT_IO_API_KEY": "inc-secret-8Qw"},
        people=("Bob Ruiz", "bob@acme.example.com"),
        required={"reference": "incidents", "category": "incidents"},
    )

    @pytest.fixture
    def rows(self, load: Loader) -> dict[str, dict[str, Any]]:
        load()
        return {row["incident_id"]: row for row in load.rows("incidents")}

    def test_times_by_name(self, rows: dict[str, dict[str, Any]]) -> None:
        first = rows["INC-100"]
        assert first["opened_at"] == datetime(2026, 5, 10, 13, 12)  # impact, not 13:16
        assert first["resolved_at"] == datetime(2026, 5, 10, 13, 50)  # fixed: resolved is not set
        assert first["acknowledged_at"] is None
        assert (first["severity_label"], first["source"]) == ("Major", "incident-io")
        second = rows["INC-101"]
        assert second["opened_at"] == datetime(2026, 5, 11, 18, 5)  # created, two hours east
        assert second["acknowledged_at"] == datetime(2026, 5, 11, 18, 20)
        assert second["resolved_at"] is None

    def test_custom_fields_and_names_of_ones_own(self, rows: dict[str, dict[str, Any]]) -> None:
        second = rows["INC-101"]
        assert second["service"] == '["payments", "acme/shop"]'
        assert second["severity_label"] == "sev1"
        assert second["caused_by_deployment_id"] == "502"
        assert second["caused_by_sha"] == SHA
        assert rows["INC-106"]["severity_label"] is None
        assert rows["INC-106"]["caused_by_sha"] is None

    def test_what_is_no_incident(self, rows: dict[str, dict[str, Any]]) -> None:
        assert len(rows) == 6 + 260
        assert "INC-104" not in rows  # in triage
        assert "INC-105" not in rows  # a test
        assert rows["INC-106"]["is_false_alarm"] is False  # retrospective
        assert rows["INC-102"]["is_false_alarm"] is True
        assert rows["INC-103"]["is_false_alarm"] is False
        assert rows["INC-107"]["is_false_alarm"] is True  # merged, and nothing says into which
        assert rows["INC-100"]["is_false_alarm"] is False

    def test_updates_say_what_an_incident_was_merged_into(
        self, rows: dict[str, dict[str, Any]]
    ) -> None:
        assert rows["INC-103"]["merged_into_id"] == "INC-100"
        assert [row["merged_into_id"] for row in rows.values() if row["merged_into_id"]] == [
            "INC-100"
        ]

    def test_a_later_load_asks_for_what_was_updated(self, load: Loader) -> None:
        load.once()
        asked = len(load.server.requests)
        changed = copy.deepcopy(INCIDENTS[1])
        changed["updated_at"] = "2026-06-20T09:00:00Z"
        changed["incident_status"] = _status("closed")
        changed["incident_timestamp_values"] += [
            {"incident_timestamp": {"name": "Resolved"}, "value": {"value": "2026-06-20T08:00:00Z"}}
        ]
        # The older state comes again after the newer one.
        stale = {**INCIDENTS[1], "updated_at": "2026-06-20T07:00:00Z"}
        load.server.routes["/v2/incidents"] = lambda request: (
            {"incidents": [changed, stale], "pagination_meta": {"page_size": 250, "after": "x"}}
            if "after" not in request.query
            else {"incidents": [], "pagination_meta": {"page_size": 250}}
        )
        load.case = replace(load.case, since=NOW)
        (done,) = load()
        assert load.server.requests[asked].query["updated_at[gte]"] == ["2026-06-19"]
        assert done.tables["incidents"].updated == 1
        (row,) = [row for row in load.rows("incidents") if row["incident_id"] == "INC-101"]
        assert row["resolved_at"] == datetime(2026, 6, 20, 8)

    def test_an_answer_without_incidents_is_a_sentence(self, load: Loader) -> None:
        load.server.routes["/v2/incidents"] = {"data": []}
        with pytest.raises(ShipworthyError, match="without a list 'incidents'"):
            load()

    def test_the_key_is_sent(self, load: Loader) -> None:
        load.once()
        assert load.server.requests[0].headers["authorization"] == "Bearer inc-secret-8Qw"
