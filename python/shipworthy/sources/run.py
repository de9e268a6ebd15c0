"""Run every source of a configuration file, each whatever becomes of the others."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from shipworthy.errors import DISK_FULL, ShipworthyError, system_sentence
from shipworthy.sources import vendor
from shipworthy.sources.config import Step


@dataclass(frozen=True)
class StepResult:
    """What became of one source.

    Parameters
    ----------
    name : str
        The source.
    lines : tuple of str
        Closing lines of what was loaded.
    error : str
        The sentence that ended it; "" if nothing did.
    """

    name: str
    lines: tuple[str, ...]
    error: str = ""


def run_steps(steps: list[Step], warehouse: Path) -> Iterator[StepResult]:
    """Run the sources in order; one that fails keeps no other from running.

    Parameters
    ----------
    steps : list of Step
        From `shipworthy.sources.config.read_config`.
    warehouse : Path
        The DuckDB file.
    """
    runners: dict[str, Callable[[Step, Path], list[str]]] = {"git": _git, "files": _files}
    for step in steps:
        try:
            lines = runners.get(step.name, _vendor)(step, warehouse)
        except ShipworthyError as error:
            yield StepResult(step.name, (), str(error))
        except OSError as error:
            sentence = None if error.errno in DISK_FULL else system_sentence(error)
            if sentence is None:
                raise
            yield StepResult(step.name, (), sentence)
        else:
            yield StepResult(step.name, tuple(lines))


def _git(step: Step, warehouse: Path) -> list[str]:
    from shipworthy.git.reader import load_git

    return [str(done) for done in load_git(step.options.pop("paths"), warehouse, **step.options)]


def _files(step: Step, warehouse: Path) -> list[str]:
    from shipworthy.files import load_files
    from shipworthy.reach import reach_in_words

    through = step.options.get("through")
    loads = load_files(
        step.options["directory"],
        warehouse,
        step.max_rejected,
        through,
        step.options.get("maps"),
    )
    said = reach_in_words([done.table for done in loads], through)
    lines = [str(done) for done in loads]
    if said:
        lines[-1] += f". {said.removesuffix('.')}"
    return lines


def _vendor(step: Step, warehouse: Path) -> list[str]:
    from shipworthy.sources.landing import load_vendor

    loads = load_vendor(
        vendor(step.name),
        step.options,
        warehouse,
        first_since=step.since,
        max_rejected=step.max_rejected,
    )
    return [str(done) for done in loads]
