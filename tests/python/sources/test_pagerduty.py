"""PagerDuty's incidents, against a server that plays it."""

import os
import signal
import subprocess
import sys
from datetime import datetime

import pytest
from source_checks import Case, Loader, SourceChecks, sample
from vendor_server import FAULTS, Request

FEW = sample("incidents/pagerduty_incidents.json")["incidents"]
# Enough for a second page.
MANY = [
    {**FEW[0], "id": f"PMANY{number:03}", "created_at": f"2026-05-01T{number % 24:02}:00:00Z"}
    for number in range(120)
]
MERGED = {
    **FEW[0],
    "id": "PMERGED",
    "service": {"summary": "Search+Index", "type": "service_reference"},
    "created_at": "2026-05-10T13:16:00Z",
    "resolve_reason": {
        "type": "merge_resolve_reason",
        "incident": {"id": "PT4KH100", "type": "incident_reference"},
    },
}
INCIDENTS = [*FEW, *MANY, MERGED]


def _incidents(request: Request) -> dict:
    """since and until select by creation, as PagerDuty's do."""
    since, until = request.query["since"][0], request.query["until"][0]
    chosen = [
        incident
        for incident in INCIDENTS
        if since[:19] <= incident["created_at"].rstrip("Z") < until[:19]
    ]
    offset, limit = int(request.query["offset"][0]), int(request.query["limit"][0])
    return {
        "incidents": chosen[offset : offset + limit],
        "limit": limit,
        "offset": offset,
        "more": offset + limit < len(chosen),
    }


class TestPagerDuty(SourceChecks):
    case = Case(
        "pagerduty",
        routes={"/incidents": _incidents},
        given={"services": {"shop": "acme/shop"}},
        environment={"PAGERDUTY_TOKEN": "pd-secret-6Yb"},
        people=(),
        required={"created_at": "incidents", "id": "incidents"},
    )

    def test_rows(self, load: Loader) -> None:
        load.once()
        rows = {row["incident_id"]: row for row in load.rows("incidents")}
        assert len(rows) == 125
        first = rows["PT4KH100"]
        assert first["service"] == "acme/shop"
        assert first["severity_label"] == "P2"
        assert first["opened_at"] == datetime(2026, 5, 10, 13, 15)
        assert first["resolved_at"] == datetime(2026, 5, 10, 13, 50)

    def test_without_a_priority_the_urgency_counts(self, load: Loader) -> None:
        load.once()
        labels = {row["incident_id"]: row["severity_label"] for row in load.rows("incidents")}
        assert labels["PT4KH102"] == "low"

    def test_what_was_merged_names_the_incident_that_goes_on(self, load: Loader) -> None:
        load.once()
        merged = {row["incident_id"]: row["merged_into_id"] for row in load.rows("incidents")}
        assert merged["PMERGED"] == "PT4KH100"
        assert set(merged.values()) == {None, "PT4KH100"}

    def test_a_name_is_taken_as_it_is(self, load: Loader) -> None:
        load.once()
        services = {row["incident_id"]: row["service"] for row in load.rows("incidents")}
        assert services["PMERGED"] == "Search+Index"

    @pytest.mark.parametrize("fault", FAULTS)
    def test_each_failure_that_passes_changes_nothing(self, load: Loader, fault: str) -> None:
        load.once()
        other = load.another("other")
        load.server.fail_first_attempts(fault)
        other()
        assert other.all_rows() == load.all_rows()

    def test_the_token_is_sent(self, load: Loader) -> None:
        load.once()
        assert load.server.requests[0].headers["authorization"] == "Token token=pd-secret-6Yb"

    def test_a_process_killed_at_a_request_leaves_nothing_behind(self, load: Loader) -> None:
        load.once()
        other = load.another("killed")
        process = subprocess.Popen(
            [
                *(sys.executable, "-c", "from shipworthy.cli import main; main()"),
                *("load", "pagerduty", "--service", "shop=acme/shop"),
                *("--base-url", load.server.url, "--since", "2026-04-25"),
            ],
            env={**os.environ, "SHIPWORTHY_WAREHOUSE": str(other.warehouse)},
        )
        pages = iter(range(2))

        def kill_at_the_second_page(request: Request) -> dict:
            if next(pages) == 1:
                process.kill()
            return _incidents(request)

        load.server.routes["/incidents"] = kill_at_the_second_page
        assert process.wait(timeout=60) == -signal.SIGKILL
        assert other.all_rows() == {}
        load.server.routes["/incidents"] = _incidents
        other()
        assert other.all_rows() == load.all_rows()
