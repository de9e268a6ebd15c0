"""Codex's session logs."""

import json
from datetime import datetime

import pytest
from file_checks import FileCase, FileChecks, FileLoader, json_text
from source_checks import SALT, sample

from shipworthy.sources.vendor import Keys

LINES = [json.loads(line) for line in sample("usage_files/codex_rollout.jsonl").splitlines()]
META, CONTEXT, FIRST, SECOND = LINES
SESSION = META["payload"]["id"]


def usage(input_tokens: int, cached: int, output: int) -> dict:
    """Return counts as Codex writes them."""
    return {
        "input_tokens": input_tokens,
        "cached_input_tokens": cached,
        "output_tokens": output,
        "reasoning_output_tokens": output // 2,
        "total_tokens": input_tokens + output,
    }


def counted(timestamp: str, total: dict, last: dict | None = None) -> dict:
    """Return an event with totals."""
    info = {"total_token_usage": total, **({"last_token_usage": last} if last else {})}
    return {
        "timestamp": timestamp,
        "type": "event_msg",
        "payload": {"type": "token_count", "info": info},
    }


def meta(session: str, **more: object) -> dict:
    """Return the line that a session starts with."""
    return {
        "timestamp": "2026-05-14T10:00:00.000Z",
        "type": "session_meta",
        "payload": {"id": session, **more},
    }


def restamped(*lines: dict) -> list[dict]:
    """Return lines as a fork replays them."""
    return [{**line, "timestamp": "2026-05-14T10:00:00.100Z"} for line in lines]


# The display is refreshed, and limits come without totals.
REPEATED = {**FIRST, "timestamp": "2026-05-13T09:02:00.000Z"}
LIMITS = {
    "timestamp": "2026-05-13T09:03:00.000Z",
    "type": "event_msg",
    "payload": {"type": "token_count", "info": None, "rate_limits": {}},
}
FORK = [
    meta("fork-1", forked_from_id=SESSION),
    *restamped(META, CONTEXT, FIRST, REPEATED, SECOND),
    counted("2026-05-14T10:20:00.000Z", usage(4500, 1050, 500), usage(1000, 300, 75)),
]
# A sub-agent's log does not say whose fork it is; its parent's line does.
GRANDCHILD = [
    meta("fork-2"),
    *restamped(FORK[0], META, CONTEXT, FIRST, SECOND, FORK[-1]),
    counted("2026-05-14T11:00:00.000Z", usage(4700, 1050, 510), usage(200, 0, 10)),
]


def sums(rows: list[dict]) -> tuple[int, int, int]:
    """Return uncached, cached and output tokens of all rows."""
    names = ("uncached_input_tokens", "cache_read_tokens", "output_tokens")
    return tuple(sum(row[name] for row in rows) for name in names)


class TestCodexLogs(FileChecks):
    case = FileCase(
        "codex-logs",
        files={
            "rollout-1.jsonl": json_text(META, CONTEXT, FIRST, REPEATED, LIMITS, SECOND),
            "rollout-2.jsonl": json_text(*FORK),
            "rollout-3.jsonl": json_text(*GRANDCHILD),
        },
        given={"email": "bob@acme.example.com"},
        broken='{"type": "event_msg", "pay\n',
        required={
            "total_token_usage": "has no payload.info.total_token_usage",
            "input_tokens": "has no input_tokens",
            "output_tokens": "has no output_tokens",
            "id": "has no id|comes before its session_meta",
            "timestamp": "has no timestamp",
            "type": "holds no session log of Codex",
        },
        people=("bob", "acme.example"),
        copies_differ_in=("bucket_started_at",),
    )

    def test_rows_are_differences(self, load: FileLoader) -> None:
        load.load_texts(self.case.files["rollout-1.jsonl"])
        first, second = sorted(load.rows(), key=lambda row: row["output_tokens"])
        # 1000 of which 250 cached; reasoning is a part of the output.
        assert sums([first]) == (750, 250, 125)
        # 3500 - 1000 of which 750 - 250 cached.
        assert sums([second]) == (2000, 500, 300)
        assert first["cache_write_tokens"] is None
        assert (first["tool"], first["model"]) == ("codex", "gpt-5.3-codex")
        assert first["bucket_started_at"] == datetime(2026, 5, 13, 9)
        assert (first["bucket_hours"], first["requests"], first["is_automated"]) == (1, 1, False)
        assert first["person_key"] == Keys(SALT.encode()).email("bob@acme.example.com")

    def test_forks_count_what_is_new(self, load: FileLoader) -> None:
        load()
        # In all 4700 of which 1050 cached, and 510: what the last totals say.
        assert len(load.rows()) == 4
        assert sums(load.rows()) == (3650, 1050, 510)
        hours = sorted(row["bucket_started_at"] for row in load.rows())
        day = datetime(2026, 5, 13, 9)
        assert hours == [day, day, datetime(2026, 5, 14, 10), datetime(2026, 5, 14, 11)]

    def test_totals_start_anew(self, load: FileLoader) -> None:
        anew = counted("2026-05-13T12:00:00.000Z", usage(1000, 250, 125))
        load.load_texts(json_text(META, CONTEXT, FIRST, SECOND, anew))
        assert sums(load.rows()) == (2750 + 750, 750 + 250, 425 + 125)

    def test_a_session_resumed_in_another_file(self, load: FileLoader) -> None:
        later = counted("2026-05-15T08:00:00.000Z", usage(3900, 800, 445), usage(400, 50, 20))
        pieces = [json_text(META, CONTEXT, FIRST, SECOND), json_text(META, CONTEXT, later)]
        load.load_texts(*pieces)
        assert sums(load.rows()) == (3900 - 800, 800, 445)

    def test_a_spawned_child_begins_with_its_parents_history(self, load: FileLoader) -> None:
        spawned = {"subagent": {"thread_spawn": {"parent_thread_id": SESSION, "depth": 1}}}
        child = [
            meta("child", source=spawned),
            FIRST,
            SECOND,
            CONTEXT,
            counted("2026-05-14T10:20:00.000Z", usage(4500, 1050, 500), usage(1000, 300, 75)),
        ]
        # Its parent's log alone says whose child that is.
        spawned = {"subagent": {"thread_spawn": {"parent_thread_id": "child", "depth": 2}}}
        grandchild = [
            meta("grandchild", source=spawned),
            *child[1:],
            counted("2026-05-14T10:30:00.000Z", usage(4700, 1050, 510), usage(200, 0, 10)),
        ]
        load.load_texts(
            json_text(*grandchild), json_text(*child), json_text(META, CONTEXT, FIRST, SECOND)
        )
        assert len(load.rows()) == 4
        assert sums(load.rows()) == (3650, 1050, 510)

    def test_two_sessions_that_start_alike_are_two(self, load: FileLoader) -> None:
        load.load_texts(json_text(meta("one"), FIRST), json_text(meta("two", source="exec"), FIRST))
        assert [sums([row]) for row in load.rows()] == [(750, 250, 125)] * 2
        assert {row["is_automated"] for row in load.rows()} == {True, False}
        assert {row["model"] for row in load.rows()} == {None}

    @pytest.mark.parametrize(
        "line",
        [
            counted("2026-05-13T09:00:00Z", usage(10, 20, 1)),
            counted("soon", usage(30, 20, 1)),
            counted("2026-05-13T09:00:00Z", {"input_tokens": "many", "output_tokens": 1}),
            {"type": "event_msg", "payload": {"type": "token_count", "info": "none"}},
            {"type": "session_meta", "payload": "none"},
        ],
    )
    def test_events_that_make_no_sense_are_refused(self, load: FileLoader, line: dict) -> None:
        (done,) = load.load_texts(json_text(META, CONTEXT, FIRST), json_text(META, line),
                                  max_rejected=0.5)  # fmt: skip
        assert done.rejected == 1
        assert len(load.rows()) == 1
