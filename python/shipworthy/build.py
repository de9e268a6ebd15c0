"""`shipworthy build`: dbt's build, told in a few lines, with the time that each part took.

dbt says a line a node, and where the warehouse is in use a traceback. Its events are read as JSON
while it runs (`dbt_events`); what fails is told in dbt's own words.
"""

import json
import os
import re
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import duckdb

from shipworthy.errors import ShipworthyError
from shipworthy.warehouse import STORAGE_VERSION, explain, unwritable

# In the order in which a build comes to them; what else there is (hooks) is not told.
_KINDS = ("seed", "model", "unit_test", "test")
_RESULTS = frozenset(
    {"LogSeedResult", "LogModelResult", "LogTestResult", "LogNodeResult", "LogUnitTestResult"}
)
_ERRORS = frozenset({"MainEncounteredError", "RunResultError", "RunResultFailure"})
_BAD = frozenset({"error", "fail", "skipped", "runtime error"})
_LOCKED = "Could not set lock"
_OWN_SENTENCE = re.compile(r"^\s*shipworthy: (.+)$", re.MULTILINE)


def build(
    warehouse: Path,
    arguments: Sequence[str] = (),
    tell: Callable[[str], object] = print,
    clock: Callable[[], float] = time.monotonic,
) -> None:
    """Run `dbt build` on the warehouse and say what it does.

    Parameters
    ----------
    warehouse : Path
        The DuckDB file; dbt reads where it is from `SHIPWORTHY_WAREHOUSE`.
    arguments : sequence of str
        What else `dbt build` is told: `--select`, `--vars`.
    tell : callable
        Takes a line for the user.
    clock : callable
        Returns seconds.

    Raises
    ------
    ShipworthyError
        If there is no dbt, another process holds the warehouse, or something failed.
    """
    dbt = Path(sys.executable).parent / "dbt"
    if not dbt.is_file():
        raise ShipworthyError("dbt is not installed; run `make setup`, or: pip install dbt-duckdb")
    _refuse_locked(warehouse)
    started = clock()
    tell(f"{_elapsed(0)} reading the project")
    # -P: a directory of the project is no module of Python's.
    command = [sys.executable, "-P", "-m", "shipworthy.dbt_events", "build", *arguments]
    with subprocess.Popen(
        command,
        env=os.environ | {"SHIPWORTHY_WAREHOUSE": str(warehouse.absolute())},
        cwd=_project(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
    ) as process:
        assert process.stdout is not None
        report = _Report(tell, lambda: clock() - started)
        for event in _events(process.stdout):
            report.take(event)
    report.close()
    if process.returncode:
        raise ShipworthyError(_failure(warehouse, report, process.returncode))


class _Report:
    """Counts results by kind, and tells when one kind gives way to the next."""

    def __init__(self, tell: Callable[[str], object], elapsed: Callable[[], float]) -> None:
        self.errors: list[str] = []
        self.bad = 0
        self._tell, self._elapsed = tell, elapsed
        self._counts: Counter[str] = Counter()
        self._told = elapsed()
        self._total = 0

    def take(self, event: dict) -> None:
        name, data = event["info"]["name"], event.get("data", {})
        if name in _ERRORS:
            self.errors.append(str(event["info"].get("msg", "")).strip())
        if name not in _RESULTS:
            return
        kind = str(data.get("node_info", {}).get("resource_type", ""))
        if kind not in _KINDS:
            return
        self._counts[kind] += 1
        self._total = max(self._total, int(data.get("total") or 0))
        self.bad += str(data.get("status", "")).lower() in _BAD
        if self._elapsed() - self._told >= 5:
            self._say()

    def close(self) -> None:
        if self._counts:
            self._say()

    def _say(self) -> None:
        self._told = self._elapsed()
        parts = [
            f"{self._counts[kind]} {kind.replace('_', ' ')}{'s' * (self._counts[kind] != 1)}"
            for kind in _KINDS
            if self._counts[kind]
        ]
        failed = f", {self.bad} failed or skipped" if self.bad else ""
        of = f" of {self._total}" if self._total else ""
        self._tell(
            f"{_elapsed(self._told)} done {self._counts.total()}{of}: {', '.join(parts)}{failed}"
        )


def _events(lines: Iterator[str]) -> Iterator[dict]:
    """Yield dbt's events; a line that is none (a warning of Python's) is left out."""
    for line in lines:
        try:
            event = json.loads(line)
        except ValueError:
            continue
        if isinstance(event, dict) and isinstance(event.get("info"), dict):
            event["info"].setdefault("name", "")
            yield event


def _refuse_locked(warehouse: Path) -> None:
    if not warehouse.is_file():
        return
    try:
        duckdb.connect(
            str(warehouse),
            config={
                "storage_compatibility_version": STORAGE_VERSION,
                "autoinstall_known_extensions": False,
            },
        ).close()
    except duckdb.Error as error:
        raise ShipworthyError(explain(warehouse, error)) from error


def _project() -> Path:
    """Return the dbt project that is meant: the one right here, else shipworthy's own."""
    own = Path(__file__).parents[2]
    return Path() if Path("dbt_project.yml").is_file() else own


def _failure(warehouse: Path, report: _Report, code: int) -> str:
    for error in report.errors:
        if _LOCKED in error:
            return explain(warehouse, duckdb.IOException(error))
        if reason := unwritable(duckdb.IOException(error)):
            return (
                f"The warehouse {warehouse} could not be written ({reason}); what was there before "
                "is still there. Free some space or make its directory writable, and build again."
            )
    if not report.errors:
        return f"dbt ended with exit code {code} and said nothing; its log is logs/dbt.log."
    # What the project's own checks refuse is one sentence, without dbt's list of macros around it.
    own = [found[1] for error in report.errors if (found := _OWN_SENTENCE.search(error))]
    if own:
        return own[0]
    shown = "\n".join(report.errors[:5])
    more = f"\n... and {len(report.errors) - 5} more" if len(report.errors) > 5 else ""
    return f"the build failed:\n{shown}{more}"


def _elapsed(seconds: float) -> str:
    return f"{int(seconds) // 60}:{int(seconds) % 60:02d}"
