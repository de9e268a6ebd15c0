"""Gemini Code Assist's log entries, from Cloud Logging."""

import json
from datetime import datetime
from typing import Any

from file_checks import FileCase, FileChecks, FileLoader, json_text
from source_checks import SALT

from shipworthy.sources.vendor import Keys

KEYS = Keys(SALT.encode())
TYPES = "type.googleapis.com/google.cloud.cloudaicompanion.logging.v1."


def entry(minute: int, kind: str, said: dict[str, Any], **labels: str) -> dict[str, Any]:
    """Return a log entry; `labels` beside those that all have."""
    return {
        "insertId": f"whfrqgc1{minute}",
        "jsonPayload": {"@type": TYPES + kind, "clientName": "CloudCodeVscode", **said},
        "labels": {"product": "code_assist", "user_id": "Ada@acme.example.com", **labels},
        "logName": "projects/acme/logs/cloudaicompanion.googleapis.com%2Fmetadata",
        "receiveTimestamp": f"2026-05-05T10:{minute:02}:01.662837985Z",
        "resource": {
            "type": "cloudaicompanion.googleapis.com/Instance",
            "labels": {"instance_id": "default", "location": "global"},
        },
        "severity": "INFO",
        "timestamp": f"2026-05-05T10:{minute:02}:00.021564463Z",
    }


def shown(minute: int, number: str, **labels: str) -> dict[str, Any]:
    return entry(minute, "MetadataLog", {"codeExposure": {"originalRequestId": number}}, **labels)


def accepted(minute: int, number: str, lines: Any, event: str = "codeAcceptance") -> dict[str, Any]:
    said = {event: {"originalRequestId": number, "linesCount": lines}}
    return entry(minute, "MetadataLog", said)


def answered(minute: int, number: str, **labels: str) -> dict[str, Any]:
    return entry(minute, "ResponseLog", {}, request_id=number, method="CompleteTask", **labels)


ASKED = entry(1, "RequestLog", {"taskCompletionRequest": {}}, request_id="a")
CALL = entry(2, "MetadataLog", {"apiRequest": {}, "requestId": "a"})
ELSEWHERE = answered(4, "z", product="cloud_assist")


class TestGeminiCodeAssist(FileChecks):
    case = FileCase(
        "gemini-code-assist",
        files={
            "sink.json": json_text(
                ASKED, answered(1, "a"), CALL, shown(2, "b"), accepted(3, "b", 2), ELSEWHERE
            ),
            "more.json": json_text(
                accepted(5, "b", 1),
                accepted(6, "c", "15", "chatAcceptance"),
                answered(7, "d", user_id="117"),
                answered(8, "e", user_id=""),
                shown(9, "a"),
            ),
        },
        broken='{"jsonPayload": {"@typ\n',
        required={
            "timestamp": "ai_usage break the contract.*has no timestamp",
            "jsonPayload": "ai_usage break the contract.*has no jsonPayload",
            "resource": "not an export of Gemini Code Assist's log",
        },
        people=("ada@acme.example.com",),
    )

    def test_rows(self, expected: list[dict[str, Any]]) -> None:
        rows = {row["usage_id"].split(":", 1)[1]: row for row in expected}
        assert rows.keys() == {"a", "b", "b:accepted", "c:accepted", "d", "e"}
        first = rows["a"]
        assert first["person_key"] == KEYS.email("ada@acme.example.com")
        assert (first["tool"], first["requests"], first["accepted_lines"]) == ("gemini", 1, None)
        assert first["bucket_started_at"] == datetime(2026, 5, 5, 10)
        assert first["is_automated"] is False
        assert (rows["b:accepted"]["accepted_lines"], rows["b:accepted"]["requests"]) == (2, None)
        assert rows["c:accepted"]["accepted_lines"] == 15
        assert rows["d"]["person_key"] == KEYS.alias("gemini-code-assist", "117")
        assert (rows["e"]["person_key"], rows["e"]["is_automated"]) == (None, True)
        assert {row["model"] for row in expected} == {None}

    def test_a_list_as_gcloud_prints_it(self, load: FileLoader) -> None:
        written = json.dumps([shown(2, "b"), accepted(3, "b", 2)], indent=2)
        load(*load.write({"gemini.json": written + "\n"}))
        assert len(load.rows()) == 2

    def test_an_answer_of_the_interface(self, load: FileLoader) -> None:
        answer = {"entries": [shown(2, "b"), accepted(3, "b", 2)], "nextPageToken": "x"}
        load(*load.write({"gemini.json": json.dumps(answer)}))
        assert len(load.rows()) == 2
