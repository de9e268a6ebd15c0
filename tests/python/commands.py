"""Run `shipworthy` in a process of its own that need not import it first.

Importing the command line and dlt takes two seconds, and tests run it a hundred times. One process
imports them, without a thread, and each command is a fork of it.
"""

import multiprocessing
import os
import subprocess
import tempfile
from pathlib import Path
from typing import Any

_CONTEXT = multiprocessing.get_context("forkserver")
_CONTEXT.set_forkserver_preload(["shipworthy.cli", "shipworthy.sources.landing", "dlt", "commands"])


def run_command(
    *arguments: Any, environment: dict[str, str] | None = None, timeout: float = 120
) -> subprocess.CompletedProcess[str]:
    """Run `shipworthy` and wait for it.

    Parameters
    ----------
    arguments : str or Path
        What follows `shipworthy` on the command line.
    environment : dict, optional
        Variables beside those of this process.
    timeout : float
        Seconds until the process is killed.

    Returns
    -------
    subprocess.CompletedProcess

    Raises
    ------
    subprocess.TimeoutExpired
    """
    words = [str(argument) for argument in arguments]
    with tempfile.TemporaryDirectory() as directory:
        streams = [Path(directory) / name for name in ("stdout", "stderr")]
        process = _CONTEXT.Process(
            target=_run, args=(words, {**os.environ, **(environment or {})}, os.getcwd(), streams)
        )
        process.start()
        process.join(timeout)
        if process.exitcode is None:
            process.kill()
            process.join()
            raise subprocess.TimeoutExpired(words, timeout)
        texts = [stream.read_text() for stream in streams]
    return subprocess.CompletedProcess(words, process.exitcode, *texts)


def _run(words: list[str], environment: dict[str, str], cwd: str, streams: list[Path]) -> None:
    import sys

    from shipworthy.cli import main

    for number, stream in enumerate(streams, 1):
        file = os.open(stream, os.O_WRONLY | os.O_CREAT)
        os.dup2(file, number)
        os.close(file)
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(cwd)
    tempfile.tempdir = None
    sys.argv = ["shipworthy", *words]
    main()
