"""Whether a redesign changed a number: marts of random worlds and of the demo, before and after.

    python benchmarks/compare_worlds.py REF [--worlds 20] [--seed 1] [--without-demo]
        [--ignore MART[.COLUMN] ...]

The worlds are those of tests/python/reference: small organisations that visit the corners of the
definitions. All stand side by side in one warehouse, because their names never meet; the working
tree's demo files are loaded into another. The models of a git revision and those of the working
tree are built on each, and every mart is compared row by row (`compare_marts.py`, whose exit codes
these are). Takes four builds, two to three minutes.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from functools import partial
from pathlib import Path

from compare_marts import compare

ROOT = Path(__file__).parents[1]
SIDES = ("before", "after")
sys.path.insert(0, str(ROOT / "tests" / "python"))


def write_worlds(warehouse: Path, count: int, seed: int) -> None:
    """Write the raw rows of random worlds into a new warehouse."""
    from reference.test_models_equal_the_oracle import write
    from reference.worlds import worlds

    write(worlds(count, seed), warehouse)


def load_demo(warehouse: Path) -> None:
    """Load the working tree's demo files into a new warehouse."""
    from shipworthy.files import load_files

    load_files(ROOT / "seeds" / "demo", warehouse)


def export(revision: str, directory: Path) -> None:
    """Write the files of a revision into a directory.

    Raises
    ------
    subprocess.CalledProcessError
        If git does not know the revision.
    """
    archive = subprocess.run(
        ["git", "-C", ROOT, "archive", revision, "--", "."], check=True, capture_output=True
    ).stdout
    directory.mkdir()
    subprocess.run(["tar", "-x", "-C", directory], input=archive, check=True)


def build(project: Path, warehouse: Path, minimum_group_size: int) -> None:
    """Run a project's models on a warehouse; teams of fewer people are not shown.

    Raises
    ------
    subprocess.CalledProcessError
        If a model fails; dbt says which.
    """
    variables = {"shipworthy__demo": False, "shipworthy__minimum_group_size": minimum_group_size}
    for command in ("seed", "run"):
        subprocess.run(
            [
                *(Path(sys.executable).parent / "dbt", command, "--quiet"),
                *("--project-dir", project, "--profiles-dir", project),
                *("--target-path", warehouse.parent / f"{warehouse.stem}_target"),
                *("--log-path", warehouse.parent / f"{warehouse.stem}_target"),
                *("--vars", json.dumps(variables)),
            ],
            check=True,
            env=os.environ
            | {
                "SHIPWORTHY_WAREHOUSE": str(warehouse),
                "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
                "DO_NOT_TRACK": "1",
            },
        )


def main() -> int:
    """Print what differs; 1 if anything does, 2 if something cannot be built."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("revision", metavar="REF")
    parser.add_argument("--worlds", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--without-demo", action="store_true")
    parser.add_argument("--schema", default="shipworthy")
    parser.add_argument("--ignore", nargs="*", default=[], metavar="MART[.COLUMN]")
    arguments = parser.parse_args()
    found = []
    with tempfile.TemporaryDirectory(prefix="worlds-") as temporary:
        directory = Path(temporary)
        try:
            export(arguments.revision, directory / "project")
            for name, fill, minimum_group_size in (
                ("worlds", partial(write_worlds, count=arguments.worlds, seed=arguments.seed), 2),
                ("demo", load_demo, 5),
            ):
                if name == "demo" and arguments.without_demo:
                    continue
                before, after = (directory / f"{name}_{side}.duckdb" for side in SIDES)
                fill(before)
                shutil.copy(before, after)
                build(directory / "project", before, minimum_group_size)
                build(ROOT, after, minimum_group_size)
                ignored = set(arguments.ignore)
                sentences = compare(before, after, arguments.schema, ignored)
                found += [f"{name}: {sentence}" for sentence in sentences]
        except subprocess.CalledProcessError as problem:
            print(f"The marts cannot be compared: {problem}", file=sys.stderr)
            return 2
    for sentence in found:
        print(sentence)
    if not found:
        demo = "" if arguments.without_demo else " and of the demo"
        print(f"All marts of {arguments.worlds} worlds{demo} are equal.")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
