"""Read the reference seeds that Python shares with dbt.

The files live in seeds/reference/ of the project; building a wheel (setup.py) puts them into it.
"""

import csv
import os
from pathlib import Path

from shipworthy.errors import ShipworthyError

_PACKAGE = Path(__file__).parents[1]
# In a wheel, and in a checkout of the project.
_PLACES = (_PACKAGE / "reference", _PACKAGE.parents[1] / "seeds" / "reference")


def seed_path(name: str, variable: str) -> Path:
    """Return the file of a reference seed: the user's own if the environment names one, else ours.

    Parameters
    ----------
    name : str
        Name of the seed, such as `shipworthy__known_agents`.
    variable : str
        Environment variable by which users replace the seed.
    """
    own = os.environ.get(variable)
    if own:
        return Path(own)
    places = [place / f"{name}.csv" for place in _PLACES]
    return next((place for place in places if place.exists()), places[-1])


def read_seed(
    path: Path, columns: tuple[str, ...], newer: tuple[str, ...] = ()
) -> list[tuple[int, dict[str, str]]]:
    """Read a reference seed.

    Parameters
    ----------
    path : Path
        A CSV file in UTF-8.
    columns : tuple of str
        The columns that it must have, in any order; others are refused.
    newer : tuple of str
        Columns that it may lack, whose values are then empty.

    Returns
    -------
    list of tuple
        Line number (1 is the header) and values of every row, in the file's order.

    Raises
    ------
    ShipworthyError
        If the file cannot be read or does not have these columns.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file, strict=True)
            found = reader.fieldnames or ()
            if sorted(set(columns) | (set(found) & set(newer))) != sorted(found):
                raise ShipworthyError(f"{path} must have the columns {', '.join(columns)}.")
            rows = []
            for row in reader:
                if None in row or None in row.values():
                    raise ShipworthyError(
                        f"{path}, line {reader.line_num}: the row does not have "
                        f"{len(found)} values; quote values that hold a comma."
                    )
                rows.append((reader.line_num, dict.fromkeys(newer, "") | row))
            return rows
    except OSError as error:
        raise ShipworthyError(f"{path} cannot be read: {error.strerror}.") from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise ShipworthyError(f"{path} is not a CSV file in UTF-8: {error}.") from error
