"""The page: the marts as one file that a leader can open.

`panels` is the list of what is shown, as data. Whatever shows a panel selects rows of marts and
computes nothing: a number on the page is a value in a mart.
"""

import os
import tempfile
from importlib.util import find_spec
from pathlib import Path

from shipworthy.errors import ShipworthyError
from shipworthy.headline import marts_schema
from shipworthy.report.marts import Marts, Window, first_day
from shipworthy.report.story import Story
from shipworthy.warehouse import reading

WEEKS = 156
_NEEDED = ("altair", "jinja2", "vl_convert")


def write_page(
    warehouse: Path,
    out: Path,
    *,
    team: str | None = None,
    weeks: int = WEEKS,
    schema: str | None = None,
) -> None:
    """Write the page.

    Parameters
    ----------
    warehouse : Path
        The DuckDB file that dbt built.
    out : Path
        The file; it is whole or not there.
    team : str, optional
        The one team that the page speaks of.
    weeks : int
        How many weeks back it goes.
    schema : str, optional
        Where the marts are; by default `shipworthy`, else the one schema that holds them.

    Raises
    ------
    ShipworthyError
        If the extra `report` is not installed, there are no marts or no such team, or the file
        cannot be written.
    """
    _refuse_without_extra()
    from shipworthy.report.page import page

    text = page(_story(warehouse, team, weeks, schema))
    _write(out, text)


def report_json(
    warehouse: Path,
    *,
    team: str | None = None,
    weeks: int = WEEKS,
    schema: str | None = None,
) -> str:
    """Return what the page shows as one JSON object: sentences, figures and rows.

    Parameters
    ----------
    warehouse, team, weeks, schema
        As in `write_page`.

    Raises
    ------
    ShipworthyError
        As in `write_page`.
    """
    from shipworthy.report.as_json import page_json

    return page_json(_story(warehouse, team, weeks, schema))


def _story(warehouse: Path, team: str | None, weeks: int, schema: str | None) -> Story:
    if not warehouse.is_file():
        raise ShipworthyError(
            f"there is no warehouse at {warehouse}; "
            "run `shipworthy build`, which builds what is loaded, else the demo."
        )
    with reading(warehouse) as connection:
        place = marts_schema(connection, warehouse, schema)
        newest = Marts(connection, place).rows("headline", ("as_of_at",))
        if not newest:
            raise ShipworthyError(f"{warehouse}: {place}.headline is empty; run `dbt build`.")
        as_of = newest[0]["as_of_at"]
        start = first_day(as_of.date(), weeks) if as_of else None
        story = Story(Marts(connection, place, Window(start, team)), weeks)
    if not story.teams:
        raise ShipworthyError(
            f"{warehouse} knows no team {team} in these {weeks} weeks; see "
            f"{place}.team_scorecard for the teams it knows."
            if team is not None
            else f"{warehouse} knows no team yet; load data and run `dbt build`."
        )
    return story


def missing_extra() -> list[str]:
    """Return the packages of the extra `report` that are not installed."""
    return [name for name in _NEEDED if find_spec(name) is None]


def _refuse_without_extra() -> None:
    missing = missing_extra()
    if missing:
        raise ShipworthyError(
            f"The page needs {', '.join(missing)}; run: pip install 'shipworthy[report]'"
        )


def _write(out: Path, text: str) -> None:
    """Write a file that is whole or not there; the one that stood there stays until then."""
    if out.is_dir():
        raise ShipworthyError(f"{out} is a directory; name a file: --out {out / 'outcomes.html'}")
    try:
        descriptor, beside = tempfile.mkstemp(dir=out.parent, prefix=f".{out.name[:100]}.")
    except OSError as error:
        raise ShipworthyError(f"{out} cannot be written: {error.strerror}.") from error
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8", newline="\n") as file:
            file.write(text)
        umask = os.umask(0)
        os.umask(umask)
        os.chmod(beside, 0o666 & ~umask)
        os.replace(beside, out)
    except OSError as error:
        Path(beside).unlink(missing_ok=True)
        raise ShipworthyError(f"{out} cannot be written: {error.strerror}.") from error
