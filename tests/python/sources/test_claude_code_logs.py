"""Claude Code's session logs."""

import json
from datetime import datetime
from pathlib import Path

import pytest
from file_checks import FileCase, FileChecks, FileLoader, json_text
from source_checks import SALT, sample

from shipworthy.errors import ShipworthyError
from shipworthy.sources.vendor import Keys

LINES = [
    json.loads(line) for line in sample("usage_files/claude_projects_session.jsonl").splitlines()
]
ANSWER = LINES[3]  # the last of three lines of msg_01


def answer(message_id: str, **changes: object) -> dict:
    """Return a line of an answer of its own; `usage` changes the counts."""
    usage = {**ANSWER["message"]["usage"], **changes.pop("usage", {})}
    return {**ANSWER, "message": {**ANSWER["message"], "id": message_id, "usage": usage}, **changes}


# A side question replays msg_01 later, under another request id, next to an answer of its own.
SIDECHAIN = [
    answer(
        "msg_01",
        isSidechain=True,
        requestId="req_side",
        timestamp="2026-05-05T11:30:00.000Z",
    ),
    answer("msg_04", isSidechain=True, timestamp="2026-05-05T11:30:05.000Z"),
]
# A resumed session starts with copies of lines, some of them from before the answer was complete.
RESUMED = [
    LINES[1],
    answer(
        "msg_05",
        timestamp="2026-05-06T08:00:00.000Z",
        entrypoint="sdk-cli",
        costUSD=0.125,
        usage={"output_tokens": 7},
    ),
]


class TestClaudeCodeLogs(FileChecks):
    case = FileCase(
        "claude-code-logs",
        files={
            "e3befad8.jsonl": json_text(*LINES),
            "side.jsonl": json_text(*SIDECHAIN),
            "resumed.jsonl": json_text(*RESUMED),
        },
        given={"email": "Alice@acme.example.com"},
        broken='{"type": "assistant", "mess\n',
        required={
            "usage": "ai_usage break the contract.*has no message.usage",
            "timestamp": "ai_usage break the contract.*has no timestamp",
            "input_tokens": "has no input_tokens",
            "output_tokens": "has no output_tokens",
            "type": "holds no session log of Claude Code",
        },
        people=("alice", "acme.example"),
        copies_differ_in=("bucket_started_at",),
    )

    def test_rows(self, load: FileLoader) -> None:
        load()
        rows = {row["usage_id"].removeprefix("claude-code-logs:"): row for row in load.rows()}
        # msg_03 is synthetic.
        assert set(rows) == {"msg_01", "msg_02", "msg_04", "msg_05"}
        first = rows["msg_01"]
        assert first["uncached_input_tokens"] == 2340
        assert first["cache_read_tokens"] == 88120
        assert first["cache_write_tokens"] == 6112
        assert first["output_tokens"] == 450
        assert first["bucket_started_at"] == datetime(2026, 5, 5, 9)
        assert (first["bucket_hours"], first["requests"], first["sessions"]) == (1, 1, None)
        assert (first["tool"], first["model"]) == ("claude", "claude-opus-4-6")
        assert first["person_key"] == Keys(SALT.encode()).email("alice@acme.example.com")
        assert (first["billed_usd"], first["is_automated"]) == (None, False)
        assert (rows["msg_05"]["billed_usd"], rows["msg_05"]["is_automated"]) == (0.125, True)

    def test_without_an_address_there_is_no_person(self, load: FileLoader) -> None:
        load(email=None)
        assert {row["person_key"] for row in load.rows()} == {None}
        load()
        assert None not in {row["person_key"] for row in load.rows()}

    def test_home_is_the_default(
        self, load: FileLoader, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("HOME", str(tmp_path))
        with pytest.raises(ShipworthyError, match="projects does not exist"):
            load(paths=())
        project = tmp_path / ".claude" / "projects" / "-srv-shop" / "e3befad8"
        project.mkdir(parents=True)
        (project / "side.jsonl").write_text(json_text(*LINES))
        load(paths=())
        assert len(load.rows()) == 2

    def test_a_line_without_a_message_id_counts_by_itself(self, load: FileLoader) -> None:
        unnamed = [answer(None, uuid="u7"), answer(None, uuid="u8"), answer(None, uuid="u7")]
        load.load_texts(json_text(*unnamed))
        assert len(load.rows()) == 2

    def test_a_line_that_is_being_written_waits(self, load: FileLoader) -> None:
        whole = json_text(*LINES, answer("msg_09"))
        load.load_texts(whole[:-40])
        assert len(load.rows()) == 2
        assert not load.rows("rejected_rows")
        load.load_texts(whole)
        assert len(load.rows()) == 3

    def test_unknown_counts_are_null(self, load: FileLoader) -> None:
        line = answer("msg_08")
        del line["message"]["usage"]["cache_read_input_tokens"]
        load.load_texts(json_text(line))
        assert load.rows()[0]["cache_read_tokens"] is None
