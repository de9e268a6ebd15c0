"""Claude Enterprise's analytics, against a server that plays them."""

import copy
from datetime import UTC, datetime

import pytest
from source_checks import SALT, Case, Loader, SourceChecks, sample
from vendor_server import Answer, Request

from shipworthy.errors import ShipworthyError
from shipworthy.identity import alias_key, person_key

ROOT = "/v1/organizations/analytics/"
USAGE, COST, USERS = (
    f"{ROOT}{name}" for name in ("user_usage_report", "user_cost_report", "users")
)
ALICE = person_key("alice@acme.example.com", SALT.encode())
GONE = alias_key("claude", "user_gone", SALT.encode())
REFRESHED = "2026-06-18T06:30:00Z"
PAGE = 2

USED = sample("usage/claude_enterprise_user_usage_report.json")["data"][0]
COSTED = sample("usage/claude_enterprise_user_cost_report.json")["data"][0]
ACTIVE = sample("usage/claude_enterprise_analytics_users.json")["data"][0]

GONE_ACTOR = {"type": "user_actor", "user_id": "user_gone", "deleted": True, "name": "Gil Oduya"}
CHAT = {
    **USED,
    "product": "chat",
    "cache_creation": {"ephemeral_1h_input_tokens": 300, "ephemeral_5m_input_tokens": 20},
    "requests": 4,
}
NEXT_DAY = {"starting_at": "2026-06-16T00:00:00Z", "ending_at": "2026-06-17T00:00:00Z"}
# Used and not yet billed; billed and without tokens; of a group.
UNBILLED = {**USED, **NEXT_DAY}
TOKENLESS = {**COSTED, **NEXT_DAY, "actor": GONE_ACTOR, "model": None, "amount": "0.5"}
GROUPED = {**USED, "rbac_group_id": "rbac_group_7"}
IDLE = copy.deepcopy(ACTIVE)
IDLE["user"].update(id="user_idle", email_address="idle@acme.example.com")
IDLE["claude_code_metrics"] = {
    "core_metrics": {
        "commit_count": 0,
        "distinct_session_count": 0,
        "lines_of_code": {"added_count": 0, "removed_count": 0},
    }
}

USAGE_ROWS = [USED, CHAT, UNBILLED, GROUPED]
COST_ROWS = [COSTED, {**COSTED, "product": "chat", "amount": "7.25"}, TOKENLESS]
MEMBERS = {"2026-06-15": [ACTIVE, IDLE], "2026-06-18": [ACTIVE]}


def _page(request: Request, chosen: list) -> dict:
    start = int(request.query.get("page", ["0"])[0])
    more = start + PAGE < len(chosen)
    return {
        "data": chosen[start : start + PAGE],
        "has_more": more,
        "next_page": str(start + PAGE) if more else None,
    }


def report(rows: list[dict], refreshed: str | None = REFRESHED):
    """Return a route: the rows of a range, dimensions null unless grouped by."""

    def answer(request: Request) -> dict:
        query = request.query
        assert query["bucket_width"] == ["1d"]
        assert query["group_by[]"] == ["product", "model"]
        chosen = [
            row
            for row in rows
            if query["starting_at"][0] <= row["starting_at"] < query["ending_at"][0]
            and row["product"] in query.get("products[]", [row["product"]])
        ]
        covered = refreshed is not None and query["starting_at"][0] < refreshed
        return {**_page(request, chosen), "data_refreshed_at": refreshed if covered else None}

    return answer


def users(members: dict[str, list[dict]], too_recent: str = "9999"):
    """Return a route: a day's members; days from `too_recent` on are refused."""

    def answer(request: Request) -> object:
        day = request.query["date"][0]
        if day >= too_recent:
            return Answer({"error": {"type": "invalid_request_error"}}, 400)
        return _page(request, members.get(day, []))

    return answer


def routes(
    usage: list[dict] = USAGE_ROWS,
    cost: list[dict] = COST_ROWS,
    members: dict[str, list[dict]] = MEMBERS,
) -> dict:
    return {USAGE: report(usage), COST: report(cost), USERS: users(members)}


class TestClaudeEnterprise(SourceChecks):
    case = Case(
        "claude-enterprise",
        routes=routes(),
        environment={"ANTHROPIC_ANALYTICS_KEY": "sk-ant-analytics-secret-5Hp"},
        since=datetime(2026, 6, 14, tzinfo=UTC),
        people=("alice@acme", "Alice Ng", "Gil Oduya", "user_gone", "user_01BWBeN28abcdef"),
        required={"actor": "ai_usage", "uncached_input_tokens": "ai_usage", "amount": "ai_usage"},
    )

    def _usage(self, load: Loader) -> dict:
        """Rows of usage and cost by day of June, person and requests."""
        return {
            (row["bucket_started_at"].day, row["person_key"], row["requests"]): row
            for row in load.rows("ai_usage")
            if row["sessions"] is None
        }

    def test_usage_and_cost_are_one_row(self, load: Loader) -> None:
        load.once()
        rows = self._usage(load)
        assert set(rows) == {(15, ALICE, 187), (15, ALICE, 4), (16, ALICE, 187), (16, GONE, 187)}
        code = rows[15, ALICE, 187]
        assert code["source"] == "claude-enterprise"
        assert code["tool"] == "claude"
        assert code["model"] == "claude-opus-4-6"
        assert code["bucket_hours"] == 24
        assert code["uncached_input_tokens"] == 100000
        assert code["cache_read_tokens"] == 10000
        assert code["cache_write_tokens"] == 5000
        assert code["output_tokens"] == 35000
        assert code["is_automated"] is False

    def test_fractional_cents_become_dollars(self, load: Loader) -> None:
        load.once()
        rows = self._usage(load)
        assert rows[15, ALICE, 187]["billed_usd"] == pytest.approx(10.254375)
        assert rows[15, ALICE, 4]["billed_usd"] == pytest.approx(0.0725)

    def test_both_lives_of_a_cache_count_as_written(self, load: Loader) -> None:
        load.once()
        assert self._usage(load)[15, ALICE, 4]["cache_write_tokens"] == 320

    def test_usage_without_cost_and_cost_without_usage(self, load: Loader) -> None:
        load.once()
        rows = self._usage(load)
        assert rows[16, ALICE, 187]["billed_usd"] is None
        assert rows[16, ALICE, 187]["output_tokens"] == 35000
        assert rows[16, GONE, 187]["billed_usd"] == pytest.approx(0.005)
        assert rows[16, GONE, 187]["output_tokens"] is None

    def test_activity_is_a_row_of_its_own_and_of_who_was_active(self, load: Loader) -> None:
        load.once()
        rows = [row for row in load.rows("ai_usage") if row["sessions"] is not None]
        assert [row["person_key"] for row in rows] == [ALICE, ALICE]
        assert {row["bucket_started_at"].day for row in rows} == {15, 18}
        for row in rows:
            assert (row["sessions"], row["accepted_lines"]) == (5, 1543)
            assert row["model"] is row["billed_usd"] is row["output_tokens"] is None

    def test_groups_are_left_out(self, load: Loader) -> None:
        load.once()
        other = load.another("other")
        load.server.routes = routes(usage=[row for row in USAGE_ROWS if row is not GROUPED])
        other()
        assert other.all_rows() == load.all_rows()

    def test_what_is_read_ends_where_the_data_was_refreshed(self, load: Loader) -> None:
        load.once()
        (mark,) = load.rows("load_watermarks")
        assert mark["loaded_through"] == datetime(2026, 6, 18, 6, 30)

    def test_a_day_that_no_export_holds_ends_what_is_read(self, load: Loader) -> None:
        late = "2026-06-18T00:00:00Z"
        load.server.routes = {**routes(), COST: report(COST_ROWS, late)}
        load()
        (mark,) = load.rows("load_watermarks")
        assert mark["loaded_through"] == datetime(2026, 6, 18)

    def test_days_before_the_first_export_are_none(self, load: Loader) -> None:
        sound = report(USAGE_ROWS)

        def young(request: Request) -> dict:
            first = request.query["starting_at"][0] < "2026-06-15"
            return {**sound(request), **({"data_refreshed_at": None} if first else {})}

        load.server.routes = {**routes(), USAGE: young}
        load()
        (mark,) = load.rows("load_watermarks")
        assert mark["loaded_through"] == datetime(2026, 6, 18, 6, 30)

    def test_no_time_to_come_is_asked_for(self, load: Loader) -> None:
        load.once()
        ends = [request.query.get("ending_at", [""])[0] for request in load.server.requests]
        assert max(ends) == "2026-06-20T12:00:00Z"

    def test_activity_that_is_not_there_yet_ends_what_is_read(self, load: Loader) -> None:
        late = "2026-06-20T11:00:00Z"
        load.server.routes = {
            **routes(),
            USAGE: report(USAGE_ROWS, late),
            COST: report(COST_ROWS, late),
            USERS: users(MEMBERS, too_recent="2026-06-19"),
        }
        load()
        (mark,) = load.rows("load_watermarks")
        assert mark["loaded_through"] == datetime(2026, 6, 19)

    def test_a_refused_day_long_ago_is_an_error(self, load: Loader) -> None:
        refused = Answer({"error": {"type": "invalid_request_error"}}, 400)
        load.server.routes = {**routes(), USERS: lambda request: refused}
        with pytest.raises(ShipworthyError, match="answered 400"):
            load()

    def test_a_late_revision_replaces(self, load: Loader) -> None:
        load.once()
        cost = [*COST_ROWS, {**COSTED, **NEXT_DAY, "amount": "200"}]
        usage = [{**USED, "output_tokens": 35001}, *USAGE_ROWS[1:]]
        load.server.routes = routes(usage, cost)
        (done,) = load()
        assert (done.tables["ai_usage"].inserted, done.tables["ai_usage"].updated) == (0, 2)
        assert self._usage(load)[16, ALICE, 187]["billed_usd"] == 2.0

    def test_repeated_and_reordered_pages_change_nothing(self, load: Loader) -> None:
        load.once()
        other = load.another("other")
        smaller = {**USED, "output_tokens": 34000}
        load.server.routes = routes(
            [smaller, *reversed(USAGE_ROWS), smaller, CHAT],
            [*reversed(COST_ROWS), *COST_ROWS],
            {day: [*rows, *rows] for day, rows in MEMBERS.items()},
        )
        other()
        assert other.all_rows() == load.all_rows()

    def test_pages_that_expire_are_read_from_the_first(self, load: Loader) -> None:
        load.once()
        other = load.another("other")
        whole, left = report(USAGE_ROWS), [1]

        def expiring(request: Request) -> object:
            if "page" in request.query and left:
                left.pop()
                return Answer({"error": {"type": "page_expired"}}, 410)
            return whole(request)

        load.server.routes = {**routes(), USAGE: expiring}
        other()
        assert not left
        assert other.all_rows() == load.all_rows()

    def test_pages_that_keep_expiring_are_a_sentence(self, load: Loader) -> None:
        expired = Answer({"error": {"type": "page_expired"}}, 410)
        load.server.routes = {**routes(), USAGE: lambda request: expired}
        with pytest.raises(ShipworthyError, match="expired 4 times"):
            load()

    def test_only_the_named_products(self, load: Loader) -> None:
        load(products=["chat"])
        assert set(self._usage(load)) == {(15, ALICE, 4)}
        assert len(load.rows("ai_usage")) == 1

    def test_another_currency_is_refused(self, load: Loader) -> None:
        load.server.routes = routes(cost=[{**COSTED, "currency": "EUR"}])
        load(max_rejected=0.5)
        (refused,) = load.rows("rejected_rows")
        assert refused["reason"] == "currency is not USD"

    def test_nothing_before_2026_is_asked_for(self, load: Loader) -> None:
        early = Case("claude-enterprise", {}, since=datetime(2025, 12, 30, tzinfo=UTC))
        load.server.routes = {
            USAGE: report([]),
            COST: report([]),
            USERS: lambda request: {"data": [], "next_page": None},
        }
        Loader(early, load.server, load.warehouse)()
        asked = [request.query.get("starting_at") for request in load.server.requests]
        assert min(start[0] for start in asked if start) == "2026-01-01T00:00:00Z"
