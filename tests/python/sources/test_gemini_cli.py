"""Gemini CLI's telemetry, from its own file and a collector's."""

import json
from datetime import datetime
from typing import Any

from file_checks import FileCase, FileChecks, FileLoader, json_text
from source_checks import SALT

from shipworthy.sources.vendor import Keys

KEYS = Keys(SALT.encode())


def _said(minute: int, **changed: Any) -> dict[str, Any]:
    return {
        "session.id": "s-1",
        "installation.id": "i-1234",
        "user.email": "Ada@acme.example.com",
        "event.name": "gemini_cli.api_response",
        "event.timestamp": f"2026-05-05T10:{minute:02}:00.000Z",
        "prompt_id": f"s-1########{minute}",
        "model": "gemini-2.5-pro",
        "duration_ms": 1200,
        "input_token_count": 12000,
        "cached_content_token_count": 8000,
        "output_token_count": 350,
        "thoughts_token_count": 420,
        "tool_token_count": 30,
        "total_token_count": 12800,
        "interactive": True,
        **changed,
    }


def _record(said: dict[str, Any]) -> dict[str, Any]:
    """As Gemini CLI writes it: the SDK's record of a log."""
    return {
        "hrTime": [1777975200, 0],
        "resource": {"attributes": {"service.name": "gemini-cli"}},
        "instrumentationScope": {"name": "gemini-cli"},
        "body": "API response from gemini-2.5-pro.",
        "attributes": said,
    }


def _exported(*said: dict[str, Any]) -> dict[str, Any]:
    """As a collector writes it."""
    kinds = {bool: "boolValue", int: "intValue", str: "stringValue"}
    records = [
        {
            "timeUnixNano": "1777975200000000000",
            "attributes": [
                {"key": key, "value": {kinds[type(value)]: value}} for key, value in one.items()
            ],
        }
        for one in said
    ]
    resource = {"attributes": [{"key": "service.name", "value": {"stringValue": "gemini-cli"}}]}
    return {"resourceLogs": [{"resource": resource, "scopeLogs": [{"logRecords": records}]}]}


NOBODY = {"user.email": "", "installation.id": ""}
OWN = [
    _said(1),
    _said(2, **{"event.name": "gemini_cli.api_request"}),
    _said(3, **{"event.name": "gen_ai.client.inference.operation.details"}),
    _said(4, **{"user.email": ""}, cached_content_token_count=0, interactive=False),
]


class TestGeminiCli(FileChecks):
    case = FileCase(
        "gemini-cli",
        files={
            "own.log": json.dumps(_record(_said(0)), indent=2) + "\n",
            "more.log": json_text(*map(_record, OWN)),
            "zz_collector.jsonl": json_text(
                _exported(_said(5), _said(6, **NOBODY)), _exported(_said(5))
            ),
        },
        broken='{"attributes": {"event.na\n',
        required={
            "input_token_count": "ai_usage break the contract.*has no input_token_count",
            "event.timestamp": "ai_usage break the contract.*has no event.timestamp",
        },
        people=("ada@acme.example.com", "i-1234"),
    )

    def test_rows(self, load: FileLoader, expected: list[dict[str, Any]]) -> None:
        assert len(expected) == 5
        ada = [row for row in expected if row["person_key"] == KEYS.email("ada@acme.example.com")]
        assert len(ada) == 3
        first = ada[0]
        assert first["bucket_started_at"] == datetime(2026, 5, 5, 10)
        assert (first["bucket_hours"], first["requests"]) == (1, 1)
        assert (first["uncached_input_tokens"], first["cache_read_tokens"]) == (4030, 8000)
        assert (first["output_tokens"], first["cache_write_tokens"]) == (770, None)
        assert (first["model"], first["billed_usd"]) == ("gemini-2.5-pro", None)
        assert first["is_automated"] is False
        (headless,) = [
            row
            for row in expected
            if row["person_key"] == KEYS.alias("gemini-cli-installation", "i-1234")
        ]
        assert (headless["uncached_input_tokens"], headless["is_automated"]) == (12030, True)
        (nobody,) = [row for row in expected if row["person_key"] is None]
        assert nobody["is_automated"] is True

    def test_objects_over_many_lines_one_after_another(self, load: FileLoader) -> None:
        written = [json.dumps(_record(_said(minute)), indent=2) for minute in (1, 2, 3)]
        # The last one is just being written.
        load(*load.write({"own.log": "\n".join([*written[:2], written[2][:200]]) + "\n"}))
        assert len(load.rows()) == 2
        assert not load.rows("rejected_rows")
        load(*load.write({"own.log": "\n".join(written) + "\n"}))
        assert len(load.rows()) == 3
