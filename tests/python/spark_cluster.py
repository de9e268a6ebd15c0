"""A Spark cluster as long as a `with` block: a master and two workers, loopback only."""

import importlib.util
import os
import shutil
import socket
import subprocess
import time
from contextlib import contextmanager
from pathlib import Path

WORKERS = 2
# How long a program of Spark may take to start.
PATIENCE_SECONDS = 120


class JavaMissingError(Exception):
    """The machine has no Java."""


def require_java():
    """Raise where Spark cannot start."""
    home = os.environ.get("JAVA_HOME")
    if not shutil.which("java") and not (home and (Path(home) / "bin" / "java").exists()):
        raise JavaMissingError(
            "Java is neither on the PATH nor in JAVA_HOME, and Spark is written in it; install "
            "version 17 or 21 (Debian: apt-get install default-jre-headless)"
        )


@contextmanager
def run_cluster(directory):
    """Start a master and its workers, yield the address, and end them whatever happens.

    Parameters
    ----------
    directory : Path
        Gets their logs, and what executors write.

    Yields
    ------
    str
        `spark://127.0.0.1:<port>`.
    """
    require_java()
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port = found.getsockname()[1]
    address = f"spark://127.0.0.1:{port}"
    log = directory / "master.log"
    processes = []
    try:
        processes.append(_start("master.Master", log, "--port", str(port)))
        _wait(processes, log, f"Starting Spark master at {address}", 1)
        for number in range(WORKERS):
            work = directory / f"worker{number}"
            work.mkdir()
            limits = ("--cores", "1", "--memory", "2g", "--work-dir", str(work))
            own = directory / f"worker{number}.log"
            processes.append(_start("worker.Worker", own, *limits, address))
        _wait(processes, log, "Registering worker", WORKERS)
        yield address
    finally:
        for process in reversed(processes):
            process.terminate()
        for process in processes:
            try:
                process.wait(timeout=30)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _start(program, log, *arguments):
    home = Path(importlib.util.find_spec("pyspark").origin).parent
    with log.open("wb") as output:
        return subprocess.Popen(
            [
                str(home / "bin" / "spark-class"),
                f"org.apache.spark.deploy.{program}",
                *("--host", "127.0.0.1", "--webui-port", "0"),
                *arguments,
            ],
            env=os.environ | {"SPARK_HOME": str(home), "SPARK_LOCAL_IP": "127.0.0.1"},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        )


def _wait(processes, log, sentence, times):
    """Wait until a log says something so many times."""
    for _ in range(PATIENCE_SECONDS * 5):
        if log.read_text(errors="replace").count(sentence) >= times:
            return
        for process in processes:
            if process.poll() is not None:
                raise RuntimeError(f"Spark ended: {log.read_text(errors='replace')[-2000:]}")
        time.sleep(0.2)
    raise RuntimeError(f"Spark did not start: {log.read_text(errors='replace')[-2000:]}")
