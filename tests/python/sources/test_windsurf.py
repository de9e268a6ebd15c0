"""Windsurf's usage, against a server that plays it."""

from datetime import datetime
from typing import Any

import pytest
from source_checks import SALT, Case, Loader, SourceChecks
from vendor_server import Answer, Request

from shipworthy.errors import ShipworthyError
from shipworthy.sources.vendor import Keys

KEYS = Keys(SALT.encode())
SECRET = "ws-secret-3Qm"
ADA, BOB = "Ada@acme.example.com", "bob@acme.example.com"


def _run(day: int, model: str, conversation: str, **changed: Any) -> dict[str, Any]:
    return {
        "day": f"2026-05-{day:02}T00:00:00Z",
        "model": model,
        "mode": "CONVERSATIONAL_PLANNER_MODE_DEFAULT",
        "messagesSent": "2",
        "cascadeId": conversation,
        "promptsUsed": "150",
        **changed,
    }


LINES = {
    ADA: [
        {"day": "2026-05-05T00:00:00Z", "linesSuggested": "206", "linesAccepted": "157"},
        {"day": "2026-06-10T00:00:00Z", "linesSuggested": "16"},
    ]
}
RUNS = {
    ADA: [
        _run(5, "Claude Sonnet 4.5", "c-1"),
        _run(5, "Claude Sonnet 4.5", "c-1", promptsUsed="50"),
        _run(5, "Claude Sonnet 4.5", "c-2", messagesSent=None, promptsUsed=None),
        _run(5, "UNKNOWN", "c-2"),
        _run(6, "Claude Sonnet 4.5", "c-2"),
    ],
    BOB: [_run(7, "SWE-1.5", "c-3", promptsUsed="0")],
}


def _in(request: Request, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    since, until = request.body["start_timestamp"], request.body["end_timestamp"]
    return [row for row in rows if since <= row["day"] < until]


def _members(request: Request) -> Any:
    if request.body["service_key"] != SECRET:
        return Answer({"error": "Invalid service key"}, 400)
    return {
        "userTableStats": [
            {"name": "Ada Ng", "email": ADA, "apiKey": "k-1", "activeDays": 3},
            {"name": "Bob Ruiz", "email": BOB, "apiKey": "k-2"},
            {"name": "Gone", "apiKey": "k-3"},
        ]
    }


def _cascade(request: Request) -> Any:
    assert request.body["query_requests"] == [{"cascade_lines": {}}, {"cascade_runs": {}}]
    (address,) = request.body["emails"]
    lines, runs = (_in(request, rows.get(address, [])) for rows in (LINES, RUNS))
    # Empty lists are left out.
    return {
        "queryResults": [
            {"cascadeLines": {"cascadeLines": lines} if lines else {}},
            {"cascadeRuns": {"cascadeRuns": runs} if runs else {}},
        ]
    }


class TestWindsurf(SourceChecks):
    case = Case(
        "windsurf",
        routes={"POST /UserPageAnalytics": _members, "POST /CascadeAnalytics": _cascade},
        environment={"WINDSURF_SERVICE_KEY": SECRET},
        people=(ADA, BOB, "Ada Ng", "Bob Ruiz"),
        required={"day": "ai_usage"},
    )

    def test_rows(self, load: Loader) -> None:
        (done,) = load.once()
        assert done.passed_over == {"members without an address": 2}  # once a window
        rows = {
            (row["person_key"], row["bucket_started_at"].day, row["model"], row["sessions"]): row
            for row in load.rows("ai_usage")
        }
        ada, bob = KEYS.email(ADA), KEYS.email(BOB)
        assert set(rows) == {
            (ada, 5, None, None),
            (ada, 10, None, None),
            (ada, 5, "Claude Sonnet 4.5", 2),
            (ada, 5, None, 1),
            (ada, 6, "Claude Sonnet 4.5", 1),
            (bob, 7, "SWE-1.5", 1),
        }
        lines = rows[ada, 5, None, None]
        assert (lines["suggested_lines"], lines["accepted_lines"]) == (206, 157)
        assert (lines["requests"], lines["credits"]) == (None, None)
        assert rows[ada, 10, None, None]["accepted_lines"] == 0
        runs = rows[ada, 5, "Claude Sonnet 4.5", 2]
        assert (runs["requests"], runs["credits"]) == (4, 2.0)
        assert (runs["bucket_started_at"], runs["bucket_hours"]) == (datetime(2026, 5, 5), 24)
        assert (runs["uncached_input_tokens"], runs["billed_usd"]) == (None, None)
        assert rows[bob, 7, "SWE-1.5", 1]["credits"] == 0

    def test_the_key_stands_in_the_body_alone(self, load: Loader) -> None:
        load.once()
        for request in load.server.requests:
            assert request.body["service_key"] == SECRET
            assert SECRET not in str(request.headers) + str(request.query)

    def test_a_wrong_key_is_a_sentence(self, load: Loader, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("WINDSURF_SERVICE_KEY", "wrong")
        with pytest.raises(ShipworthyError, match=r"refused the credential.*Teams Read-only"):
            load()

    def test_an_answer_without_members_is_a_sentence(self, load: Loader) -> None:
        load.server.routes["POST /UserPageAnalytics"] = {"ok": True}
        with pytest.raises(ShipworthyError, match="without a list 'userTableStats'"):
            load()
