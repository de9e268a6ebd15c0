"""Build what hangs on a switch: the project is parsed once, each switch is a process of its own.

    python switched_builds.py <warehouse> <directory> < jobs

A job is a line of JSON: name, variables, and what to select. Each begins with a copy of the
warehouse, which was built with everything switched on, in `<directory>/<job>/`. The file keeps its
name, because dbt writes a catalog's name into the project that it parses. A line of JSON a job
comes back, with the nodes that failed.
"""

import json
import os
import shutil
import sys
import traceback
from pathlib import Path

from dbt.cli.main import dbtRunner

ROOT = Path(__file__).parents[2]
AT_A_TIME = 2
PASSED = ("pass", "success")


def invoke(directory, manifest, *command):
    """Run a dbt command with its artifacts in a directory."""
    places = (
        *("--project-dir", str(ROOT), "--profiles-dir", str(ROOT)),
        *("--target-path", str(directory), "--log-path", str(directory)),
    )
    return dbtRunner(manifest=manifest).invoke([*command, *places, "--quiet"])


def build(job, warehouse, directory, manifest):
    """Build one job and write down what became of it."""
    copy = directory / job["name"] / warehouse.name
    copy.parent.mkdir()
    shutil.copy(warehouse, copy)
    os.environ["SHIPWORTHY_WAREHOUSE"] = str(copy)
    done = invoke(
        copy.parent / "target",
        manifest,
        *("build", "--exclude-resource-type=unit_test", "--exclude-resource-type=seed"),
        *("--vars", json.dumps(job["variables"]), "--select", *job["select"]),
    )
    results = done.result.results if done.result else []
    failed = [
        f"{result.node.name}: {result.message}" for result in results if result.status not in PASSED
    ]
    if done.exception:
        failed.append(str(done.exception))
    report = {"name": job["name"], "nodes": len(results), "failed": failed}
    (directory / f"{job['name']}.json").write_text(json.dumps(report))


def main():
    """Read the jobs, run them, and print the reports."""
    warehouse, directory = Path(sys.argv[1]), Path(sys.argv[2])
    jobs = [json.loads(line) for line in sys.stdin]
    os.environ["SHIPWORTHY_WAREHOUSE"] = str(directory / warehouse.name)
    manifest = invoke(directory / "parsed", None, "parse").result
    running, waiting = set(), list(jobs)
    while running or waiting:
        while waiting and len(running) < AT_A_TIME:
            job = waiting.pop(0)
            child = os.fork()
            if child == 0:
                try:
                    build(job, warehouse, directory, manifest)
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
