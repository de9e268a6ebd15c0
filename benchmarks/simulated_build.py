"""Marts of a simulated organisation in a throw-away warehouse, for other benchmarks."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from shipworthy.files import load_files
from shipworthy.simulate import Parameters, simulate, write_tables

ROOT = Path(__file__).parents[1]
Tables = dict[str, list[dict]]


def build(
    parameters: Parameters,
    directory: Path,
    *selection: str,
    change: Callable[[Tables, Parameters], Tables] | None = None,
) -> Path:
    """Simulate, load and build without tests; return the warehouse.

    Parameters
    ----------
    parameters : Parameters
        Of the organisation.
    directory : Path
        An empty directory for everything that the build writes.
    selection : str
        What else `dbt build` is told, such as `--select` and a model.
    change : callable, optional
        What becomes of the simulated rows before they are loaded.
    """
    tables = directory / "tables"
    warehouse = directory / "warehouse.duckdb"
    rows = simulate(parameters)
    write_tables(change(rows, parameters) if change else rows, tables)
    load_files(tables, warehouse, 0.0)
    subprocess.run(
        [
            Path(sys.executable).with_name("dbt"),
            *("--quiet", "build"),
            *("--exclude-resource-type", "test"),
            *("--project-dir", ROOT, "--profiles-dir", ROOT),
            *("--target-path", directory / "target"),
            *("--vars", "shipworthy__demo: false"),
            *selection,
        ],
        env=os.environ | {"SHIPWORTHY_WAREHOUSE": str(warehouse)},
        cwd=directory,
        check=True,
    )
    return warehouse
