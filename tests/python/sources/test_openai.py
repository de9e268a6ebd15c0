"""OpenAI's usage and costs, against a server that plays it."""

import copy
from datetime import UTC, datetime

import pytest
from source_checks import SALT, Case, Loader, SourceChecks, sample
from vendor_server import Request

from shipworthy.errors import ShipworthyError
from shipworthy.identity import alias_key

USAGE = "/v1/organization/usage/completions"
COSTS = "/v1/organization/costs"
DAY = 86400
FIRST = int(datetime(2026, 6, 15, tzinfo=UTC).timestamp())

USER = alias_key("openai", "user-xyz", SALT.encode())
KEY = alias_key("openai-api-key", "key_ci77", SALT.encode())

PERSON = sample("usage/openai_usage_completions.json")["data"][0]["results"][0]
# 1000 in all, 600 of them read from the cache and 150 written to it.
SERVICE = {
    **PERSON,
    "user_id": None,
    "api_key_id": "key_ci77",
    "model": "gpt-5.2",
    "input_tokens": 1000,
    "input_cached_tokens": 600,
    "input_cache_write_tokens": 150,
    "input_uncached_tokens": 250,
    "output_tokens": 40,
    "num_model_requests": 3,
}
# An answer of old: no split.
UNSPLIT = {
    "object": "organization.usage.completions.result",
    "input_tokens": 77,
    "output_tokens": 5,
    "num_model_requests": 1,
    "project_id": None,
    "user_id": None,
    "api_key_id": None,
    "model": None,
}


def _cost(value: object, item: str, project: str | None = "proj_abc") -> dict:
    return {
        "object": "organization.costs.result",
        "amount": {"value": value, "currency": "usd"},
        "line_item": item,
        "project_id": project,
    }


BUCKETS = {FIRST: [PERSON, SERVICE], FIRST + DAY: [PERSON], FIRST + 3 * DAY: [UNSPLIT]}
BILLS = {
    FIRST: [_cost(0.06, "gpt-5.2, input"), _cost("1.25", "gpt-5.3-codex, output")],
    FIRST + DAY: [_cost(2, "web search", None)],
}


def serve(buckets: dict[int, list[dict]]):
    """Return a route: buckets of a day, two a page, each dimension null unless grouped by."""

    def answer(request: Request) -> dict:
        query = request.query
        assert query["bucket_width"] == ["1d"]
        dimensions = {"user_id", "project_id", "api_key_id", "model", "line_item"}
        hidden = dimensions - set(query["group_by"])
        start, end = int(query["start_time"][0]), int(query["end_time"][0])
        starts = range(start, end, DAY)
        first = int(query.get("page", ["page_0"])[0].removeprefix("page_"))
        more = first + 2 < len(starts)
        return {
            "object": "page",
            "data": [
                {
                    "object": "bucket",
                    "start_time": begin,
                    "end_time": begin + DAY,
                    "results": [
                        {name: None if name in hidden else value for name, value in result.items()}
                        for result in buckets.get(begin, [])
                    ],
                }
                for begin in starts[first : first + 2]
            ],
            "has_more": more,
            "next_page": f"page_{first + 2}" if more else None,
        }

    return answer


class TestOpenAI(SourceChecks):
    case = Case(
        "openai",
        routes={USAGE: serve(BUCKETS), COSTS: serve(BILLS)},
        given={"costs": "billed"},
        environment={"OPENAI_ADMIN_KEY": "sk-admin-secret-3Vd"},
        since=datetime(2026, 6, 13, tzinfo=UTC),
        people=("user-xyz", "key_ci77"),
        required={"start_time": "ai_usage", "input_tokens": "ai_usage", "amount": "ai_usage"},
    )

    def test_input_is_without_cache(self, load: Loader) -> None:
        load(costs="none")
        rows = load.rows("ai_usage")
        assert len(rows) == 4
        (service,) = [row for row in rows if row["person_key"] == KEY]
        assert service["uncached_input_tokens"] == 250
        assert service["cache_read_tokens"] == 600
        assert service["cache_write_tokens"] == 150
        assert service["output_tokens"] == 40
        person = next(row for row in rows if row["person_key"] == USER)
        assert person["uncached_input_tokens"] == 141201 - 98000
        assert person["cache_read_tokens"] == 98000
        assert person["cache_write_tokens"] is None
        assert person["requests"] == 470
        assert person["bucket_hours"] == 24
        assert person["bucket_started_at"] == datetime(2026, 6, 15)

    def test_input_that_is_not_split_is_unknown(self, load: Loader) -> None:
        load(costs="none")
        (row,) = [row for row in load.rows("ai_usage") if row["output_tokens"] == 5]
        assert row["uncached_input_tokens"] is None
        assert row["cache_read_tokens"] is None
        assert row["person_key"] is None
        assert row["is_automated"] is None

    def test_who_and_what(self, load: Loader) -> None:
        load(costs="none")
        seen = {
            (row["person_key"], row["model"], row["tool"], row["is_automated"])
            for row in load.rows("ai_usage")
        }
        assert seen == {
            (USER, "gpt-5.3-codex", "codex", False),
            (KEY, "gpt-5.2", None, True),
            (None, None, None, None),
        }

    def test_without_costs_tokens_are_left_to_the_price_list(self, load: Loader) -> None:
        load(costs="none")
        assert {row["billed_usd"] for row in load.rows("ai_usage")} == {None}
        assert COSTS not in {request.path for request in load.server.requests}

    def test_with_costs_each_dollar_counts_once(self, load: Loader) -> None:
        load.once()
        rows = load.rows("ai_usage")
        usage = [row for row in rows if row["output_tokens"] is not None]
        bills = [row for row in rows if row["output_tokens"] is None]
        assert (len(usage), len(bills)) == (4, 3)
        assert {row["billed_usd"] for row in usage} == {0.0}
        assert sorted(row["billed_usd"] for row in bills) == [0.06, 1.25, 2.0]
        for name in ("person_key", "model", "requests", "uncached_input_tokens", "tool"):
            assert {row[name] for row in bills} == {None}

    def test_default_is_without_costs(self, load: Loader) -> None:
        load(costs=None)
        assert COSTS not in {request.path for request in load.server.requests}

    def test_another_word_for_costs_is_a_sentence(self, load: Loader) -> None:
        with pytest.raises(ShipworthyError, match="--costs is neither billed nor none"):
            load(costs="all")

    def test_a_late_revision_replaces(self, load: Loader) -> None:
        load.once()
        revised = {**BUCKETS, FIRST + DAY: [{**PERSON, "output_tokens": 9999}]}
        bills = copy.deepcopy(BILLS)
        bills[FIRST + DAY][0]["amount"]["value"] = 2.5
        load.server.routes = {USAGE: serve(revised), COSTS: serve(bills)}
        (done,) = load()
        assert (done.tables["ai_usage"].inserted, done.tables["ai_usage"].updated) == (0, 2)

    def test_repeated_and_reordered_results_change_nothing(self, load: Loader) -> None:
        load.once()
        other = load.another("other")
        smaller = {**PERSON, "output_tokens": 9755}
        twice = {**BUCKETS, FIRST: [smaller, SERVICE, PERSON, SERVICE, smaller]}
        load.server.routes = {USAGE: serve(twice), COSTS: serve(BILLS)}
        other()
        assert other.all_rows() == load.all_rows()

    def test_more_cache_than_input_is_refused(self, load: Loader) -> None:
        wrong = {**BUCKETS, FIRST: [PERSON, {**SERVICE, "input_tokens": 700}]}
        load.server.routes = {USAGE: serve(wrong)}
        load(costs="none", max_rejected=0.5)
        (refused,) = load.rows("rejected_rows")
        assert refused["reason"] == "uncached_input_tokens is negative"

    def test_another_currency_is_refused(self, load: Loader) -> None:
        bills = copy.deepcopy(BILLS)
        bills[FIRST][0]["amount"]["currency"] = "eur"
        load.server.routes = {USAGE: serve(BUCKETS), COSTS: serve(bills)}
        load(max_rejected=0.5)
        (refused,) = load.rows("rejected_rows")
        assert refused["reason"] == "amount.currency is not usd"

    def test_the_request(self, load: Loader) -> None:
        load(costs="none")
        first = load.server.requests[0]
        assert first.headers["authorization"] == "Bearer sk-admin-secret-3Vd"
        assert first.query["group_by"] == ["user_id", "project_id", "api_key_id", "model"]
        # Eight days, two a page.
        assert len(load.server.requests) == 4
