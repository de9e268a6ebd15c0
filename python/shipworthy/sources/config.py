"""shipworthy.toml: which sources `shipworthy load` runs, what they read and since when.

    since = 2026-01-01

    [git]
    paths = ["../shop"]

    [github]
    repositories = ["acme/shop"]

    [files]
    directory = "exports"

    [files.deployments]
    rename = { Component = "service" }
    words = { status = { SUCCEEDED = "success" } }

A table a source, its keys the source's options. Credentials stay in the environment.
"""

import difflib
import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from shipworthy.errors import ShipworthyError
from shipworthy.exports import read_maps
from shipworthy.reach import read_through
from shipworthy.sources import SUMMARIES, vendor
from shipworthy.sources.vendor import Option, OptionKind, home_path

CONFIG_FILE = "shipworthy.toml"

# The loaders that are no vendor's, with the options of their commands.
_GIT = (
    Option("paths", "Clones, bare clones or bundles.", kind="paths", is_required=True),
    Option("repositories", "Names (owner/name), in the order of the paths.", kind="texts"),
    Option("branch", "The mainline."),
    Option("releases", "Take tags like 'v*' as deployments.", kind="texts"),
    Option("release_service", "Which service a tag names: '{service}@*'.", kind="texts"),
    Option("release_services", "The same, pattern and service.", kind="map"),
    Option("strict", "Count whitespace-only edits as edits.", kind="flag", default=False),
)
_FILES = (
    Option("directory", "Holds deployments.csv and so on.", is_required=True),
    Option("through", "Up to when the export is complete.", kind="date"),
)
OWN_LOADERS: dict[str, tuple[Option, ...]] = {"git": _GIT, "files": _FILES}

# What people are known by comes first, so that vendors only fill in what nobody stated.
_FIRST = ("people", "identities", "git", "files")

_KINDS: dict[OptionKind, str] = {
    "text": "a text in quotes",
    "texts": "a list of texts",
    "flag": "true or false",
    "paths": "a list of paths",
    "map": "a table of texts",
    "date": "a day such as 2026-01-31, or a moment",
}
_EVERYWHERE = ("since", "max_rejected")


@dataclass(frozen=True)
class Step:
    """One source to run.

    Parameters
    ----------
    name : str
        `git`, `files` or a vendor's name.
    options : dict
        Option name to value; relative paths are those of the configuration's directory.
    since : datetime or None
        Where the first load starts (aware, UTC).
    max_rejected : float
        Greatest share (0 to 1) of a table's rows that may break the contract.
    """

    name: str
    options: dict[str, Any]
    since: datetime | None
    max_rejected: float


def read_config(path: Path) -> list[Step]:
    """Read the sources of a configuration file, in the order in which they are to run.

    Parameters
    ----------
    path : Path
        The file, usually `shipworthy.toml`.

    Raises
    ------
    ShipworthyError
        If it cannot be read, names a source or an option that there is not, or a value is of
        another kind; names the file, the table and the key.
    """
    if os.path.exists(path) and not (path.is_file() or path.is_dir()):
        raise ShipworthyError(f"{path} is not a file.")  # a pipe would be waited for
    try:
        with path.open("rb") as file:
            content = tomllib.load(file)
    except FileNotFoundError:
        raise ShipworthyError(
            f"There is no {path}; write one that names your sources, or name a source: "
            "shipworthy load --help"
        ) from None
    except OSError as error:
        raise ShipworthyError(f"{path} cannot be read: {error.strerror}.") from error
    except RecursionError as error:
        raise ShipworthyError(f"{path} is nested too deeply to be read.") from error
    except ValueError as error:  # not TOML, not UTF-8, or a number of thousands of digits
        raise ShipworthyError(f"{path} is not TOML: {error}.") from error

    known = [*OWN_LOADERS, *SUMMARIES]
    shared = {name: content.pop(name) for name in _EVERYWHERE if name in content}
    for name, table in content.items():
        if name not in known:
            raise ShipworthyError(
                f"{path}: there is no source {name!r}{_nearest(name, [*known, *_EVERYWHERE])}; "
                f"the sources are {', '.join(known)}."
            )
        if not isinstance(table, dict):
            raise ShipworthyError(f"{path}: {name} must be a table, written [{name}].")
    if not content:
        raise ShipworthyError(f"{path} names no source; write a table such as [github].")
    order = [*_FIRST, *SUMMARIES]
    return [_step(path, name, content[name], shared) for name in sorted(content, key=order.index)]


def _step(path: Path, name: str, table: Mapping[str, Any], shared: Mapping[str, Any]) -> Step:
    options = OWN_LOADERS.get(name) or vendor(name).all_options()
    by_name = {option.name: option for option in options}
    values: dict[str, Any] = {}
    if name == "files":
        values["maps"] = read_maps(
            {key: value for key, value in table.items() if isinstance(value, dict)}, str(path)
        )
        table = {key: value for key, value in table.items() if not isinstance(value, dict)}
    for key, value in table.items():
        if key in _EVERYWHERE:
            continue
        if key not in by_name:
            raise ShipworthyError(
                f"{path}, [{name}]: there is no option {key!r}{_nearest(key, by_name)}; "
                f"there are {', '.join([*by_name, *_EVERYWHERE])}" + _if_secret(name, key)
            )
        values[key] = _value(path, name, by_name[key], value)
    for option in options:
        if option.is_required and not table.get(option.name):
            raise ShipworthyError(f"{path}, [{name}] needs {option.name}: {option.help}")
    merged = {**shared, **table}
    return Step(
        name,
        values,
        _since(path, name, merged.get("since")),
        _share(path, name, merged.get("max_rejected", 0.01)),
    )


def _value(path: Path, name: str, option: Option, value: Any) -> Any:
    if option.name == "releases" and isinstance(value, str):
        value = [value]  # one pattern, as there was only one once
    is_text_list = isinstance(value, list) and all(isinstance(item, str) for item in value)
    fits = {
        "text": isinstance(value, str),
        "texts": is_text_list,
        "flag": isinstance(value, bool),
        "paths": is_text_list,
        "map": isinstance(value, dict) and all(isinstance(item, str) for item in value.values()),
        "date": isinstance(value, date | str),
    }[option.kind]
    if not fits:
        raise ShipworthyError(
            f"{path}, [{name}]: {option.name} must be {_KINDS[option.kind]}, not {value!r}."
        )
    if option.kind == "paths":
        return [_below(path, item) for item in value]
    if option.kind == "date":
        return read_through(value, f"{path}, [{name}]: {option.name}")
    if option.name == "directory":
        return _below(path, value)
    return value


def _below(path: Path, item: str) -> Path:
    # A path in the file is meant from where the file is, not from where somebody stands.
    return path.parent / home_path(item)


def _since(path: Path, name: str, value: Any) -> datetime | None:
    if value is None:
        return None
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value)
        except ValueError:
            value = None
    if isinstance(value, date) and not isinstance(value, datetime):
        value = datetime(value.year, value.month, value.day)
    if not isinstance(value, datetime):
        raise ShipworthyError(f"{path}, [{name}]: since must be a date such as 2026-01-01.")
    try:
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
    except OverflowError:
        raise ShipworthyError(f"{path}, [{name}]: since is {value}, before the year 1.") from None


def _share(path: Path, name: str, value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1:
        raise ShipworthyError(
            f"{path}, [{name}]: max_rejected must be a share between 0 and 1, not {value!r}."
        )
    return float(value)


def _nearest(name: str, known: Any) -> str:
    matches = difflib.get_close_matches(name, list(known), n=1, cutoff=0.5)
    return f" (did you mean {matches[0]}?)" if matches else ""


def _if_secret(name: str, key: str) -> str:
    """Say where credentials belong if the key looks like one; the value is never repeated."""
    if name in OWN_LOADERS or not any(word in key.lower() for word in ("token", "key", "secret")):
        return "."
    variables = " and ".join(secret.variable for secret in vendor(name).secrets)
    return f"; credentials are read from the environment ({variables}), never from this file."
