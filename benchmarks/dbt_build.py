"""How long `dbt build` of the demo takes, against `dbt parse` of the same project in the same run.

    python benchmarks/dbt_build.py [REPEATS]

Prints the wall seconds of each, best of the repeats (default 3), and their ratio. Every run starts
without a parse cache and with a new warehouse, as a new user's does.
"""

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parents[1]


def seconds(command: str, directory: Path) -> float:
    """Wall seconds of one dbt command in a new target directory and warehouse."""
    environment = os.environ | {"SHIPWORTHY_WAREHOUSE": str(directory / "demo.duckdb")}
    started = time.perf_counter()
    subprocess.run(
        [
            Path(sys.executable).with_name("dbt"),
            "--quiet",
            command,
            "--project-dir",
            ROOT,
            "--profiles-dir",
            ROOT,
            "--target-path",
            directory / "target",
            "--log-path",
            directory / "logs",
        ],
        env=environment,
        check=True,
    )
    return time.perf_counter() - started


def best(command: str, repeats: int) -> float:
    """The fastest of several runs: the one that was disturbed least."""
    times = []
    for _ in range(repeats):
        with tempfile.TemporaryDirectory() as directory:
            times.append(seconds(command, Path(directory)))
    return min(times)


def main() -> None:
    """Print one line."""
    repeats = int(sys.argv[1]) if len(sys.argv) > 1 else 3
    parse, build = best("parse", repeats), best("build", repeats)
    print(f"dbt build {build:.1f} s, dbt parse {parse:.1f} s, ratio {build / parse:.1f}")


if __name__ == "__main__":
    main()
