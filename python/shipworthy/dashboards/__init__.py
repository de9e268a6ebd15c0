"""Dashboards for Grafana and Superset, made from the panels of the report page.

What a chart shows, of which mart and in which unit, stands in `shipworthy.report.panels` alone;
here it is only written in two tools' words.
"""

from pathlib import Path

from shipworthy.dashboards import grafana, superset
from shipworthy.errors import ShipworthyError

SCHEMA = "shipworthy"
DATABASE = "duckdb:////srv/bi/outcomes.duckdb?access_mode=read_only"


def write_dashboards(
    directory: Path, schema: str = SCHEMA, database: str = DATABASE
) -> tuple[Path, Path]:
    """Write `grafana.json` and `superset.zip`.

    Parameters
    ----------
    directory : Path
        Where to; it exists.
    schema : str
        Where the marts are in the database that the tools read.
    database : str
        SQLAlchemy address that Superset reads them by; Grafana asks while it imports.

    Returns
    -------
    tuple of Path
        The two files.

    Raises
    ------
    ShipworthyError
        If they cannot be written.
    """
    files = directory / "grafana.json", directory / "superset.zip"
    try:
        for path, content in zip(
            files, (grafana.dashboard(schema), superset.bundle(schema, database)), strict=True
        ):
            path.write_bytes(content)
    except OSError as error:
        raise ShipworthyError(f"{directory} cannot be written: {error.strerror}.") from error
    return files
