"""Read a CSV file that the user keeps, and say where it is wrong."""

import csv
import difflib
from collections.abc import Iterator, Sequence
from pathlib import Path

from shipworthy.errors import ShipworthyError

OwnRow = dict[str, str | None]


def read_own_csv(path: Path, known: Sequence[str]) -> Iterator[tuple[int, OwnRow]]:
    """Yield the lines of a file with the values of the known columns, blanks as None.

    Columns are named in any case, with hyphens or underscores.

    Parameters
    ----------
    path : Path
        CSV in UTF-8 with a header.
    known : sequence of str
        Columns that may be there; the first must.

    Yields
    ------
    tuple of int and dict
        Number of the line on which the row starts, and its values by the names in `known`.

    Raises
    ------
    ShipworthyError
        If it cannot be read, or a column or a line makes no sense; names the file and the line.
    """
    by_spelling = {_spelling(name): name for name in known}
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.reader(file, strict=True)
            header = [_known(path, name, by_spelling) for name in next(reader, [])]
            if known[0] not in header:
                raise ShipworthyError(f"{path}, line 1: there is no column {known[0]!r}.")
            twice = next((name for name in header if header.count(name) > 1), None)
            if twice:
                raise ShipworthyError(f"{path}, line 1: {twice!r} is named twice.")
            line = reader.line_num + 1
            for values in reader:
                if any(value.strip() for value in values):
                    if len(values) != len(header):
                        raise ShipworthyError(
                            f"{path}, line {line}: there are {len(values)} values for "
                            f"{len(header)} columns."
                        )
                    pairs = zip(header, values, strict=True)
                    yield line, {name: value.strip() or None for name, value in pairs}
                line = reader.line_num + 1
    except UnicodeDecodeError as error:
        raise ShipworthyError(f"{path} is not text in UTF-8; save it as such.") from error
    except csv.Error as error:
        raise ShipworthyError(f"{path}, line {reader.line_num}: {error}.") from error
    except OSError as error:
        raise ShipworthyError(f"{path} cannot be read: {error.strerror}.") from error


def _spelling(name: str) -> str:
    return name.strip().lower().replace("-", "_")


def _known(path: Path, name: str, by_spelling: dict[str, str]) -> str:
    spelling = _spelling(name)
    if spelling in by_spelling:
        return by_spelling[spelling]
    near = difflib.get_close_matches(spelling, by_spelling, n=1)
    hint = f" (did you mean {by_spelling[near[0]]}?)" if near else ""
    raise ShipworthyError(
        f"{path}, line 1: there is a column {name.strip()!r} that is not known{hint}; the columns "
        f"are {', '.join(by_spelling.values())}, with commas between."
    )
