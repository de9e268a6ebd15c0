"""Jira's incidents, against a server that plays it."""

import base64
import copy
import re
from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest
from source_checks import NOW, SALT, Case, Loader, SourceChecks, sample
from vendor_server import Answer, Request

from shipworthy.errors import ShipworthyError
from shipworthy.sources import vendor as find_vendor
from shipworthy.sources.http import Session
from shipworthy.sources.vendor import Keys

(SAMPLE,) = sample("incidents/jira_issues.json")["issues"]
SHA = "2d029d503c04bd77c0e4cdbf2d419e083cbc2505"


def _issue(number: int, **fields: Any) -> dict[str, Any]:
    issue = copy.deepcopy(SAMPLE)
    issue |= {"id": str(10_000 + number), "key": f"OPS-{number}"}
    issue["fields"] |= {"customfield_10060": None, **fields}
    return issue


def _link(name: str, outward: str, inward: str, **other: Any) -> dict[str, Any]:
    return {"id": "1", "type": {"name": name, "outward": outward, "inward": inward}, **other}


ISSUES = [
    SAMPLE,
    _issue(
        43,
        created="2026-05-12T09:30:00.000-0700",
        status={"name": "In Progress", "statusCategory": {"key": "indeterminate"}},
        resolutiondate=None,
        resolution=None,
        components=[{"name": "shop"}, {"name": "payments"}],
        customfield_10070="2026-05-12T09:00:00.000-0700",
        customfield_10071=502.0,
        customfield_10072=f"see {SHA}",
    ),
    _issue(44, resolution={"name": "Cannot Reproduce"}, priority=None, components=[]),
    # A project that sets no resolutions.
    _issue(
        45,
        resolution=None,
        resolutiondate=None,
        statuscategorychangedate="2026-05-13T10:00:00.000+0200",
        priority={"name": "Low"},
    ),
    _issue(
        46,
        resolution={"name": "Duplicate"},
        issuelinks=[
            _link("Cloners", "clones", "is cloned by", outwardIssue={"key": "OPS-44"}),
            _link("Duplicate", "duplicates", "is duplicated by", outwardIssue={"key": "OPS-42"}),
        ],
    ),
    # The other end of that link, and a type of link of the site's own.
    _issue(
        47,
        issuelinks=[
            _link("Duplicate", "duplicates", "is duplicated by", inwardIssue={"key": "OPS-46"})
        ],
    ),
    _issue(
        48,
        issuelinks=[_link("Merge", "absorbed", "merged into", inwardIssue={"key": "OPS-42"})],
    ),
    _issue(49, resolution={"name": "Duplicate"}),
]
# Enough for a third page of 100.
MANY = [_issue(1000 + number) for number in range(205)]


def _answer(request: Request) -> Any:
    """Selects by JQL and fields, pages by token, as the search does."""
    jql = request.query["jql"][0]
    found = re.fullmatch(
        r'\(issuetype = Incident\) AND updated >= "(\d{4}-\d\d-\d\d)" ORDER BY created ASC', jql
    )
    if not found:
        return Answer({"errorMessages": [f"bad query {jql}"]}, 400)
    fields = request.query["fields"][0].split(",")
    chosen = [issue for issue in [*ISSUES, *MANY] if issue["fields"]["updated"][:10] >= found[1]]
    start = int(request.query.get("nextPageToken", ["at-0"])[0].removeprefix("at-"))
    end = start + min(int(request.query["maxResults"][0]), 100)
    page = [
        {
            "id": issue["id"],
            "key": issue["key"],
            "fields": {name: value for name, value in issue["fields"].items() if name in fields},
        }
        for issue in chosen[start:end]
    ]
    more = end < len(chosen)
    return {"issues": page, "isLast": not more, **({"nextPageToken": f"at-{end}"} if more else {})}


class TestJira(SourceChecks):
    case = Case(
        "jira",
        routes={"/rest/api/3/search/jql": _answer},
        given={
            "services": {"shop": "acme/shop"},
            "severities": {"low": "sev5"},
            "severity_field": "customfield_10060",
            "started_field": "customfield_10070",
            "deployment_field": "customfield_10071",
            "sha_field": "customfield_10072",
        },
        environment={
            "JIRA_EMAIL": "loader@acme.example.com",
            "JIRA_API_TOKEN": "jira-secret-5Kp",
        },
        people=("Carol Okoye",),
        required={"created": "incidents", "key": "incidents", "fields": "incidents"},
    )

    @pytest.fixture
    def rows(self, load: Loader) -> dict[str, dict[str, Any]]:
        load()
        return {row["incident_id"]: row for row in load.rows("incidents")}

    def test_rows(self, rows: dict[str, dict[str, Any]]) -> None:
        assert len(rows) == 213
        first = rows["OPS-42"]
        assert first["severity_label"] == "SEV-1"
        assert first["service"] == "payments"
        assert first["opened_at"] == datetime(2026, 5, 11, 20, 5)
        assert first["resolved_at"] == datetime(2026, 5, 12, 10)
        assert first["is_false_alarm"] is False
        assert first["source"] == "jira"

    def test_named_fields_and_offsets(self, rows: dict[str, dict[str, Any]]) -> None:
        second = rows["OPS-43"]
        assert second["opened_at"] == datetime(2026, 5, 12, 16)  # 09:00 seven hours west
        assert second["resolved_at"] is None
        assert second["service"] == '["acme/shop", "payments"]'
        assert second["severity_label"] == "Highest"  # its priority: the field is empty
        assert second["caused_by_deployment_id"] == "502"
        assert second["caused_by_sha"] == SHA

    def test_false_alarms_and_missing_resolutions(self, rows: dict[str, dict[str, Any]]) -> None:
        assert rows["OPS-44"]["is_false_alarm"] is True
        assert rows["OPS-44"]["severity_label"] is None
        assert rows["OPS-44"]["service"] is None
        assert rows["OPS-45"]["is_false_alarm"] is False
        assert rows["OPS-45"]["resolved_at"] == datetime(2026, 5, 13, 8)
        assert rows["OPS-45"]["severity_label"] == "sev5"

    def test_links_name_what_an_issue_duplicates(self, rows: dict[str, dict[str, Any]]) -> None:
        found = {
            key: (rows[key]["merged_into_id"], rows[key]["is_false_alarm"])
            for key in ("OPS-42", "OPS-46", "OPS-47", "OPS-48", "OPS-49")
        }
        assert found == {
            "OPS-42": (None, False),
            "OPS-46": ("OPS-42", False),
            "OPS-47": (None, False),
            "OPS-48": ("OPS-42", False),
            "OPS-49": (None, True),
        }

    def test_resolutions_of_ones_own(self, load: Loader) -> None:
        load(false_alarms=["fixed"])
        alarms = {row["incident_id"]: row["is_false_alarm"] for row in load.rows("incidents")}
        assert (alarms["OPS-42"], alarms["OPS-44"]) == (True, False)

    def test_only_needed_fields_are_asked_for(self, load: Loader) -> None:
        load.once()
        fields = load.server.requests[0].query["fields"][0].split(",")
        assert "summary" not in fields
        assert "reporter" not in fields
        assert "customfield_10060" in fields

    def test_a_later_load_asks_from_a_day_earlier_still(self, load: Loader) -> None:
        load.once()
        asked = len(load.server.requests)
        load.case = replace(load.case, since=NOW)
        load()
        # The load before reached 20 June; one day read again, one for zones of time.
        assert '"2026-06-18"' in load.server.requests[asked].query["jql"][0]

    def test_an_older_state_never_wins(self, load: Loader, monkeypatch: pytest.MonkeyPatch) -> None:
        load()
        newer = _issue(43, updated="2026-06-01T00:00:00.000+0000")
        monkeypatch.setitem(globals(), "ISSUES", [newer, *ISSUES])
        load()
        (row,) = [row for row in load.rows("incidents") if row["incident_id"] == "OPS-43"]
        assert row["resolved_at"] == datetime(2026, 5, 12, 10)

    def test_the_credential_is_sent(self, load: Loader) -> None:
        load.once()
        sent = load.server.requests[0].headers["authorization"].removeprefix("Basic ")
        assert base64.b64decode(sent) == b"loader@acme.example.com:jira-secret-5Kp"

    def test_an_order_by_is_a_sentence(self, load: Loader) -> None:
        with pytest.raises(ShipworthyError, match="leave the ORDER BY out"):
            load(jql="project = OPS order by key")

    @pytest.mark.parametrize(
        ("given", "sentence"),
        [({}, "Jira needs --base-url"), ({"base_url": "acme.example.com"}, "start with https://")],
    )
    def test_the_address_is_the_users(self, given: dict[str, str], sentence: str) -> None:
        with pytest.raises(ShipworthyError, match=sentence):
            find_vendor("jira").settings(given, Keys(SALT.encode()), Session, self.case.environment)
