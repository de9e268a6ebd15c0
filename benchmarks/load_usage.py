"""Measure loads of a million rows against DuckDB itself.

    python benchmarks/load_usage.py [--rows 1000000] [--requests 100000]

Writes, into a temporary directory,

- spend logs of LiteLLM with this many rows (CSV, with the JSON of real ones),
- the same number of `ai_usage` rows as contract CSV,
- this many pull requests with two reviews each as contract NDJSON.

Each is loaded by `shipworthy load` in a process of its own, into a new warehouse. Beside it stands
what DuckDB alone needs, also in a process of its own, to insert the same files into tables of a new
database without any check. Wall-clock times compare only on a machine that does nothing else, so
processor seconds stand beside them, as does the load average. Memory is the most that the process
had.
"""

import argparse
import csv
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from datetime import datetime, timedelta
from pathlib import Path

FIRST = datetime(2026, 1, 1)
MODELS = ("claude-sonnet-4-6", "anthropic/claude-opus-4-6", "gpt-5.3-codex", "gemini-3-pro")
MEASURED = """
import atexit, resource, sys

def tell_memory():
    unit = 1 if sys.platform == "darwin" else 1024
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit)

atexit.register(tell_memory)
"""
LOAD = MEASURED + "from shipworthy.cli import main; main()"
PLAIN = (
    MEASURED
    + """
import duckdb

connection = duckdb.connect(sys.argv[1])
for path in sys.argv[2:]:
    read = "read_csv" if path.endswith(".csv") else "read_ndjson_auto"
    name = path.rsplit("/", 1)[-1].split(".")[0]
    connection.execute(f"create table {name} as select * from {read}('{path}') limit 0")
    connection.execute(f"insert into {name} select * from {read}('{path}')")
connection.close()
"""
)


def write_spend_logs(path, rows):
    """Write requests of 500 people and 20 services, some of them cached, failed or repeated."""
    columns = (
        "request_id", "call_type", "api_key", "spend", "total_tokens", "prompt_tokens",
        "completion_tokens", "startTime", "endTime", "model", "user", "metadata", "cache_hit",
        "request_tags", "team_id", "end_user", "session_id", "status",
    )  # fmt: skip
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(columns)
        for number in range(rows):
            started = FIRST + timedelta(seconds=13 * number % 15_000_000)
            prompt, completion, cached = 2000 + number % 7919, number % 977, number % 1999
            details = {"cached_tokens": cached, "text_tokens": prompt - cached}
            metadata = {
                "user_api_key": f"{number % 520:064x}",
                "user_api_key_alias": f"key-{number % 520}",
                "user_api_key_team_id": f"team-{number % 40}",
                "usage_object": {
                    "prompt_tokens": prompt,
                    "completion_tokens": completion,
                    "prompt_tokens_details": details,
                    "completion_tokens_details": {"reasoning_tokens": completion // 2},
                    "cache_creation_input_tokens": 0,
                },
                "model_map_information": {"model_map_key": MODELS[number % 4]},
                "additional_usage_values": {"prompt_tokens_details": details},
            }
            user = f"person{number % 520}@example.com" if number % 520 < 500 else ""
            writer.writerow(
                (
                    f"chatcmpl-{number:012x}", "acompletion", f"{number % 520:064x}",
                    round(prompt * 3e-6, 8), prompt + completion, prompt, completion,
                    started.isoformat() + "Z", (started + timedelta(seconds=4)).isoformat() + "Z",
                    MODELS[number % 4], user, json.dumps(metadata), number % 50 == 0,
                    '["User-Agent: claude-cli/2.1.216 (external, cli)"]', f"team-{number % 40}",
                    "", f"{number // 40:032x}", "failure" if number % 97 == 0 else "success",
                )
            )  # fmt: skip


def write_usage(path, rows):
    """Write rows of the contract's ai_usage."""
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(
            (
                "usage_id", "source", "person_key", "tool", "model", "bucket_started_at",
                "bucket_hours", "sessions", "requests", "uncached_input_tokens",
                "cache_read_tokens", "cache_write_tokens", "output_tokens", "billed_usd",
                "is_automated",
            )
        )  # fmt: skip
        for number in range(rows):
            started = FIRST + timedelta(hours=number % 4000)
            writer.writerow(
                (
                    f"bench:{number}", "bench", f"{number % 500:032x}", "claude",
                    MODELS[number % 4], started, 1, "", 1, number % 7919, number % 1999, 0,
                    number % 977, round(number % 7919 * 3e-6, 8), "false",
                )
            )  # fmt: skip


def write_pull_requests(directory, requests):
    """Write requests of 50 repositories, and two reviews of each."""
    with (
        (directory / "pull_requests.ndjson").open("w") as of_requests,
        (directory / "reviews.ndjson").open("w") as of_reviews,
    ):
        for number in range(requests):
            opened = FIRST + timedelta(minutes=number % 300_000)
            where = {"repository": f"acme/service-{number % 50}", "number": number}
            request = {
                **where,
                "author_key": f"{number % 500:032x}",
                "author_kind": "human",
                "authorship": "untagged",
                "opened_at": str(opened),
                "merged_at": str(opened + timedelta(hours=20)),
                "merge_sha": f"{number:040x}",
                "lines_added": number % 400,
                "lines_removed": number % 90,
            }
            of_requests.write(json.dumps(request) + "\n")
            for turn in (1, 2):
                review = {
                    **where,
                    "review_id": f"{number}-{turn}",
                    "reviewer_key": f"{(number + turn) % 500:032x}",
                    "reviewer_kind": "human",
                    "state": "approved",
                    "submitted_at": str(opened + timedelta(hours=turn)),
                    "comment_threads": turn,
                }
                of_reviews.write(json.dumps(review) + "\n")


def run(directory, program, *arguments):
    """Run a program on a new warehouse.

    Returns seconds, processor seconds, memory in bytes, and what it printed.
    """
    warehouse = directory / "bench.duckdb"
    warehouse.unlink(missing_ok=True)
    environment = os.environ | {
        "PYTHONPATH": os.pathsep.join(filter(None, sys.path)),
        "SHIPWORTHY_SALT": "a salt for benchmarks only",
        "SHIPWORTHY_WAREHOUSE": os.fspath(warehouse),
        "TMPDIR": os.fspath(directory),
    }
    arguments = [os.fspath(warehouse) if item is None else os.fspath(item) for item in arguments]
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    started = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-c", program, *arguments],
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    seconds = time.perf_counter() - started
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    *said, memory = done.stdout.splitlines()
    return seconds, used, int(memory), " ".join(said)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--requests", type=int, default=100_000)
    options = parser.parse_args()
    columns = (
        "load", "input MB", "load s", "CPU s", "memory MB", "DuckDB s", "CPU s", "memory MB",
        "x wall", "x CPU", "load average",
    )  # fmt: skip
    print(f"| {' | '.join(columns)} |\n{'|---' * len(columns)}|", flush=True)
    with tempfile.TemporaryDirectory() as temporary:
        directory = Path(temporary)
        for name in ("litellm", "usage", "requests"):
            (directory / name).mkdir()
        spend, usage = directory / "litellm" / "spend.csv", directory / "usage" / "ai_usage.csv"
        write_spend_logs(spend, options.rows)
        write_usage(usage, options.rows)
        write_pull_requests(directory / "requests", options.requests)
        of_requests = sorted((directory / "requests").iterdir())
        for title, arguments, files in (
            (f"litellm, {options.rows:,} rows", ("litellm", spend), [spend]),
            (f"files: ai_usage.csv, {options.rows:,} rows", ("files", usage.parent), [usage]),
            (
                f"files: {options.requests:,} pull requests, {2 * options.requests:,} reviews",
                ("files", directory / "requests"),
                of_requests,
            ),
        ):
            plain, plain_cpu, plain_memory, _ = run(directory, PLAIN, None, *files)
            seconds, cpu, memory, said = run(directory, LOAD, "load", *arguments)
            cells = (
                title, f"{sum(file.stat().st_size for file in files) / 1e6:.0f}",
                f"{seconds:.1f}", f"{cpu:.1f}", f"{memory / 1e6:.0f}",
                f"{plain:.1f}", f"{plain_cpu:.1f}", f"{plain_memory / 1e6:.0f}",
                f"{seconds / plain:.1f}", f"{cpu / plain_cpu:.1f}", f"{os.getloadavg()[0]:.1f}",
            )  # fmt: skip
            print(f"| {' | '.join(cells)} |", flush=True)
            print(f"  {said}", file=sys.stderr)


if __name__ == "__main__":
    main()
