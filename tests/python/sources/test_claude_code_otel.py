"""Claude Code's OpenTelemetry export."""

import json
from copy import deepcopy
from datetime import datetime
from typing import Any

import pytest
from file_checks import FileCase, FileChecks, FileLoader, json_text
from source_checks import SALT, sample

from shipworthy.errors import ShipworthyError
from shipworthy.sources.vendor import Keys

LOGS = sample("usage_files/claude_code_otlp_logs.json")
METRICS = sample("usage_files/claude_code_otlp_metrics.json")
RECORD = LOGS["resourceLogs"][0]["scopeLogs"][0]["logRecords"][0]
ALICE = Keys(SALT.encode()).email("alice@acme.example.com")
# 2026-05-05 09:00 in seconds since 1970.
NINE = 1777971600
TOKENS = (
    "uncached_input_tokens",
    "cache_read_tokens",
    "cache_write_tokens",
    "output_tokens",
)


def event(**attributes: Any) -> dict:
    """Return an export of one api_request; None takes an attribute away."""
    record = deepcopy(RECORD)
    named = {item["key"]: item["value"] for item in record["attributes"]}
    for name, value in attributes.items():
        named.pop(name.replace("__", "."), None)
        if value is not None:
            kind = "intValue" if isinstance(value, int) else "stringValue"
            named[name.replace("__", ".")] = {kind: value}
    record["attributes"] = [{"key": name, "value": value} for name, value in named.items()]
    return {"resourceLogs": [{"scopeLogs": [{"logRecords": [record]}]}]}


def points(name: str, *values: tuple[int, int, float], temporality: Any = 1, **attributes: str):
    """Return an export of data points, each (start, end, value) in seconds after nine."""
    named = {"session.id": "s-1", "user.email": "alice@acme.example.com", **attributes}
    return {
        "resourceMetrics": [
            {
                "resource": {"attributes": []},
                "scopeMetrics": [
                    {
                        "metrics": [
                            {
                                "name": f"claude_code.{name}",
                                "sum": {
                                    "aggregationTemporality": temporality,
                                    "isMonotonic": True,
                                    "dataPoints": [
                                        {
                                            "attributes": [
                                                {"key": key, "value": {"stringValue": value}}
                                                for key, value in named.items()
                                            ],
                                            "startTimeUnixNano": f"{NINE + start}000000000",
                                            "timeUnixNano": f"{NINE + end}000000000",
                                            "asInt": str(value),
                                        }
                                        for start, end, value in values
                                    ],
                                },
                            }
                        ]
                    }
                ],
            }
        ]
    }


def total(rows: list[dict], name: str) -> float:
    """Return the sum of a column."""
    return sum(row[name] or 0 for row in rows)


FILES = {
    "logs.json": json.dumps(LOGS, indent=1),
    "metrics.json": json.dumps(METRICS, indent=1),
    "more.jsonl": json_text(
        event(request_id="req_2", input_tokens=10, event__timestamp="2026-05-05T23:59:59.9Z"),
        points("session.count", (0, 60, 1)),
    ),
}


class TestEvents(FileChecks):
    case = FileCase(
        "claude-code-otel",
        files=FILES,
        given={"from": "events"},
        broken='{"resourceLogs": [{"scopeL\n',
        required={
            "timeUnixNano": "has no timeUnixNano",
            "aggregationTemporality": "has no sum.aggregationTemporality",
        },
        people=("alice", "acme.example", "0a6f0000-0000-4000-8000-000000000001"),
    )

    def test_rows(self, load: FileLoader) -> None:
        load()
        rows = {row["usage_id"]: row for row in load.rows()}
        first = rows["claude-code-otel:req_011CaB"]
        assert [first[name] for name in TOKENS] == [2340, 88120, 6112, 450]
        assert (first["billed_usd"], first["requests"]) == (0.1053, 1)
        assert first["person_key"] == ALICE
        assert first["bucket_started_at"] == datetime(2026, 5, 5, 9)
        assert (first["bucket_hours"], first["tool"]) == (1, "claude")
        assert (first["model"], first["is_automated"]) == ("claude-opus-4-6", False)
        assert rows["claude-code-otel:req_2"]["bucket_started_at"] == datetime(2026, 5, 5, 23)

    def test_metrics_add_sessions_and_lines_alone(self, load: FileLoader) -> None:
        load()
        rows = load.rows()
        assert [total(rows, name) for name in TOKENS] == [2350, 2 * 88120, 2 * 6112, 900]
        assert total(rows, "requests") == 2
        assert total(rows, "billed_usd") == pytest.approx(0.2106)
        assert (total(rows, "sessions"), total(rows, "accepted_lines")) == (1, 30)

    def test_micros_without_dollars(self, load: FileLoader) -> None:
        load.load_texts(json_text(event(cost_usd=None)))
        assert load.rows()[0]["billed_usd"] == 0.1053

    def test_without_a_request_id_the_sequence_tells(self, load: FileLoader) -> None:
        seventh, eighth = event(request_id=None), event(request_id=None, event__sequence="8")
        unnumbered = event(request_id=None, event__sequence=None)
        load.load_texts(json_text(seventh, eighth, seventh, unnumbered, unnumbered))
        assert len(load.rows()) == 3

    def test_who(self, load: FileLoader) -> None:
        keys = Keys(SALT.encode())
        nobody = {"user__email": None, "user__account_uuid": None}
        load.load_texts(
            json_text(
                event(request_id="1", user__email=None),
                event(request_id="2", **nobody),
                event(request_id="3", **nobody, user__id=None),
                event(request_id="4", app__entrypoint="sdk-cli"),
            )
        )
        rows = load.rows()
        assert [row["person_key"] for row in rows] == [
            keys.alias("claude", "0a6f0000-0000-4000-8000-000000000001"),
            keys.alias("claude-code-installation", "f3a1"),
            None,
            ALICE,
        ]
        assert [row["is_automated"] for row in rows] == [False, False, True, True]

    def test_metrics_alone_ask_what_is_meant(self, load: FileLoader) -> None:
        with pytest.raises(ShipworthyError, match="say --from metrics"):
            load.load_texts(json.dumps(METRICS), **{"from": None})
        load.load_texts(json.dumps(METRICS), json.dumps(LOGS), **{"from": None})
        assert total(load.rows(), "output_tokens") == 450
        with pytest.raises(ShipworthyError, match="it can be events or metrics"):
            load.load_texts(json.dumps(METRICS), **{"from": "both"})

    @pytest.mark.parametrize(
        ("changes", "reason"),
        [
            ({"input_tokens": "many"}, "input_tokens is not a number"),
            ({"input_tokens": None}, "has no input_tokens"),
            ({"output_tokens": "-1"}, "output_tokens is negative"),
            ({"event__timestamp": "soon"}, "event.timestamp is not a time"),
        ],
    )
    def test_bad_events_are_refused(self, load: FileLoader, changes: dict, reason: str) -> None:
        load.load_texts(json_text(event(), event(request_id="bad", **changes)), max_rejected=0.5)
        assert [row["reason"] for row in load.rows("rejected_rows")] == [reason]
        assert len(load.rows()) == 1


class TestMetrics(FileChecks):
    case = FileCase(
        "claude-code-otel",
        files={
            **FILES,
            "cumulative-1.jsonl": json_text(
                points("token.usage", (0, 60, 100), (0, 120, 250), temporality=2, type="input"),
                points("token.usage", (0, 60, 7), temporality=2, type="output"),
            ),
            "cumulative-2.jsonl": json_text(
                points("token.usage", (0, 4000, 400), temporality=2, type="input"),
                # Started again: from 0.
                points("token.usage", (5000, 5060, 30), temporality=2, type="input"),
            ),
        },
        given={"from": "metrics"},
        broken='{"resourceMetrics": [{"scopeM\n',
        required={"timeUnixNano": "has no timeUnixNano", "asDouble": "has no value"},
        people=("alice", "acme.example", "0a6f0000-0000-4000-8000-000000000001"),
    )

    def test_differences(self, load: FileLoader) -> None:
        load.load_texts(json.dumps(METRICS), json.dumps(LOGS))
        rows = load.rows()
        assert [total(rows, name) for name in TOKENS] == [2340, 88120, 6112, 450]
        assert total(rows, "billed_usd") == 0.1053
        assert total(rows, "accepted_lines") == 30
        assert {row["bucket_started_at"] for row in rows} == {datetime(2026, 5, 5, 9)}
        # 4 kinds of tokens, cost and lines; the points of output tokens alone leave requests open.
        assert len(rows) == 6
        assert [row["requests"] for row in rows if row["output_tokens"]] == [None]
        assert {row["person_key"] for row in rows} == {ALICE}

    def test_points_of_later_exports_add_up(self, load: FileLoader) -> None:
        load.load_texts(
            json_text(points("token.usage", (0, 60, 100), (60, 120, 150), type="input")),
            json_text(points("token.usage", (120, 3700, 5), type="input")),
        )
        assert total(load.rows(), "uncached_input_tokens") == 255
        assert sorted({row["bucket_started_at"].hour for row in load.rows()}) == [9, 10]

    def test_running_totals_count_once(self, load: FileLoader) -> None:
        files = [text for name, text in self.case.files.items() if name.startswith("cumulative")]
        load.load_texts(*files)
        rows = load.rows()
        # 400 of the first run and 30 of the second.
        assert total(rows, "uncached_input_tokens") == 430
        assert total(rows, "output_tokens") == 7
        assert {row["bucket_hours"] for row in rows} == {24}
        assert {row["bucket_started_at"] for row in rows} == {datetime(2026, 5, 5)}

    def test_temporality_by_name(self, load: FileLoader) -> None:
        name = "AGGREGATION_TEMPORALITY_CUMULATIVE"
        load.load_texts(
            json_text(points("session.count", (0, 60, 1), (0, 120, 1), temporality=name))
        )
        assert total(load.rows(), "sessions") == 1

    def test_unknown_kinds_of_tokens_are_refused(self, load: FileLoader) -> None:
        kinds = [points("token.usage", (0, 60, 1), type=kind) for kind in ("input", "reasoning")]
        load.load_texts(json_text(*kinds), max_rejected=0.5)
        assert load.rows("rejected_rows")[0]["reason"] == "has tokens of an unknown type"

    def test_removed_lines_are_no_accepted_ones(self, load: FileLoader) -> None:
        removed = points("lines_of_code.count", (0, 60, 12), type="removed")
        added = points("lines_of_code.count", (0, 60, 5), type="added")
        load.load_texts(json_text(removed, added))
        assert total(load.rows(), "accepted_lines") == 5
