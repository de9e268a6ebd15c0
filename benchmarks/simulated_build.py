"""Marts of a simulated organisation in a throw-away warehouse, for other benchmarks."""

import os
import subprocess
import sys
from pathlib import Path

from shipworthy.files import load_files
from shipworthy.simulate import Parameters, simulate, write_tables

ROOT = Path(__file__).parents[1]


def build(parameters: Parameters, directory: Path, *selection: str) -> Path:
    """Simulate, load and build without tests; return the warehouse.

    Parameters
    ----------
    parameters : Parameters
        Of the organisation.
    directory : Path
        An empty directory for everything that the build writes.
    selection : str
        What else `dbt build` is told, such as `--select` and a model.
    """
    tables = directory / "tables"
    warehouse = directory / "warehouse.duckdb"
    write_tables(simulate(parameters), tables)
    load_files(tables, warehouse, 0.0)
    subprocess.run(
        [
            Path(sys.executable).with_name("dbt"),
            *("--quiet", "build"),
            *("--exclude-resource-type", "test", "--exclude-resource-type", "unit_test"),
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
