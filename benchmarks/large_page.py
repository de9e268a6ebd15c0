"""What the page of a large organisation costs, as a ratio to reading its marts.

    python benchmarks/large_page.py

Fifty teams and three years of weeks, in a warehouse made by the tests' own builder. The yardstick,
measured in the same run: every row of every mart is fetched and written as JSON. Prints processor
and wall seconds of both, the ratio of processor seconds, and the size of the page.
"""

import json
import os
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import duckdb

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT / "tests" / "python"), str(ROOT / "tests" / "python" / "report")]

from worlds import fifty_teams  # noqa: E402

from shipworthy.report import write_page  # noqa: E402


def read_marts(warehouse: Path) -> str:
    """Return every row of every mart as JSON."""
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        names = connection.execute(
            "select table_name from information_schema.tables where table_schema = 'shipworthy'"
        ).fetchall()
        rows = [connection.execute(f"from shipworthy.{name}").fetchall() for (name,) in names]
    return json.dumps(rows, default=str)


def timed(work: Callable[[], object]) -> tuple[float, float]:
    """Return processor and wall seconds."""
    processor, wall = time.process_time(), time.perf_counter()
    work()
    return time.process_time() - processor, time.perf_counter() - wall


def main() -> None:
    """Measure both and print them."""
    with tempfile.TemporaryDirectory() as scratch:
        warehouse = fifty_teams(Path(scratch) / "w.duckdb")
        page = Path(scratch) / "page.html"
        read = timed(lambda: read_marts(warehouse))
        written = timed(lambda: write_page(warehouse, page))
        size = page.stat().st_size
    print(f"load of the machine before: {os.getloadavg()[0]:.1f}")
    print(f"marts read as JSON: {read[0]:.2f} s of processor, {read[1]:.2f} s")
    print(f"page: {written[0]:.2f} s of processor, {written[1]:.2f} s, {size / 1e6:.2f} MB")
    print(f"ratio of processor seconds: {written[0] / read[0]:.1f}")


if __name__ == "__main__":
    main()
