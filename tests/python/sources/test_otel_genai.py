"""Spans of OpenTelemetry's GenAI conventions."""

import json
from datetime import datetime
from typing import Any

import pytest
from file_checks import FileCase, FileChecks, FileLoader, json_text
from source_checks import SALT

from shipworthy.sources.vendor import Keys

TRACE = "5B8EFFF798038103D269B633813FC60C"
# 2026-05-05 09:00:55 and four seconds later, in nanoseconds.
STARTED, ENDED = "1777971655000000000", "1777971659000000000"


def span(span_id: str, **attributes: Any) -> dict:
    """Return a span; dots of attributes' names are written __ here."""
    kinds = {bool: "boolValue", int: "intValue", str: "stringValue"}
    return {
        "traceId": TRACE,
        "spanId": span_id,
        "name": "call",
        "startTimeUnixNano": STARTED,
        "endTimeUnixNano": ENDED,
        "attributes": [
            # 64-bit numbers are text in JSON.
            {"key": name.replace("__", "."), "value": {kinds[type(value)]: _text(value)}}
            for name, value in attributes.items()
        ],
    }


def _text(value: Any) -> Any:
    return str(value) if type(value) is int else value


def export(*spans: dict, service: str = "Gemini-CLI", scope: str = "instrumentation") -> dict:
    """Return an export of spans."""
    resource = {"attributes": [{"key": "service.name", "value": {"stringValue": service}}]}
    scoped = {"scope": {"name": scope}, "spans": list(spans)}
    return {"resourceSpans": [{"resource": resource, "scopeSpans": [scoped]}]}


CHAT = span(
    "00f067aa0ba902b7",
    gen_ai__operation__name="chat",
    gen_ai__provider__name="anthropic",
    gen_ai__request__model="claude-opus-4-6",
    gen_ai__response__model="claude-opus-4-6-20260205",
    gen_ai__usage__input_tokens=96572,
    gen_ai__usage__cache_read__input_tokens=88120,
    gen_ai__usage__cache_creation__input_tokens=6112,
    gen_ai__usage__output_tokens=450,
    gen_ai__usage__reasoning__output_tokens=100,
    user__email="Alice@acme.example.com",
)
AGENT = span(
    "aaaaaaaaaaaaaaaa",
    gen_ai__operation__name="invoke_agent",
    gen_ai__provider__name="anthropic",
    gen_ai__usage__input_tokens=96572,
    gen_ai__usage__output_tokens=450,
)
OLD = span(
    "bbbbbbbbbbbbbbbb",
    gen_ai__system="openai",
    gen_ai__request__model="gpt-5.3-codex",
    gen_ai__usage__prompt_tokens=1000,
    gen_ai__usage__completion_tokens=20,
    enduser__id="user-8831",
)
OLD_WORKFLOW = span(
    "cccccccccccccccc",
    traceloop__span__kind="workflow",
    gen_ai__system="openai",
    gen_ai__usage__prompt_tokens=1000,
)
EMBEDDINGS = span(
    "dddddddddddddddd",
    gen_ai__operation__name="embeddings",
    gen_ai__provider__name="openai",
    gen_ai__request__model="text-embedding-3-small",
    gen_ai__usage__input_tokens=12,
)
OTHER = span("eeeeeeeeeeeeeeee", http__method="GET")


class TestOtelGenai(FileChecks):
    case = FileCase(
        "otel-genai",
        files={
            "one.jsonl": json_text(export(CHAT, AGENT, OTHER), export(OLD, OLD_WORKFLOW)),
            "two.jsonl": json_text(export(EMBEDDINGS, service="search"), export(CHAT)),
        },
        broken='{"resourceSpans": [{"scope\n',
        required={
            "traceId": "has no traceId",
            "spanId": "has no spanId",
            "startTimeUnixNano": "has no startTimeUnixNano",
            "resourceSpans": "is not OTLP in JSON",
        },
        people=("alice", "acme.example", "user-8831"),
    )

    def test_rows(self, load: FileLoader) -> None:
        load()
        rows = {row["usage_id"][-1]: row for row in load.rows()}
        assert set(rows) == {"7", "b", "d"}
        chat = rows["7"]
        assert chat["usage_id"] == f"otel-genai:{TRACE.lower()}:00f067aa0ba902b7"
        # 96572 of which 88120 read from the cache and 6112 written to it.
        assert chat["uncached_input_tokens"] == 2340
        assert (chat["cache_read_tokens"], chat["cache_write_tokens"]) == (88120, 6112)
        assert (chat["output_tokens"], chat["requests"], chat["sessions"]) == (450, 1, None)
        assert (chat["model"], chat["tool"]) == ("claude-opus-4-6-20260205", "gemini")
        assert chat["bucket_started_at"] == datetime(2026, 5, 5, 9)
        assert chat["person_key"] == Keys(SALT.encode()).email("alice@acme.example.com")
        assert (chat["billed_usd"], chat["is_automated"]) == (None, False)

    def test_old_names(self, load: FileLoader) -> None:
        load()
        old = next(row for row in load.rows() if row["usage_id"].endswith("b"))
        assert (old["uncached_input_tokens"], old["output_tokens"]) == (1000, 20)
        assert (old["cache_read_tokens"], old["model"]) == (None, "gpt-5.3-codex")
        assert old["person_key"] == Keys(SALT.encode()).alias("otel-genai", "user-8831")

    def test_services_are_automated(self, load: FileLoader) -> None:
        load()
        of_service = next(row for row in load.rows() if row["usage_id"].endswith("d"))
        assert (of_service["person_key"], of_service["is_automated"]) == (None, True)
        assert (of_service["tool"], of_service["output_tokens"]) == ("search", None)

    def test_one_proof_is_enough_for_its_scope_and_provider(self, load: FileLoader) -> None:
        def call(number: int, provider: str, given: int, read: int) -> dict:
            return span(
                f"{number:016x}",
                gen_ai__operation__name="chat",
                gen_ai__provider__name=provider,
                gen_ai__usage__input_tokens=given,
                gen_ai__usage__cache_read__input_tokens=read,
            )

        # The same call by two instrumentations; then calls that prove nothing by themselves.
        load.load_texts(
            json_text(
                export(call(1, "aws.bedrock", 6000, 200), call(2, "anthropic", 6000, 5500)),
                export(call(3, "aws.bedrock", 6000, 200), scope="another"),
                export(call(4, "aws.bedrock", 500, 5500)),
                export(
                    call(5, "aws.bedrock", 6000, 200), scope="opentelemetry.instrumentation.bedrock"
                ),
                export(call(6, "openai", 6000, 200), scope="opentelemetry.instrumentation.bedrock"),
            ),
            input_excludes_cache=True,
        )
        rows = {int(row["usage_id"][-1]): row["uncached_input_tokens"] for row in load.rows()}
        assert rows == {1: 6000, 2: 500, 3: 5800, 4: 500, 5: 6000, 6: 5800}

    @pytest.mark.parametrize(("given", "read"), [(-5, 0), (10, 10**12 + 1), (-9, -5)])
    def test_a_span_that_is_refused_proves_nothing(
        self, load: FileLoader, given: int, read: int
    ) -> None:
        bad = span(
            "dddddddddddddddd",
            gen_ai__operation__name="chat",
            gen_ai__provider__name="anthropic",
            gen_ai__usage__input_tokens=given,
            gen_ai__usage__cache_read__input_tokens=read,
        )
        (done,) = load.load_texts(json_text(export(CHAT, bad)), max_rejected=0.5)
        assert done.rejected == 1
        assert [row["uncached_input_tokens"] for row in load.rows()] == [96572 - 88120 - 6112]

    def test_older_names_say_nothing_of_the_cache(self, load: FileLoader) -> None:
        older = span(
            "ffffffffffffffff",
            gen_ai__operation__name="chat",
            gen_ai__system="anthropic",
            gen_ai__usage__input_tokens=2340,
            gen_ai__usage__cache_read_input_tokens=340,
        )
        load.load_texts(json_text(export(older)))
        assert load.rows()[0]["uncached_input_tokens"] == 2000
        other = load.another("other")
        other.load_texts(json_text(export(older)), input_excludes_cache=True)
        assert other.rows()[0]["uncached_input_tokens"] == 2340

    @pytest.mark.parametrize(
        "changes",
        [
            {"gen_ai__usage__input_tokens": "many"},
            {"gen_ai__usage__output_tokens": -5},
            {"gen_ai__usage__input_tokens": True},
        ],
    )
    def test_bad_values_are_refused(self, load: FileLoader, changes: dict) -> None:
        bad = span("1111111111111111", gen_ai__operation__name="chat", **changes)
        (done,) = load.load_texts(json_text(export(CHAT, bad)), max_rejected=0.5)
        assert done.rejected == 1
        assert len(load.rows()) == 1

    def test_a_document_over_many_lines(self, load: FileLoader) -> None:

        load.load_texts(json.dumps(export(CHAT), indent=2))
        assert len(load.rows()) == 1
