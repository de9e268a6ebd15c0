"""Claude Code Analytics, against a server that plays it."""

import copy
from datetime import UTC, datetime

import pytest
from source_checks import SALT, Case, Loader, SourceChecks, sample
from vendor_server import Request

from shipworthy.errors import ShipworthyError
from shipworthy.identity import alias_key, person_key
from shipworthy.sources import landing

ALICE = person_key("alice@acme.example.com", SALT.encode())
CI = alias_key("claude-api-key", "ci-agent", SALT.encode())
PATH = "/v1/organizations/usage_report/claude_code"

FEW = sample("usage/claude_code_usage_report.json")["data"]
# A remote session of the same person and day, in no terminal, with two models.
REMOTE = copy.deepcopy(FEW[0])
REMOTE.update(terminal_type=None, is_remote=True, customer_type="subscription")
REMOTE["core_metrics"].update(num_sessions=2, lines_of_code={"added": 40, "removed": 7})
REMOTE["model_breakdown"].append(
    {
        "model": "claude-haiku-4-5",
        "tokens": {"input": 7, "output": 8, "cache_read": 9, "cache_creation": 10},
        "estimated_cost": {"currency": "USD", "amount": 0.5},
    }
)


def _of(number: int) -> dict:
    record = copy.deepcopy(FEW[0])
    record["actor"]["email_address"] = f"dev{number:04}@acme.example.com"
    record["date"] = "2026-06-16T00:00:00Z"
    return record


RECORDS = [*FEW, REMOTE, *(_of(number) for number in range(7))]
PAGE = 4  # whatever limit is asked for: the server's own maximum


def serve(records: list[dict]):
    """Return a route: the records of one day, in pages that a cursor leads through."""

    def answer(request: Request) -> dict:
        chosen = [item for item in records if item["date"][:10] == request.query["starting_at"][0]]
        start = int(request.query.get("page", ["0"])[0].removeprefix("page_") or 0)
        end = start + PAGE
        return {
            "data": chosen[start:end],
            "has_more": end < len(chosen),
            "next_page": f"page_{end}" if end < len(chosen) else None,
        }

    return answer


class TestClaudeCode(SourceChecks):
    case = Case(
        "claude-code",
        routes={PATH: serve(RECORDS)},
        environment={"ANTHROPIC_ADMIN_KEY": "sk-ant-admin-secret-8Qz"},
        since=datetime(2026, 6, 13, tzinfo=UTC),
        people=("alice@acme", "dev0001", "ci-agent"),
        required={"date": "ai_usage", "actor": "ai_usage", "num_sessions": "ai_usage"},
    )

    def test_rows(self, load: Loader) -> None:
        load.once()
        rows = load.rows("ai_usage")
        # Two rows for each record, and a third for the remote session's second model.
        assert len(rows) == 2 * 10 + 1
        mine = [row for row in rows if row["person_key"] == ALICE]
        # In the terminal and remotely, with the same tokens.
        opus, _ = [row for row in mine if row["output_tokens"] == 35000]
        assert opus["source"] == "claude-code"
        assert opus["tool"] == "claude"
        assert opus["model"] == "claude-opus-4-6"
        assert opus["bucket_started_at"] == datetime(2026, 6, 15)
        assert opus["bucket_hours"] == 24
        assert opus["uncached_input_tokens"] == 100000
        assert opus["cache_read_tokens"] == 10000
        assert opus["cache_write_tokens"] == 5000
        assert opus["sessions"] is None
        assert opus["requests"] is None
        assert opus["is_automated"] is False

    def test_cents_become_dollars(self, load: Loader) -> None:
        load.once()
        billed = {
            (row["person_key"], row["model"]): row["billed_usd"] for row in load.rows("ai_usage")
        }
        assert billed[ALICE, "claude-opus-4-6"] == 10.25
        assert billed[ALICE, "claude-haiku-4-5"] == 0.005
        assert billed[CI, "claude-haiku-4-5"] == 0.91

    def test_sessions_and_lines_count_once_for_a_record(self, load: Loader) -> None:
        load.once()
        mine = [row for row in load.rows("ai_usage") if row["person_key"] == ALICE]
        assert sorted(row["sessions"] for row in mine if row["sessions"] is not None) == [2, 5]
        lines = [row["accepted_lines"] for row in mine if row["accepted_lines"] is not None]
        assert sorted(lines) == [40, 1543]
        assert all(row["suggested_lines"] is None for row in mine)
        # Terminal and remote: opus twice, haiku once, and two rows of activity.
        assert len(mine) == 5
        assert sum(row["billed_usd"] for row in mine) == pytest.approx(20.505)

    def test_a_key_is_nobody_and_automated(self, load: Loader) -> None:
        load.once()
        rows = [row for row in load.rows("ai_usage") if row["person_key"] == CI]
        assert len(rows) == 2
        assert all(row["is_automated"] for row in rows)

    def test_a_late_revision_replaces(self, load: Loader) -> None:
        load.once()
        revised = copy.deepcopy(RECORDS)
        revised[0]["core_metrics"]["num_sessions"] = 6
        revised[0]["model_breakdown"][0]["tokens"]["output"] = 36000
        load.server.routes = {PATH: serve(revised)}
        (done,) = load()
        assert done.tables["ai_usage"].updated == 2
        assert done.tables["ai_usage"].inserted == 0
        outputs = [row["output_tokens"] for row in load.rows("ai_usage")]
        assert 36000 in outputs

    def test_repeated_and_reordered_pages_change_nothing(self, load: Loader) -> None:
        load.once()
        other = load.another("other")
        grown = copy.deepcopy(FEW[1])
        grown["model_breakdown"][0]["tokens"]["output"] -= 1  # as it was a moment before
        load.server.routes = {PATH: serve([*reversed(RECORDS), *RECORDS[:3], grown])}
        other()
        assert other.all_rows() == load.all_rows()

    def test_each_day_is_asked_once_and_to_the_end(self, load: Loader) -> None:
        load.once()
        days = [
            request.query["starting_at"][0]
            for request in load.server.requests
            if "page" not in request.query
        ]
        assert days == [f"2026-06-{day}" for day in range(13, 21)]
        headers = load.server.requests[0].headers
        assert headers["x-api-key"] == "sk-ant-admin-secret-8Qz"
        assert headers["anthropic-version"] == "2023-06-01"

    def test_the_last_hour_is_not_read(self, load: Loader, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("shipworthy.sources.vendors.claude_code.now", landing.now)
        load()
        (mark,) = load.rows("load_watermarks")
        assert mark["loaded_through"] == datetime(2026, 6, 20, 11)

    def test_another_currency_is_refused(self, load: Loader) -> None:
        euros = copy.deepcopy(RECORDS)
        euros[0]["model_breakdown"][0]["estimated_cost"]["currency"] = "EUR"
        load.server.routes = {PATH: serve(euros)}
        load(max_rejected=0.2)
        (refused,) = load.rows("rejected_rows")
        assert refused["reason"] == "estimated_cost.currency is not USD"

    def test_an_answer_without_its_list_is_a_sentence(self, load: Loader) -> None:
        load.server.routes = {PATH: {"records": []}}
        with pytest.raises(ShipworthyError, match="answered without the list 'data'"):
            load()
