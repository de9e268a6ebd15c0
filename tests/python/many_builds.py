"""Build many warehouses: the project is parsed once, each build is a process of its own.

    python many_builds.py <directory> <variables> < jobs

A job is a line of JSON: name, variables, and what dbt's command line says besides. Its warehouse is
`<directory>/<job>/warehouse.duckdb` and is there before. All have one name, because dbt writes the
name of the catalog into the project that it parses. The variables on the command line are those of
the parser. A line of JSON a job comes back, with the nodes that failed and the seconds it took.
"""

import json
import os
import sys
import time
import traceback
from pathlib import Path

from dbt.cli.main import dbtRunner

ROOT = Path(__file__).parents[2]
WAREHOUSE = "warehouse.duckdb"
AT_A_TIME = 2
PASSED = ("pass", "success")


def invoke(directory, manifest, *command):
    """Run a dbt command with its artifacts in a directory."""
    places = (
        *("--project-dir", str(ROOT), "--profiles-dir", str(ROOT)),
        *("--target-path", str(directory), "--log-path", str(directory)),
    )
    return dbtRunner(manifest=manifest).invoke([*command, *places, "--quiet"])


def build(job, directory, manifest):
    """Build one job and write down what became of it."""
    os.environ["SHIPWORTHY_WAREHOUSE"] = str(directory / job["name"] / WAREHOUSE)
    started = time.monotonic()
    done = invoke(
        directory / job["name"] / "target",
        manifest,
        *("build", "--vars", json.dumps(job["variables"]), *job["arguments"]),
    )
    results = done.result.results if done.result else []
    failed = [
        f"{result.node.name}: {result.message}" for result in results if result.status not in PASSED
    ]
    if done.exception:
        failed.append(str(done.exception))
    report = {
        "name": job["name"],
        "nodes": len(results),
        "failed": failed,
        "seconds": time.monotonic() - started,
    }
    (directory / f"{job['name']}.json").write_text(json.dumps(report))


def main():
    """Read the jobs, run them, and print the reports."""
    directory = Path(sys.argv[1])
    jobs = [json.loads(line) for line in sys.stdin]
    os.environ["SHIPWORTHY_WAREHOUSE"] = str(directory / WAREHOUSE)
    manifest = invoke(directory / "parsed", None, "parse", "--vars", sys.argv[2]).result
    running, waiting = set(), list(jobs)
    while running or waiting:
        while waiting and len(running) < AT_A_TIME:
            job = waiting.pop(0)
            child = os.fork()
            if child == 0:
                try:
                    build(job, directory, manifest)
                except Exception:
                    traceback.print_exc()
                finally:
                    sys.stderr.flush()
                    os._exit(0)
            running.add(child)
        running.discard(os.wait()[0])
    for job in jobs:
        print("report " + (directory / f"{job['name']}.json").read_text())


if __name__ == "__main__":
    main()
