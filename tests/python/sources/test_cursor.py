"""Cursor's daily usage and usage events, against a server that plays it."""

import copy
from base64 import b64decode
from datetime import UTC, datetime

import pytest
from source_checks import SALT, Case, Loader, SourceChecks, sample
from vendor_server import Request

from shipworthy.errors import ShipworthyError
from shipworthy.identity import alias_key, person_key
from shipworthy.sources.vendor import Keys

DAYS = "/teams/daily-usage-data"
EVENTS = "/teams/filtered-usage-events"
BOB = person_key("bob@acme.example.com", SALT.encode())
NUMBERED = alias_key("cursor", "77", SALT.encode())

MEMBER_DAY = sample("usage/cursor_daily_usage.json")["data"][0]
CHARGED, INCLUDED = sample("usage/cursor_filtered_usage_events.json")["usageEvents"]
HOUR = 3_600_000


def _at(event: dict, hours: int, **changes: object) -> dict:
    """The event so many hours later; None takes a field away."""
    later = {**event, "timestamp": str(int(event["timestamp"]) + hours * HOUR), **changes}
    return {name: value for name, value in later.items() if value is not None}


MEMBER_DAYS = [
    MEMBER_DAY,
    {**MEMBER_DAY, "email": "away@acme.example.com", "isActive": False, "acceptedLinesAdded": 0},
    {**MEMBER_DAY, "email": None, "userId": 77, "acceptedLinesAdded": 3},
    {**MEMBER_DAY, "date": MEMBER_DAY["date"] + 24 * HOUR, "day": "2026-06-16"},
]
# Two events of one moment, member and model; a script's; included, with tokens; of nobody.
TWIN = _at(CHARGED, 0, chargedCents=1.5, tokenUsage={**CHARGED["tokenUsage"], "outputTokens": 9})
SCRIPTED = _at(CHARGED, 1, isHeadless=True)
WITHIN_PLAN = _at(CHARGED, 2, kind="Included in Business", chargedCents=None)
NOBODYS = _at(CHARGED, 3, userEmail=None, userId=None, isHeadless=None)
PENDING = _at(CHARGED, 48, chargedCents=None)
LIST = [CHARGED, TWIN, INCLUDED, SCRIPTED, WITHIN_PLAN, NOBODYS, PENDING]
PAGE = 2


def member_days(items: list[dict]):
    """Return a route: the days of a range, in pages."""

    def answer(request: Request) -> dict:
        body = request.body
        assert body["endDate"] - body["startDate"] <= 30 * 24 * HOUR
        chosen = [item for item in items if body["startDate"] <= item["date"] <= body["endDate"]]
        start = (body["page"] - 1) * PAGE
        return {
            "data": chosen[start : start + PAGE],
            "period": {"startDate": body["startDate"], "endDate": body["endDate"]},
            "pagination": {"page": body["page"], "hasNextPage": start + PAGE < len(chosen)},
        }

    return answer


def events(items: list[dict]):
    """Return a route: the events of a range, newest first, in pages."""

    def answer(request: Request) -> dict:
        body = request.body
        chosen = [
            item
            for item in sorted(items, key=lambda item: -int(item["timestamp"]))
            if body["startDate"] <= int(item["timestamp"]) <= body["endDate"]
        ]
        start = (body["page"] - 1) * PAGE
        return {
            "totalUsageEventsCount": len(chosen),
            "pagination": {
                "currentPage": body["page"],
                "hasNextPage": start + PAGE < len(chosen),
            },
            "usageEvents": chosen[start : start + PAGE],
        }

    return answer


def routes(days: list[dict] = MEMBER_DAYS, usage: list[dict] = LIST) -> dict:
    return {DAYS: member_days(days), EVENTS: events(usage)}


class TestCursor(SourceChecks):
    case = Case(
        "cursor",
        routes=routes(),
        environment={"CURSOR_API_KEY": "key_secret9Lw"},
        since=datetime(2026, 6, 14, tzinfo=UTC),
        people=("bob@acme", "away@acme"),
        required={
            "timestamp": "ai_usage",
            "date": "ai_usage",
            "acceptedLinesAdded": "ai_usage",
        },
    )

    def _events(self, load: Loader) -> list[dict]:
        return [row for row in load.rows("ai_usage") if row["bucket_hours"] == 1]

    def test_lines_stand_in_the_days(self, load: Loader) -> None:
        load.once()
        rows = [row for row in load.rows("ai_usage") if row["bucket_hours"] == 24]
        seen = {(row["person_key"], row["bucket_started_at"].day): row for row in rows}
        assert len(rows) == 3
        assert set(seen) == {(BOB, 15), (BOB, 16), (NUMBERED, 15)}
        row = seen[BOB, 15]
        assert row["accepted_lines"] == 1102
        assert row["suggested_lines"] is None
        assert row["source"] == row["tool"] == "cursor"
        for name in ("requests", "sessions", "model", "billed_usd", "output_tokens", "credits"):
            assert row[name] is None, name

    def test_requests_tokens_and_cost_stand_in_the_events(self, load: Loader) -> None:
        load.once()
        rows = self._events(load)
        assert len(rows) == 7
        assert sum(row["requests"] for row in rows) == 7
        assert {row["accepted_lines"] for row in rows} == {None}
        first = datetime(2026, 6, 15, 8)
        (row,) = [
            row for row in rows if row["bucket_started_at"] == first and row["output_tokens"] == 450
        ]
        assert row["billed_usd"] == pytest.approx(0.2138)
        assert row["person_key"] == BOB
        assert row["model"] == "composer-1"
        assert row["uncached_input_tokens"] == 126
        assert row["cache_write_tokens"] == 6112
        assert row["cache_read_tokens"] == 11964
        assert row["output_tokens"] == 450

    def test_what_the_plan_includes(self, load: Loader) -> None:
        load.once()
        by_model = {row["model"]: row for row in self._events(load)}
        without_tokens = by_model["claude-4-sonnet-thinking"]
        assert without_tokens["billed_usd"] is None
        assert without_tokens["output_tokens"] is None
        (with_tokens,) = [row for row in self._events(load) if row["billed_usd"] == 0]
        assert with_tokens["output_tokens"] == 450

    def test_events_of_one_moment_are_two(self, load: Loader) -> None:
        load.once()
        outputs = sorted(row["output_tokens"] or 0 for row in self._events(load))
        assert outputs == [0, 9, 450, 450, 450, 450, 450]

    def test_who_is_automated(self, load: Loader) -> None:
        load.once()
        rows = self._events(load)
        seen = {row["bucket_started_at"]: row["is_automated"] for row in rows}
        assert seen[datetime(2026, 6, 15, 9)] is True
        assert seen[datetime(2026, 6, 15, 10)] is False
        (nobodys,) = [row for row in rows if row["person_key"] is None]
        assert nobodys["is_automated"] is True

    def test_a_charge_that_is_settled_later_replaces(self, load: Loader) -> None:
        load.once()
        pending = datetime(2026, 6, 17, 8)
        before = [row for row in self._events(load) if row["bucket_started_at"] == pending]
        assert before[0]["billed_usd"] is None
        settled = {**PENDING, "chargedCents": 12}
        dearer = {**CHARGED, "chargedCents": 1}  # below its twin's
        load.server.routes = routes(usage=[dearer, *LIST[1:-1], settled])
        (done,) = load()
        assert (done.tables["ai_usage"].inserted, done.tables["ai_usage"].updated) == (0, 2)
        rows = self._events(load)
        assert [row["billed_usd"] for row in rows if row["bucket_started_at"] == pending] == [0.12]
        assert {row["billed_usd"] for row in rows if row["output_tokens"] == 9} == {0.015}

    def test_repeated_and_reordered_pages_change_nothing(self, load: Loader) -> None:
        load.once()
        other = load.another("other")
        sound = events(list(reversed(LIST)))

        def shifting(request: Request) -> dict:
            """An event that came in while the pages were read pushed each by one."""
            answer = sound(request)
            if request.body["page"] > 1:
                before = copy.copy(request.body)
                before["page"] -= 1
                last = sound(Request("POST", EVENTS, {}, {}, before))["usageEvents"][-1:]
                answer["usageEvents"] = last + answer["usageEvents"]
            return answer

        load.server.routes = {
            DAYS: member_days([*reversed(MEMBER_DAYS), *MEMBER_DAYS]),
            EVENTS: shifting,
        }
        other()
        assert other.all_rows() == load.all_rows()

    def test_events_that_are_alike_all_count(self, load: Loader) -> None:
        # As many as the answer says that there are, also across pages.
        load.server.routes = routes(usage=[CHARGED] * 5)
        load()
        assert len(self._events(load)) == 5

    def test_an_answer_of_one_page_needs_no_pagination(self, load: Loader) -> None:
        load.server.routes = {
            **routes(),
            DAYS: {"data": MEMBER_DAYS, "period": {}},
        }
        load()
        assert len(load.rows("ai_usage")) == 10

    def test_an_answer_without_its_list_is_a_sentence(self, load: Loader) -> None:
        load.server.routes = {**routes(), EVENTS: {"events": []}}
        with pytest.raises(ShipworthyError, match="answered without the list 'usageEvents'"):
            load()

    def test_the_key_is_the_user_of_basic_authentication(self, load: Loader) -> None:
        load.once()
        for request in load.server.requests:
            scheme, _, text = request.headers["authorization"].partition(" ")
            assert scheme == "Basic"
            assert b64decode(text) == b"key_secret9Lw:"

    def test_doctor_authenticates_alike(self) -> None:
        from shipworthy.sources.vendors.cursor import VENDOR

        settings = VENDOR.settings(
            {}, Keys(SALT.encode()), lambda title: None, {"CURSOR_API_KEY": "key_secret9Lw"}
        )
        text = VENDOR.authenticate(settings)["Authorization"].removeprefix("Basic ")
        assert b64decode(text) == b"key_secret9Lw:"
