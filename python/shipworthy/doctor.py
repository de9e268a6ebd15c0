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
import yaml

from shipworthy import __version__
from shipworthy.contract import FIRST_TIME, RAW_SCHEMA
from shipworthy.errors import ShipworthyError
from shipworthy.identity import SALT_VARIABLE, fingerprint, load_salt
from shipworthy.salt import read_fingerprint
from shipworthy.sources import SUMMARIES, vendor
from shipworthy.sources.config import CONFIG_FILE, OWN_LOADERS, Step, read_config
from shipworthy.sources.http import Session, address
from shipworthy.sources.vendor import Keys, Vendor
from shipworthy.warehouse import STORAGE_VERSION, reading

State = Literal["ok", "note", "missing"]

# The oldest git whose output the reader knows.
_GIT_VERSION = (2, 39)
# Vendors refuse signatures, and windows of time end wrongly, when the clock is further off.
_CLOCK_SECONDS = 60.0
# A source that was not loaded for longer holds everything else up.
_OLD_DAYS = 7
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

    Nothing is written, no salt and no warehouse either. Each source with an interface is asked
    once, with its credentials.

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
    yield from _warehouse(warehouse)
    yield _salt(warehouse)
    yield from _profile(Path())
    steps, check = _config(config)
    yield check
    names = {step.name for step in steps}
    if not steps:
        steps = [Step(name, {}, None, 0.01) for name in SUMMARIES if _has_credentials(name)]
    for step in steps:
        if step.name in OWN_LOADERS:
            yield _own_paths(step)
        else:
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


def _warehouse(path: Path) -> Iterator[Check]:
    if not os.path.exists(path):
        directory = path.absolute().parent
        if not directory.is_dir():
            yield Check("warehouse", "missing", f"{directory} does not exist; make it")
        elif not os.access(directory, os.W_OK):
            yield Check("warehouse", "missing", f"{directory} cannot be written")
        else:
            yield Check("warehouse", "note", f"{path} does not exist yet; the first load makes it")
        return
    try:
        with reading(path) as connection:
            connection.execute("set TimeZone = 'UTC'")
            sources = connection.execute(
                "select coalesce(cast(source as varchar), '(no source)') as named, "
                f"min({_time('loaded_through')}), max({_time('loaded_at')}) "
                f"from {RAW_SCHEMA}.load_watermarks group by named order by named"
            ).fetchall()
    except ShipworthyError as error:
        if isinstance(error.__cause__, duckdb.CatalogException):
            yield Check("warehouse", "note", f"{path} holds no loaded inputs yet")
        else:
            yield Check("warehouse", "missing", str(error).rstrip("."))
        return
    if not sources:
        yield Check("warehouse", "note", f"{path} holds no loaded inputs yet")
        return
    newest = max((loaded_at for _, _, loaded_at in sources if loaded_at), default=None)
    last = f"last load {newest:%F %H:%M} UTC" if newest else "nobody says when they were loaded"
    yield Check("warehouse", "ok", f"{path}: {len(sources)} sources, {last}")
    now = datetime.now(UTC).replace(tzinfo=None)
    for source, through, loaded_at in sources:
        yield _age(source, through, loaded_at, now)


def _time(column: str) -> str:
    """Return the SQL that reads a time as the contract does; another tool may have written it."""
    time = f"try_cast({column} as timestamp)"
    return f"case when {time} between '{FIRST_TIME}' and timestamp '2100-01-01' then {time} end"


def _age(source: str, through: datetime | None, loaded_at: datetime | None, now: datetime) -> Check:
    """Say how far a source reaches and how long ago it was loaded."""
    reach = f"complete through {through:%F %H:%M} UTC" if through else "says not how far it reaches"
    days = (now - loaded_at).days if loaded_at else None
    ago = "" if days is None else f", loaded {'today' if days < 1 else f'{days} days ago'}"
    is_old = days is not None and days > _OLD_DAYS
    hint = "; load it again, for everything is judged as of the oldest source" if is_old else ""
    return Check(source, "note" if is_old or not through else "ok", f"{reach}{ago}{hint}")


def _salt(warehouse: Path) -> Check:
    try:
        salt = load_salt(warehouse, may_create=False)
        known = _known_fingerprint(warehouse)
    except ShipworthyError as error:
        return Check("salt", "missing", str(error))
    if salt is None and known is not None:
        finding = (
            "the salt that the warehouse was loaded with is not here; copy .shipworthy/ from where "
            f"it was, or set {SALT_VARIABLE}"
        )
        return Check("salt", "missing", finding)
    if salt is None:
        return Check("salt", "note", "none yet; the first load that meets people makes one")
    if known is not None and known != fingerprint(salt):
        finding = (
            "the warehouse was loaded with another one; copy .shipworthy/ from where it was, or "
            f"set {SALT_VARIABLE}"
        )
        return Check("salt", "missing", finding)
    fits = "" if known is None else ", the one that the warehouse was loaded with"
    if os.environ.get(SALT_VARIABLE):
        return Check("salt", "ok", f"from {SALT_VARIABLE}{fits}")
    return Check("salt", "ok", f"in a file beside the warehouse{fits}; keep it")


def _known_fingerprint(warehouse: Path) -> str | None:
    if not warehouse.is_file():
        return None
    try:
        with reading(warehouse) as connection:
            return read_fingerprint(connection)
    except ShipworthyError:
        # The line of the warehouse says why.
        return None


def _profile(directory: Path) -> Iterator[Check]:
    """Look at the profile of the dbt project that somebody stands in."""
    project = directory / "dbt_project.yml"
    if not project.is_file():
        return
    try:
        name = (yaml.safe_load(project.read_text("utf-8")) or {}).get("profile")
        places = [os.environ.get("DBT_PROFILES_DIR"), str(directory), str(Path.home() / ".dbt")]
        files = [Path(place) / "profiles.yml" for place in places if place]
        found = next((path for path in files if path.is_file()), None)
        if found is None:
            yield Check("dbt profile", "missing", "there is no profiles.yml; dbt cannot connect")
            return
        profile = (yaml.safe_load(found.read_text("utf-8")) or {}).get(name)
        if not isinstance(profile, dict):
            yield Check("dbt profile", "missing", f"{found} has no profile {name!r}")
            return
        outputs = profile["outputs"]
        target = outputs[os.environ.get("DBT_TARGET") or profile.get("target") or "default"]
        kind = target["type"]
    except (OSError, yaml.YAMLError, UnicodeError, AttributeError, KeyError, TypeError) as error:
        finding = f"{project} or its profile cannot be understood ({type(error).__name__})"
        yield Check("dbt profile", "missing", finding)
        return
    if kind != "duckdb":
        yield Check("dbt profile", "ok", f"{found}: {kind}")
        return
    options = target.get("config_options")
    version = options.get("storage_compatibility_version") if isinstance(options, dict) else None
    if version is None:
        finding = (
            f"{found}: DuckDB files of target {name} open with DuckDB 2 alone; for older readers "
            f"set config_options: {{storage_compatibility_version: {STORAGE_VERSION}}}"
        )
        yield Check("dbt profile", "note", finding)
    else:
        yield Check("dbt profile", "ok", f"{found}: duckdb, files in the format of {version}")


def _own_paths(step: Step) -> Check:
    """Look whether what `[git]` or `[files]` names is there."""
    paths = step.options.get("paths") or [Path(step.options["directory"])]
    missing = [str(path) for path in paths if not os.path.exists(path)]
    if missing:
        verb = "does" if len(missing) == 1 else "do"
        return Check(f"{step.name} paths", "missing", f"{', '.join(missing)} {verb} not exist")
    return Check(f"{step.name} paths", "ok", f"{len(paths)} there")


def _config(path: Path) -> tuple[list[Step], Check]:
    if not os.path.exists(path):
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
    missing = [str(path) for path in step.options.get("paths", []) if not os.path.exists(path)]
    if missing:
        return Check(f"{found.name} files", "missing", f"{', '.join(missing)} does not exist")
    return Check(f"{found.name} files", "ok", "there")


def _interface(found: Vendor, step: Step) -> Iterator[Check]:
    """Ask once, without retries, and compare the clocks."""
    base_url = str(step.options.get("base_url") or found.base_url).rstrip("/")
    try:
        found.check_address(base_url)
    except ShipworthyError as error:
        yield Check(f"{found.name} settings", "missing", str(error))
        return
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
