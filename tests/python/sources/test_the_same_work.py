"""One week of one person's work, told by three sources: one spend."""

import csv
import json
from datetime import UTC, datetime, timedelta

import pytest
from click.testing import CliRunner
from file_checks import csv_dicts
from source_checks import sample
from test_otel_genai import export, span

from dbt_runs import query, run_dbt
from shipworthy.cli import cli

MONDAY = datetime(2026, 5, 4, 9, 30, tzinfo=UTC)
DAYS = 5
# What one answer took, and what it costs by list: 5, 0.50, 6.25 and 25 dollars a million.
FRESH, READ, WRITTEN, ANSWERED = 1_000_000, 2_000_000, 400_000, 100_000
USD_A_DAY = 5 + 1 + 2.5 + 2.5
WHO = "ada@example.com"


def logs(moment):
    """A line of Claude Code's session log."""
    usage = {
        "input_tokens": FRESH,
        "cache_read_input_tokens": READ,
        "cache_creation_input_tokens": WRITTEN,
        "output_tokens": ANSWERED,
    }
    return {
        "type": "assistant",
        "sessionId": "s",
        "requestId": f"req_{moment.day}",
        "timestamp": moment.isoformat().replace("+00:00", "Z"),
        "message": {
            "id": f"msg_{moment.day}",
            "role": "assistant",
            "model": "claude-opus-4-6-20260205",
            "usage": usage,
        },
    }


def gateway(moment):
    """A row of LiteLLM's spend logs, whose prompt includes the cache; no tool is named."""
    (row,) = csv_dicts(sample("usage_files/litellm_spendlogs.csv"))
    usage = {
        "cache_read_input_tokens": READ,
        "cache_creation_input_tokens": WRITTEN,
        "prompt_tokens_details": {"cached_tokens": READ},
    }
    return row | {
        "request_id": f"chatcmpl-{moment.day}",
        "model": "bedrock/us.anthropic.claude-opus-4-6-v1:0",
        "user": WHO,
        "spend": str(USD_A_DAY),
        "prompt_tokens": str(FRESH + READ + WRITTEN),
        "completion_tokens": str(ANSWERED),
        "startTime": moment.isoformat(),
        "metadata": json.dumps({"usage_object": usage}),
        "request_tags": "[]",
    }


def traced(moment):
    """A span of the same call, from the gateway's own instrumentation."""
    started = str(int(moment.timestamp()) * 10**9)
    call = span(
        f"{moment.day:016x}",
        gen_ai__operation__name="chat",
        gen_ai__provider__name="anthropic",
        gen_ai__response__model="claude-opus-4-6",
        gen_ai__usage__input_tokens=FRESH + READ + WRITTEN,
        gen_ai__usage__cache_read__input_tokens=READ,
        gen_ai__usage__cache_creation__input_tokens=WRITTEN,
        gen_ai__usage__output_tokens=ANSWERED,
        user__email=WHO,
    )
    return call | {"startTimeUnixNano": started, "endTimeUnixNano": started}


@pytest.fixture(scope="module")
def week(tmp_path_factory):
    """The warehouse with the week loaded by three commands, and built."""
    directory = tmp_path_factory.mktemp("week")
    warehouse = directory / "warehouse.duckdb"
    moments = [MONDAY + timedelta(days=day) for day in range(DAYS)]
    (directory / "logs.jsonl").write_text(
        "".join(json.dumps(logs(moment)) + "\n" for moment in moments)
    )
    rows = [gateway(moment) for moment in moments]
    with (directory / "spend.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    spans = [traced(moment) for moment in moments]
    # On the last day somebody's spans name nobody: they may be that work, or other work.
    unnamed = traced(moments[-1]) | {"spanId": "f" * 16}
    unnamed["attributes"] = [
        attribute for attribute in unnamed["attributes"] if attribute["key"] != "user.email"
    ]
    spans.append(unnamed)
    (directory / "spans.json").write_text(json.dumps(export(*spans, service="litellm")))
    (directory / "people.csv").write_text(f"email,team\n{WHO},shop\n")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SHIPWORTHY_WAREHOUSE", str(warehouse))
        patch.setenv("SHIPWORTHY_SALT", "a salt of the week, longer than 16 bytes")
        patch.chdir(directory)
        for command in (
            f"claude-code-logs logs.jsonl --email {WHO}",
            "litellm spend.csv",
            "otel-genai spans.json",
            "people people.csv",
        ):
            outcome = CliRunner().invoke(cli, ["load", *command.split()])
            assert outcome.exit_code == 0, outcome.output
    run_dbt(
        "build --exclude-resource-type=test",
        warehouse,
        *("--select", "+shipworthy__ai_cost", "+shipworthy__data_quality"),
        variables={"demo": False, "as_of": "2026-06-20 09:00:00", "minimum_group_size": 1},
    )
    return warehouse


def test_three_sources_give_one_spend(week):
    spend = query(
        week,
        "select week_start_on, ai_spend_usd from shipworthy.ai_cost where is_organisation",
    )
    assert [(str(day), amount) for day, amount in spend if amount] == [
        ("2026-05-04", pytest.approx((DAYS + 1) * USD_A_DAY))
    ]


def test_the_others_are_listed_with_their_tokens(week):
    seen = query(
        week,
        """
        select row_count, rows_checked, tokens, handling from shipworthy.data_quality
        where reason = 'seen_by_a_better_source'
        """,
    )
    tokens = FRESH + READ + WRITTEN + ANSWERED
    assert seen == [(2 * DAYS, 3 * DAYS + 1, 2 * DAYS * tokens, "left_out")]


def test_what_names_nobody_is_listed_as_what_may_count_twice(week):
    """It counts: in the spend above it is the sixth day."""
    maybe = query(
        week,
        """
        select row_count, rows_checked, tokens, handling from shipworthy.data_quality
        where reason = 'may_be_seen_twice'
        """,
    )
    tokens = FRESH + READ + WRITTEN + ANSWERED
    assert maybe == [(1, 3 * DAYS + 1, tokens, "as_is")]
