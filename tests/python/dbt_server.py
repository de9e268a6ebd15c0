"""Run dbt commands in forks of a process that has imported dbt and parsed the project.

    python dbt_server.py <directory> < jobs

Starting dbt takes two seconds and reading this project ten more, and tests run dbt a hundred times.
The directory is shared by all servers of a test session: the first parses, the others read what it
wrote. A job is a line of JSON and is run in a fork of its own, so that no run leaves anything to
the next; a line of JSON with its id and exit code comes back when it is over. Its keys:

id : int
arguments : list of str
    What follows `dbt` on a command line; nothing: only to have the project parsed.
environment : dict
    All environment variables.
cwd, output : str
    Where it runs, and the file of what it prints.
is_parsed : bool
    Whether what was parsed is to be used; else the job reads its project itself.
deprecations : bool
    Whether dbt shows deprecations that it would hide on DuckDB.
"""

import fcntl
import gc
import json
import os
import shutil
import signal
import sys
import time
import traceback
from contextlib import redirect_stderr, redirect_stdout
from functools import partial
from pathlib import Path

from dbt.adapters.duckdb.connections import DuckDBConnectionManager
from dbt.cli.main import dbtRunner
from dbt.jsonschemas import jsonschemas

from dbt_places import CATALOG, PARSED, ROOT, STATE, VARIABLES


def parse(directory):
    """Return the manifest of this repository's project, and the directory of its artifacts.

    The project is read once for all servers. Deprecations are shown, those too that dbt hides on
    DuckDB, and kept in `parsed.txt`.
    """
    own = directory / str(os.getpid())
    own.mkdir(parents=True)
    # dbt reads a project anew where its profile's variables are not what they were.
    os.environ["SHIPWORTHY_WAREHOUSE"] = str(directory / f"{CATALOG}.duckdb")
    with (directory / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if (directory / STATE).exists():
            shutil.copy(directory / STATE, own)
        jsonschemas._JSONSCHEMA_SUPPORTED_ADAPTERS.add("duckdb")
        with (own / PARSED).open("w") as file, redirect_stdout(file), redirect_stderr(file):
            done = dbtRunner().invoke(
                [
                    *("parse", "--vars", VARIABLES, "--show-all-deprecations"),
                    *("--project-dir", str(ROOT), "--profiles-dir", str(ROOT)),
                    *("--target-path", str(own), "--log-path", str(own)),
                ]
            )
        jsonschemas._JSONSCHEMA_SUPPORTED_ADAPTERS.discard("duckdb")
        if done.success and not (directory / STATE).exists():
            for name in (PARSED, STATE):
                shutil.copy(own / name, directory)
    gc.freeze()
    return done.result if done.success else None, own


def name_catalog(manifest, name):
    """Put the name of a warehouse's catalog into a manifest."""
    for node in (*manifest.nodes.values(), *manifest.sources.values()):
        if node.database == CATALOG:
            node.database = name
            if node.relation_name:
                node.relation_name = node.relation_name.replace(f'"{CATALOG}".', f'"{name}".', 1)


def run(job, manifest, parsed):
    """Run a job in this process and return its exit code."""
    os.environ.clear()
    os.environ.update(job["environment"])
    time.tzset()
    os.chdir(job["cwd"])
    if job["deprecations"]:
        jsonschemas._JSONSCHEMA_SUPPORTED_ADAPTERS.add("duckdb")
    if manifest:
        name_catalog(manifest, Path(job["environment"]["SHIPWORTHY_WAREHOUSE"]).stem)
        target = Path(job["environment"]["DBT_TARGET_PATH"])
        target.mkdir(parents=True, exist_ok=True)
        for artifact in ("manifest.json", "semantic_manifest.json"):
            shutil.copy(parsed / artifact, target)
    if not job["arguments"]:
        return 0
    done = dbtRunner(manifest=manifest).invoke(job["arguments"])
    if done.exception:
        print(done.exception)
    # A file is whole without its log only when the last connection is closed; a fork ends at once.
    DuckDBConnectionManager.close_all_connections()
    gc.collect()
    return 0 if done.success else 1


def fork(function):
    """Call a function in a fork; return the fork's id."""
    sys.stdout.flush()
    child = os.fork()
    if child:
        return child
    try:
        code = function()
    except BaseException:
        traceback.print_exc()
        code = 70
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def serve(job, manifest, parsed):
    """Run a job in a fork, what it prints in its file, and report its exit code."""

    def work():
        output = os.open(job["output"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        for stream in (1, 2):
            os.dup2(output, stream)
        return run(job, manifest, parsed)

    _, status = os.waitpid(fork(work), 0)
    code = os.waitstatus_to_exitcode(status)
    os.write(1, (json.dumps({"id": job["id"], "returncode": code}) + "\n").encode())
    return 0


def main():
    """Serve until nobody asks any more."""
    parsed = None
    for line in sys.stdin:
        job = json.loads(line)
        if job["is_parsed"] and not parsed:
            parsed = parse(Path(sys.argv[1]))
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        fork(partial(serve, job, *(parsed if job["is_parsed"] else (None, None))))
        # Forks that are over are nobody's business: each reported itself.
        signal.signal(signal.SIGCHLD, signal.SIG_IGN)


if __name__ == "__main__":
    main()
