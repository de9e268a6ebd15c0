"""Look whether everything that a load or a build needs is there, and say what is missing."""

import os
import platform
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from importlib import metadata
from pathlib import Path
from typing import Literal

import duckdb
import requests

from shipworthy import __version__
from shipworthy.contract import RAW_SCHEMA
from shipworthy.errors import ShipworthyError
from shipworthy.identity import SALT_VARIABLE, load_salt
from shipworthy.sources import SUMMARIES, vendor
from shipworthy.sources.config import CONFIG_FILE, OWN_LOADERS, Step, read_config
from shipworthy.sources.http import Session, address
from shipworthy.sources.vendor import Keys, Vendor

State = Literal["ok", "note", "missing"]

# The oldest git whose output the reader knows.
_GIT_VERSION = (2, 39)
# Vendors refuse signatures, and windows of time end wrongly, when the clock is further off.
_CLOCK_SECONDS = 60.0
_TIMEOUT_SECONDS = (5.0, 20.0)
_PACKAGES = ("duckdb", "dlt", "dbt-core", "dbt-duckdb")


@dataclass(frozen=True)
class Check:
    """One line of the table.

    Parameters
    ----------
    what : str
        What was looked at.
    state : str
        `ok`, `note` (works, but worth knowing) or `missing` (something will fail).
    finding : str
        What was found and, where it is missing, what to do.
    """

    what: str
    state: State
    finding: str


def examine(config: Path, warehouse: Path) -> Iterator[Check]:
    """Check versions, the warehouse, the salt, the configuration and each source that is set up.

    Nothing is written, but for the salt if there is none yet. Each source with an interface is
    asked once, with its credentials.

    Parameters
    ----------
    config : Path
        shipworthy.toml; where there is none, the sources whose credentials are in the environment
        are checked.
    warehouse : Path
        The DuckDB file.
    """
    yield from _versions()
    yield _git()
    yield _warehouse(warehouse)
    yield _salt(warehouse)
    steps, check = _config(config)
    yield check
    names = {step.name for step in steps}
    if not steps:
        steps = [Step(name, {}, None, 0.01) for name in SUMMARIES if _has_credentials(name)]
    for step in steps:
        if step.name not in OWN_LOADERS:
            yield from _source(step, is_configured=step.name in names)


def table(checks: list[Check]) -> str:
    """Return the checks as lines of a plain table."""
    width = max(len(check.what) for check in checks)
    return "\n".join(
        f"{check.what:<{width}}  {check.state:<7}  {check.finding}" for check in checks
    )


def _versions() -> Iterator[Check]:
    yield Check("shipworthy", "ok", f"{__version__}, Python {platform.python_version()}")
    for package in _PACKAGES:
        try:
            yield Check(package, "ok", metadata.version(package))
        except metadata.PackageNotFoundError:
            yield Check(package, "missing", f"not installed; run: pip install {package}")


def _git() -> Check:
    program = shutil.which("git")
    if not program:
        return Check("git", "missing", "not found; install it to read histories")
    text = subprocess.run([program, "--version"], capture_output=True, text=True).stdout.strip()
    version = text.removeprefix("git version ").split()[0] if text else ""
    numbers = tuple(int(part) for part in version.split(".")[:2] if part.isdigit())
    if numbers < _GIT_VERSION:
        wanted = ".".join(map(str, _GIT_VERSION))
        return Check("git", "missing", f"{version or 'unknown version'}; install {wanted} or newer")
    return Check("git", "ok", version)


def _warehouse(path: Path) -> Check:
    if not path.exists():
        if not os.access(path.absolute().parent, os.W_OK):
            return Check("warehouse", "missing", f"{path.absolute().parent} cannot be written")
        return Check("warehouse", "note", f"{path} does not exist yet; the first load makes it")
    try:
        connection = duckdb.connect(str(path), read_only=True)
    except duckdb.Error as error:
        reason = str(error).strip().splitlines()[0]
        return Check("warehouse", "missing", f"{path} cannot be opened: {reason}")
    try:
        newest = connection.execute(
            f"select count(distinct source), max(loaded_at) from {RAW_SCHEMA}.load_watermarks"
        ).fetchall()[0]
    except duckdb.CatalogException:
        return Check("warehouse", "note", f"{path} holds no loaded inputs yet")
    finally:
        connection.close()
    if not newest[0]:
        return Check("warehouse", "note", f"{path} holds no loaded inputs yet")
    return Check(
        "warehouse", "ok", f"{path}: {newest[0]} sources, last load {newest[1]:%F %H:%M} UTC"
    )


def _salt(warehouse: Path) -> Check:
    if os.environ.get(SALT_VARIABLE):
        return Check("salt", "ok", f"from {SALT_VARIABLE}")
    try:
        load_salt(warehouse)
    except ShipworthyError as error:
        return Check("salt", "missing", str(error))
    return Check("salt", "ok", "in a file beside the warehouse; keep it, or people get new keys")


def _config(path: Path) -> tuple[list[Step], Check]:
    if not path.exists():
        finding = f"no {path}; checked are the sources with credentials in the environment"
        return [], Check(CONFIG_FILE, "note", finding)
    try:
        steps = read_config(path)
    except ShipworthyError as error:
        return [], Check(CONFIG_FILE, "missing", str(error))
    return steps, Check(CONFIG_FILE, "ok", f"{path}: {', '.join(step.name for step in steps)}")


def _has_credentials(name: str) -> bool:
    secrets = [secret for secret in vendor(name).secrets if secret.is_required]
    return bool(secrets) and all(os.environ.get(secret.variable) for secret in secrets)


def _source(step: Step, is_configured: bool) -> Iterator[Check]:
    found = vendor(step.name)
    for secret in found.secrets:
        if os.environ.get(secret.variable):
            yield Check(f"{step.name} credential", "ok", f"{secret.variable} is set")
        elif secret.is_required:
            yield Check(
                f"{step.name} credential",
                "missing",
                f"set {secret.variable}; it must be allowed: {secret.scopes}",
            )
        else:
            yield Check(f"{step.name} credential", "note", f"{secret.variable} is not set")
    if found.base_url or step.options.get("base_url"):
        yield from _interface(found, step)
    elif is_configured:
        yield _paths(found, step)


def _paths(found: Vendor, step: Step) -> Check:
    missing = [str(path) for path in step.options.get("paths", []) if not Path(path).exists()]
    if missing:
        return Check(f"{found.name} files", "missing", f"{', '.join(missing)} does not exist")
    return Check(f"{found.name} files", "ok", "there")


def _interface(found: Vendor, step: Step) -> Iterator[Check]:
    """Ask once, without retries, and compare the clocks."""
    base_url = str(step.options.get("base_url") or found.base_url).rstrip("/")
    headers = {"User-Agent": f"shipworthy/{__version__}"}
    if found.authenticate and all(
        os.environ.get(secret.variable) for secret in found.secrets if secret.is_required
    ):
        given = {**step.options, "base_url": base_url}
        # Only headers are made from these settings: no person is hashed, no session opened.
        try:
            settings = found.settings(given, Keys(b""), Session)
        except ShipworthyError as error:
            yield Check(f"{found.name} settings", "missing", str(error))
            return
        headers |= found.authenticate(settings)
    url = base_url + found.probe
    session = Session(found.title, origin=base_url, attempts=1, raise_refusals=False)
    try:
        answer = session.get(url, headers=headers, timeout=_TIMEOUT_SECONDS)
    except (requests.RequestException, ShipworthyError):
        yield Check(f"{found.name} reach", "missing", f"{address(url)} does not answer")
        return
    if answer.status_code in (401, 403):
        scopes = "; ".join(f"{item.variable}: {item.scopes}" for item in found.secrets)
        yield Check(
            f"{found.name} reach",
            "missing",
            f"{address(url)} refuses the credential ({answer.status_code}); check {scopes}",
        )
    elif answer.status_code >= 500:
        yield Check(
            f"{found.name} reach",
            "missing",
            f"{address(url)} answers {answer.status_code}; try later",
        )
    else:
        yield Check(f"{found.name} reach", "ok", f"{address(url)} answers {answer.status_code}")
    yield from _clock(found, answer.headers.get("Date", ""))


def _clock(found: Vendor, date: str) -> Iterator[Check]:
    try:
        moment = parsedate_to_datetime(date)
    except ValueError:
        return
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    ahead = (datetime.now(UTC) - moment).total_seconds()
    if abs(ahead) > _CLOCK_SECONDS:
        where = "ahead of" if ahead > 0 else "behind"
        yield Check(
            f"{found.name} clock",
            "missing",
            f"this machine's clock is {abs(ahead):,.0f} s {where} {found.title}'s; set it",
        )
    else:
        yield Check(f"{found.name} clock", "ok", "agrees")
