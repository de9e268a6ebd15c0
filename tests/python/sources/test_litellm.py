"""LiteLLM's spend logs."""

import json
from datetime import datetime

import pytest
from file_checks import FileCase, FileChecks, FileLoader, csv_dicts, csv_text
from source_checks import SALT, sample

from shipworthy.errors import ShipworthyError
from shipworthy.sources.vendor import Keys

(SAMPLE,) = csv_dicts(sample("usage_files/litellm_spendlogs.csv"))
KEYS = Keys(SALT.encode())


def request(request_id: str, usage: dict | None = None, **changes: str) -> dict[str, str]:
    """Return a row; `usage` is its metadata.usage_object."""
    metadata = SAMPLE["metadata"] if usage is None else json.dumps({"usage_object": usage})
    return {**SAMPLE, "request_id": request_id, "metadata": metadata, **changes}


SERVICE = request("chatcmpl-2", user="", model="bedrock/anthropic/claude-opus-4-6")
HIT = request("chatcmpl-3", cache_hit="True", spend="0.0", user="default_user_id")
FAILED = request(
    "chatcmpl-4",
    usage={},
    status="failure",
    spend="0",
    prompt_tokens="0",
    completion_tokens="0",
    user="u-77",
    model="",
    startTime="2026-05-08 23:59:59.999",
    request_tags='["User-Agent: codex_cli_rs/0.118.0"]',
)
WRITTEN = request(
    "chatcmpl-5",
    usage={
        "cache_read_input_tokens": 400,
        "cache_creation_input_tokens": 500,
        "prompt_tokens_details": {"cached_tokens": 400},
    },
    prompt_tokens="1000",
    startTime="2026-05-08T23:30:00+02:00",
    request_tags='["User-Agent: claude-cli", "User-Agent: claude-cli/2.1.216"]',
)


class TestLiteLLM(FileChecks):
    case = FileCase(
        "litellm",
        files={
            "spend-1.csv": csv_text([SAMPLE, SERVICE, HIT]),
            "spend-2.csv": csv_text([FAILED, WRITTEN, SERVICE]),
        },
        broken="chatcmpl-9,acompletion\n",
        required={
            "request_id": "is not an export of LiteLLM's spend logs: it has no column request_id",
            "prompt_tokens": "no column prompt_tokens",
            "metadata": "no column metadata",
            "user": "no column user",
            "spend": "no column spend",
        },
        people=("bob", "acme.example", "u-77", SAMPLE["api_key"], "default_user_id"),
    )

    def test_rows(self, load: FileLoader) -> None:
        load()
        rows = {row["usage_id"]: row for row in load.rows()}
        assert set(rows) == {f"litellm:chatcmpl-{number}" for number in range(1, 6)}
        first = rows["litellm:chatcmpl-1"]
        # 2980 of which 2400 cached.
        assert (first["uncached_input_tokens"], first["cache_read_tokens"]) == (580, 2400)
        assert (first["cache_write_tokens"], first["output_tokens"]) == (None, 140)
        assert first["billed_usd"] == 0.0421
        assert first["person_key"] == KEYS.email("bob@acme.example.com")
        assert (first["model"], first["tool"]) == ("claude-sonnet-4-6", None)
        assert first["bucket_started_at"] == datetime(2026, 5, 8, 10)
        assert (first["bucket_hours"], first["requests"], first["sessions"]) == (1, 1, None)
        assert not first["is_automated"]

    def test_who(self, load: FileLoader) -> None:
        load()
        rows = {row["usage_id"][-1]: row for row in load.rows()}
        of_key = KEYS.alias("litellm-key", SAMPLE["api_key"])
        assert [rows[number]["person_key"] for number in "234"] == [
            of_key,
            of_key,
            KEYS.alias("litellm", "u-77"),
        ]
        assert [rows[number]["is_automated"] for number in "2345"] == [True, True, False, False]

    def test_cache_written_failures_and_hits(self, load: FileLoader) -> None:
        load()
        rows = {row["usage_id"][-1]: row for row in load.rows()}
        names = ("uncached_input_tokens", "cache_read_tokens", "cache_write_tokens")
        assert [rows["5"][name] for name in names] == [100, 400, 500]
        assert rows["5"]["bucket_started_at"] == datetime(2026, 5, 8, 21)
        assert rows["5"]["tool"] == "claude"
        assert [rows["4"][name] for name in names] == [0, None, None]
        assert (rows["4"]["requests"], rows["4"]["billed_usd"]) == (1, 0)
        assert (rows["4"]["model"], rows["4"]["tool"]) == (None, "codex")
        assert rows["4"]["bucket_started_at"] == datetime(2026, 5, 8, 23)
        assert [rows["3"][name] for name in (*names, "output_tokens")] == [0, 0, 0, 0]
        assert (rows["3"]["requests"], rows["3"]["billed_usd"]) == (1, 0)
        assert rows["2"]["model"] == "claude-opus-4-6"

    def test_older_versions_keep_counts_elsewhere(self, load: FileLoader) -> None:
        older = {"additional_usage_values": {"cache_read_input_tokens": 1000}}
        load.load_texts(csv_text([{**SAMPLE, "metadata": json.dumps(older)}]))
        assert load.rows()[0]["uncached_input_tokens"] == 1980

    @pytest.mark.parametrize(
        ("prompt", "usage", "expected"),
        [
            # Included, as most versions have it.
            (1000, {"cache_read_input_tokens": 400, "cache_creation_input_tokens": 500}, 100),
            # More cached than prompt tokens: what was written is left out.
            (600, {"cache_read_input_tokens": 400, "cache_creation_input_tokens": 500}, 200),
            # More read than prompt tokens: all of the cache is.
            (12, {"cache_read_input_tokens": 400, "cache_creation_input_tokens": 500}, 12),
            # One field is 0, the other knows.
            (
                2500,
                {"prompt_tokens_details": {"cached_tokens": 0}, "cache_read_input_tokens": 2455},
                45,
            ),
            (
                2500,
                {"prompt_tokens_details": {"cached_tokens": 2455}, "cache_read_input_tokens": 0},
                45,
            ),
            (2500, {"prompt_tokens_details": {"cache_creation_tokens": 2455}}, 45),
        ],
    )
    def test_what_the_prompt_includes(
        self, load: FileLoader, prompt: int, usage: dict, expected: int
    ) -> None:
        load.load_texts(csv_text([request("x", usage, prompt_tokens=str(prompt))]))
        (row,) = load.rows()
        cached = (row["cache_read_tokens"] or 0) + (row["cache_write_tokens"] or 0)
        assert row["uncached_input_tokens"] == expected
        assert cached == (900 if "cache_creation_input_tokens" in usage else 2455)

    def test_a_proof_holds_for_the_day_kind_of_call_and_model(self, load: FileLoader) -> None:
        written = {"cache_creation_input_tokens": 500}
        proof = request("proof", written, prompt_tokens="31")
        alike = request("alike", written, prompt_tokens="2000")
        others = [
            {**alike, "request_id": "day", "startTime": "2026-05-09T10:00:00Z"},
            {**alike, "request_id": "model", "model": "gpt-5.3-codex"},
            {**alike, "request_id": "call", "call_type": "anthropic_messages"},
        ]
        # Wherever the proof stands, in whichever order the rows come.
        load.load_texts(csv_text([alike, *others, proof]))
        rows = {row["usage_id"]: row["uncached_input_tokens"] for row in load.rows()}
        assert rows == {
            "litellm:proof": 31,
            "litellm:alike": 2000,
            "litellm:day": 1500,
            "litellm:model": 1500,
            "litellm:call": 1500,
        }

    def test_without_counts_of_a_cache_all_of_the_prompt_counts(self, load: FileLoader) -> None:
        load.load_texts(csv_text([{**SAMPLE, "metadata": "{}"}, request("b", metadata="")]))
        assert [row["uncached_input_tokens"] for row in load.rows()] == [2980, 2980]
        assert {row["cache_read_tokens"] for row in load.rows()} == {None}

    def test_of_copies_the_last_to_end_counts(self, load: FileLoader) -> None:
        early = request("c", endTime="2026-05-08T10:00:01Z", spend="0.01")
        late = request("c", endTime="2026-05-08T10:00:09Z", spend="0.02")
        load.load_texts(csv_text([late, early]))
        assert [row["billed_usd"] for row in load.rows()] == [0.02]

    @pytest.mark.parametrize(
        ("column", "value", "reason"),
        [
            ("request_id", "", "has no request_id"),
            ("startTime", "", "has no startTime"),
            ("startTime", "soon", "startTime is not a time"),
            ("startTime", "infinity", "startTime is not a time"),
            ("startTime", "2026-05-08T10:00:00+99:99", "startTime is not a time"),
            ("startTime", "2027-01-01T00:00:00Z", "bucket_started_at is after this load"),
            ("spend", "-0.1", "spend is negative"),
            ("spend", "nan", "spend is not a number"),
            ("prompt_tokens", "many", "prompt_tokens is not a whole number"),
            ("completion_tokens", "-1", "has a negative count"),
            ("metadata", "{'usage_object': {}}", "metadata is not JSON"),
            (
                "metadata",
                '{"usage_object": {"cache_read_input_tokens": "many"}}',
                "has a count of cached tokens that is not a number",
            ),
            (
                "metadata",
                '{"usage_object": {"cache_read_input_tokens": 2.5}}',
                "has a count of cached tokens that is not a number",
            ),
            ("prompt_tokens", "9223372036854775807", "has a count above 1,000,000,000,000"),
            (
                "metadata",
                '{"usage_object": {"cache_read_input_tokens": 9223372036854775807,'
                ' "cache_creation_input_tokens": 9223372036854775807}}',
                "has a count above 1,000,000,000,000",
            ),
            ("cache_hit", "perhaps", "cache_hit is not true or false"),
        ],
    )
    def test_bad_values_are_refused(
        self, load: FileLoader, column: str, value: str, reason: str
    ) -> None:
        bad = {**request("bad"), column: value}
        (done,) = load.load_texts(csv_text([SAMPLE, bad]), max_rejected=0.5)
        assert done.rejected == 1
        assert [row["reason"] for row in load.rows("rejected_rows")] == [reason]
        # Nor does it say anything about how the other row counts.
        assert [row["uncached_input_tokens"] for row in load.rows()] == [580]

    def test_more_rows_than_a_batch(
        self, load: FileLoader, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("shipworthy.sources.vendors.litellm._BATCH", 2048)
        rows = [request(f"r{number}", prompt_tokens=str(2400 + number)) for number in range(5000)]
        load.load_texts(csv_text(rows))
        assert len(load.rows()) == 5000
        assert sum(row["uncached_input_tokens"] for row in load.rows()) == 5000 * 4999 // 2

    def test_an_open_quote_is_a_sentence(self, load: FileLoader) -> None:
        with pytest.raises(ShipworthyError, match="quote is not closed"):
            load.load_texts(csv_text([SAMPLE, SERVICE]).replace("chatcmpl-2", '"chatcmpl-2', 1))
