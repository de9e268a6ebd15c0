"""Datadog's incidents and deployment events, against a server that plays it."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from source_checks import NOW, Case, Loader, SourceChecks
from vendor_server import Answer, Request

from shipworthy.errors import ShipworthyError
from shipworthy.sources.vendors import datadog

SHA = "2d029d503c04bd77c0e4cdbf2d419e083cbc2505"


def _incident(number: int, **changed: Any) -> dict[str, Any]:
    return {
        "id": f"00000000-aaaa-0000-0000-{number:012}",
        "type": "incidents",
        "attributes": {
            "public_id": number,
            "title": "Checkout answers 500",
            "severity": "SEV-1",
            "state": "resolved",
            "is_test": False,
            "created": "2026-05-10T13:16:00+00:00",
            "detected": "2026-05-10T13:14:00+00:00",
            "customer_impact_start": "2026-05-10T15:12:00+02:00",
            "resolved": "2026-05-10T13:50:00+00:00",
            "modified": "2026-05-10T14:00:00+00:00",
            "fields": {
                "services": {"type": "autocomplete", "value": ["shop"]},
                "severity": {"type": "dropdown", "value": "SEV-1"},
            },
            "notification_handles": [{"handle": "@carol@acme.example.com"}],
            **changed,
        },
    }


INCIDENTS = [
    _incident(1),
    _incident(
        2,
        severity="UNKNOWN",
        customer_impact_start=None,
        resolved=None,
        fields={"services": {"type": "autocomplete", "value": ["Search+Index", "cart"]}},
    ),
    _incident(
        3,
        severity=None,
        customer_impact_start=None,
        detected=None,
        fields={
            "severity": {"type": "dropdown", "value": "SEV-0"},
            "services": {"type": "autocomplete", "value": None},
            "duplicate_of": {"type": "textbox", "value": "#1"},
        },
    ),
    _incident(4, is_test=True),
]
# Enough for a third page of 100.
MANY = [_incident(1000 + number) for number in range(200)]


def _incidents(request: Request) -> Any:
    offset, size = int(request.query["page[offset]"][0]), int(request.query["page[size]"][0])
    if size > 100:
        return Answer({"errors": ["page size"]}, 400)
    page = [*INCIDENTS, *MANY][offset : offset + size]
    return {"data": page, "meta": {"pagination": {"offset": offset, "size": len(page)}}}


def _event(number: int, **changed: Any) -> dict[str, Any]:
    started = datetime(2026, 5, 10, 9) + timedelta(minutes=number)
    return {
        "id": f"dep-{number}",
        "type": "dora_deployment",
        "attributes": {
            "service": "shop",
            "env": "production",
            "started_at": started.isoformat() + "Z",
            "finished_at": (started + timedelta(minutes=4)).isoformat() + "Z",
            "git": {"commit_sha": SHA.upper(), "repository_id": "github.com/acme/shop"},
            **changed,
        },
    }


# Pages of the size that the test sets: two events of one moment at a border.
EVENTS = [
    _event(1),
    _event(2),
    _event(3),
    _event(4, started_at="2026-05-10T09:03:00Z"),
    _event(5, finished_at=None, service="other", git=None, env=None),
]


def _deployments(request: Request) -> Any:
    asked = request.body["data"]["attributes"]
    assert asked["sort"] == "started_at"
    since, until = asked["from"][:19], asked["to"][:19]
    chosen = [
        event
        for event in EVENTS
        if since <= event["attributes"].get("started_at", "9")[:19] < until
    ]
    chosen.sort(key=lambda event: event["attributes"]["started_at"])
    return {"data": chosen[: asked["limit"]]}


class TestDatadog(SourceChecks):
    case = Case(
        "datadog",
        routes={"/api/v2/incidents": _incidents, "POST /api/v2/dora/deployments": _deployments},
        given={"services": {"shop": "acme/shop"}},
        environment={"DD_API_KEY": "dd-secret-1Fh", "DD_APP_KEY": "dd-secret-app-8Xc"},
        people=("carol@acme.example.com",),
        required={"attributes": "incidents"},
    )

    @pytest.fixture(autouse=True)
    def _small_answers(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(datadog, "_MOST_EVENTS", 3)

    def test_incidents(self, load: Loader) -> None:
        done = load.once()
        assert done[0].passed_over == {"test incidents": 1}
        rows = {row["incident_id"]: row for row in load.rows("incidents")}
        assert len(rows) == 3 + 200
        first, second, third = rows["1"], rows["2"], rows["3"]
        assert (first["service"], first["severity_label"]) == ("acme/shop", "SEV-1")
        assert first["opened_at"] == datetime(2026, 5, 10, 13, 12)  # impact, two hours east
        assert first["resolved_at"] == datetime(2026, 5, 10, 13, 50)
        assert (second["service"], second["severity_label"]) == ('["Search+Index", "cart"]', None)
        assert second["opened_at"] == datetime(2026, 5, 10, 13, 14)
        assert third["opened_at"] == datetime(2026, 5, 10, 13, 16)
        assert (third["severity_label"], third["merged_into_id"]) == ("SEV-0", "1")
        assert (third["service"], third["resolved_at"]) == (None, first["resolved_at"])

    def test_deployments(self, load: Loader) -> None:
        load.once()
        rows = {row["deployment_id"]: row for row in load.rows("deployments")}
        assert sorted(rows) == [f"datadog:dep-{number}" for number in range(1, 6)]
        first, last = rows["datadog:dep-1"], rows["datadog:dep-5"]
        assert (first["repository"], first["service"]) == ("acme/shop", "acme/shop")
        assert (first["sha"], first["environment"]) == (SHA, "production")
        assert first["status"] == "success"
        assert first["started_at"] == datetime(2026, 5, 10, 9, 1)
        assert first["finished_at"] == datetime(2026, 5, 10, 9, 5)
        assert (last["repository"], last["sha"]) == (None, None)
        assert (last["status"], last["service"]) == ("in_progress", "other")

    def test_more_events_of_a_moment_than_an_answer_holds(
        self, load: Loader, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(datadog, "_MOST_EVENTS", 2)
        same = [_event(number, started_at="2026-05-10T09:00:00Z") for number in range(4)]
        monkeypatch.setitem(globals(), "EVENTS", same)
        with pytest.raises(ShipworthyError, match="of one moment"):
            load()

    def test_a_later_load_takes_what_was_modified(
        self, load: Loader, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        load()
        changed = _incident(2, modified="2026-06-20T08:00:00Z", severity="SEV-2")
        monkeypatch.setitem(globals(), "INCIDENTS", [changed, _incident(1, severity="SEV-5")])
        load.case = replace(load.case, since=NOW)
        load()
        labels = {row["incident_id"]: row["severity_label"] for row in load.rows("incidents")}
        assert (labels["1"], labels["2"]) == ("SEV-1", "SEV-2")
        assert load.server.requests[-1].body["data"]["attributes"]["from"].startswith("2026-06-17T")

    def test_one_of_the_two(self, load: Loader) -> None:
        load(without=["deployments"])
        assert load.rows("deployments") == []
        with pytest.raises(ShipworthyError, match="--without costs"):
            load(without=["costs"])

    def test_the_keys_are_sent(self, load: Loader) -> None:
        load.once()
        for request in load.server.requests:
            assert request.headers["dd-api-key"] == "dd-secret-1Fh"
            assert request.headers["dd-application-key"] == "dd-secret-app-8Xc"


@pytest.mark.parametrize(
    ("git", "repository"),
    [
        ({"repository_id": "github.com/acme/shop"}, "acme/shop"),
        ({"repository_url": "https://gitlab.example.com/acme/eu/shop.git"}, "acme/eu/shop"),
        ({"repository_id": "acme/shop"}, "acme/shop"),
        ({"repository_id": ""}, None),
        (None, None),
    ],
)
def test_a_repository_without_its_host(git: Any, repository: str | None) -> None:
    assert datadog._repository(git) == repository
