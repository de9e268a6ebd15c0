"""Read files that vendors write: CSV reports, logs of JSON lines, OTLP documents.

Each line becomes a payload `{"file": ..., "line": ..., "content": ...}`. One that cannot be read
has `broken`, the reason, instead of content, and is refused where `of_content` reads it: it ends in
`rejected_rows` like any other bad row. Files are named there by a digest, since names of files and
directories often are names of people.
"""

import csv
import json
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

from shipworthy.errors import ShipworthyError
from shipworthy.sources.rows import BadRowError, Shape, row_id

Payload = dict[str, Any]

# Of one object over many lines, in characters.
_LARGEST_OBJECT = 16 * 1024 * 1024


def of_content(shape: Shape) -> Shape:
    """Return a shape for payloads of this module, from one that is given their content alone."""

    def read(payload: Payload) -> Any:
        if "broken" in payload:
            raise BadRowError(payload["broken"])
        return shape(payload["content"])

    return read


def recognised(
    payloads: Iterable[Payload], is_known: Callable[[dict[str, Any]], bool], sentence: str
) -> Iterator[Payload]:
    """Pass payloads on, and refuse them all in the end if none is of the kind expected.

    Parameters
    ----------
    payloads : iterable
        From this module.
    is_known : callable
        Given a content, whether it is of the kind.
    sentence : str
        What is wrong if nothing is.

    Raises
    ------
    ShipworthyError
        If no content was of the kind, though there was some.
    """
    is_any, is_one_known = False, False
    for payload in payloads:
        if "content" in payload:
            is_any = True
            is_one_known = is_one_known or is_known(payload["content"])
        yield payload
    if is_any and not is_one_known:
        raise ShipworthyError(sentence)


def parts(
    payloads: Iterable[Payload], split: Callable[[dict[str, Any]], Iterable[dict[str, Any]]]
) -> Iterator[Payload]:
    """Yield the parts of each content as payloads of their own, told apart by a `number`."""
    for payload in payloads:
        if "broken" in payload:
            yield payload
            continue
        place = {name: payload[name] for name in ("file", "line")}
        try:
            found = list(split(payload["content"]))
        except (AttributeError, KeyError, TypeError, ValueError):
            yield {**place, "broken": "has another shape than expected"}
            continue
        for number, part in enumerate(found, start=1):
            yield {**place, "number": number, "content": part}


def csv_rows(paths: Iterable[Path], columns: tuple[str, ...], kind: str) -> Iterator[Payload]:
    """Yield the rows of CSV files whose values hold no line breaks, as dicts by column name.

    Parameters
    ----------
    paths : iterable of Path
        The files; their columns may be in any order, and more than asked for.
    columns : tuple of str
        Columns that each file must have.
    kind : str
        What the files should be, for sentences: "a Kiro user report".

    Raises
    ------
    ShipworthyError
        If a file cannot be read, is empty, lacks a column, or has a quote that is not closed.
    """
    for path in paths:
        header: list[str] = []
        for line, values in _csv_lines(path):
            if not header:
                header = [value.strip() for value in values]
                check_header(path, header, columns, kind)
                continue
            place = {"file": digest(path), "line": line}
            if "\ufffd" in "".join(values):
                yield {**place, "broken": "is not text in UTF-8"}
            elif len(values) != len(header):
                few = "fewer" if len(values) < len(header) else "more"
                yield {**place, "broken": f"has {few} values than the header"}
            else:
                yield {**place, "content": dict(zip(header, values, strict=True))}


def check_header(path: Path, header: list[str], columns: tuple[str, ...], kind: str) -> None:
    """Refuse a file that lacks a column.

    Raises
    ------
    ShipworthyError
        Naming the first column that it lacks.
    """
    for column in columns:
        if column not in header:
            raise ShipworthyError(f"{path} is not {kind}: it has no column {column}.")


def _csv_lines(path: Path) -> Iterator[tuple[int, list[str]]]:
    try:
        with path.open(encoding="utf-8-sig", errors="replace", newline="") as file:
            reader = csv.reader(file, strict=True)
            before, is_any = 0, False
            for values in reader:
                if reader.line_num > before + 1:
                    raise _open_quote(path, before + 1)
                before = reader.line_num
                if values:
                    is_any = True
                    yield before, values
    except csv.Error as error:
        raise _open_quote(path, before + 1) from error
    except OSError as error:
        raise ShipworthyError(f"{path} cannot be read: {error.strerror}.") from error
    if not is_any:
        raise ShipworthyError(f"{path} is empty: its first line must name the columns.")


def _open_quote(path: Path, line: int) -> ShipworthyError:
    # Such a quote swallows the rows behind it: their number is unknown, and so is their share.
    return ShipworthyError(f"{path}, line {line}: a quote is not closed, or text follows it.")


def json_lines(paths: list[Path]) -> Iterator[Payload]:
    """Yield the objects of files of one JSON object a line.

    A last line that does not end and is no JSON is left for a later load: a program is just writing
    it.

    Raises
    ------
    ShipworthyError
        If a file cannot be read, or no file holds a line.
    """
    is_any = False
    for path in paths:
        for line, text in _lines(path):
            payload = _read(path, line, text)
            is_any = True
            if "broken" not in payload or text.endswith("\n"):
                yield payload
    if not is_any:
        raise _empty(paths)


def json_documents(paths: list[Path], list_name: str | None = None) -> Iterator[Payload]:
    """Yield the objects of files that hold one JSON object a line, or a single one over many lines.

    Parameters
    ----------
    paths : list of Path
        The files.
    list_name : str, optional
        Field in which a list stands that is a file's only value; without it a list is no object.

    Raises
    ------
    ShipworthyError
        If a file cannot be read, or no file holds anything.
    """
    is_any = False
    for path in paths:
        lines = _lines(path)
        first = next(lines, None)
        if first is None:
            continue
        is_any = True
        payload = _read(path, *first, list_name)
        if "broken" in payload:
            whole = _read(path, 1, first[1] + "".join(text for _, text in lines), list_name)
            if "broken" not in whole:
                yield whole
                continue
            lines = _lines(path)
            next(lines)
        yield payload
        for line, text in lines:
            yield _read(path, line, text)
    if not is_any:
        raise _empty(paths)


def json_objects(paths: list[Path]) -> Iterator[Payload]:
    """Yield the objects of files that hold JSON objects one after another.

    Each is on a line of its own, or begins with a line `{` and ends with a line `}`, as programs
    indent it. One that a program is just writing, at the end of a file, is left for a later load.

    Raises
    ------
    ShipworthyError
        If a file cannot be read, or no file holds anything.
    """
    is_any = False
    for path in paths:
        begun, held, size = 0, [], 0
        for line, text in _lines(path):
            is_any = True
            if not begun and text.rstrip() != "{":
                yield _read(path, line, text)
                continue
            begun = begun or line
            held.append(text)
            size += len(text)
            if text.rstrip() == "}" or size > _LARGEST_OBJECT:
                yield _read(path, begun, "".join(held))
                begun, held, size = 0, [], 0
    if not is_any:
        raise _empty(paths)


def _empty(paths: list[Path]) -> ShipworthyError:
    if len(paths) == 1:
        return ShipworthyError(f"{paths[0]} is empty.")
    return ShipworthyError(f"{paths[0]} and the {len(paths) - 1} other files are empty.")


def _lines(path: Path) -> Iterator[tuple[int, str]]:
    try:
        with path.open(encoding="utf-8-sig", errors="replace") as file:
            for line, text in enumerate(file, start=1):
                if text.strip():
                    yield line, text
    except OSError as error:
        raise ShipworthyError(f"{path} cannot be read: {error.strerror}.") from error


def _read(path: Path, line: int, text: str, list_name: str | None = None) -> Payload:
    place = {"file": digest(path), "line": line}
    try:
        content = json.loads(text)
    except (ValueError, RecursionError):
        return {**place, "broken": "is not JSON"}
    if list_name and isinstance(content, list):
        content = {list_name: content}
    if not isinstance(content, dict):
        return {**place, "broken": "is not a JSON object"}
    return {**place, "content": content}


def digest(path: Path) -> str:
    """Return what stands for a file in rejected rows: the same wherever the file lies."""
    return row_id(path.name)[:8]
