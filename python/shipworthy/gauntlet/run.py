"""Play moves through the real `dbt build` and measure what they earn."""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

import duckdb
import yaml

from shipworthy.errors import ShipworthyError
from shipworthy.gauntlet.measures import Seen, measure
from shipworthy.gauntlet.moves import Move, all_moves
from shipworthy.gauntlet.world import Tables, World, of_team
from shipworthy.gauntlet.worlds import SHARED, name_in, write_worlds
from shipworthy.simulate import Parameters, company, simulate
from shipworthy.warehouse import STORAGE_VERSION

WEEKS = 40
FROM_WEEK = 20
MEASURED_WEEKS = 15
TEAMS = 8
_HONEST, _HONEST_TEAM = 0, 1
# Worlds of a build: with more, DuckDB needs gigabytes.
_AT_ONCE = 150


@dataclass
class Played:
    """What one move did, over all seeds.

    Parameters
    ----------
    move : Move
        Which.
    changes : dict of str to list of float
        By measure, the relative change of each seed.
    signals : dict of str to list of bool
        By signal, whether it fired in each judged week of the team.
    firing_weeks, weeks : int
        Weeks in which any signal fired, of how many.
    """

    move: Move
    changes: dict[str, list[float]] = field(default_factory=dict)
    signals: dict[str, list[bool]] = field(default_factory=dict)
    firing_weeks: int = 0
    weeks: int = 0

    def change(self, name: str) -> float | None:
        """Return the median change of a measure, None where it has no value."""
        found = self.changes.get(name)
        return median(found) if found else None

    @property
    def shown(self) -> float:
        """Return the share of the gamed weeks in which any signal fired."""
        return self.firing_weeks / self.weeks if self.weeks else 0.0

    def firing(self) -> dict[str, float]:
        """Return the share of its judged weeks in which each signal fired, if it ever did."""
        shares = {name: sum(fired) / len(fired) for name, fired in self.signals.items() if fired}
        return {name: share for name, share in shares.items() if share}


@dataclass
class Result:
    """A gauntlet that was run.

    Parameters
    ----------
    seeds : tuple of int
        Of the organisations.
    played : dict of str to Played
        By move.
    honest : dict of str to list of bool
        By signal, whether it fired in each judged week of honest teams.
    honest_firing_weeks, honest_weeks : int
        Weeks of honest teams in which any signal fired, of how many in which any was judged.
    copies : dict of str to list of float
        By measure, the relative change of each seed's copy of a team that plays nothing.
    seconds : float
        How long it took.
    """

    seeds: tuple[int, ...]
    played: dict[str, Played] = field(default_factory=dict)
    honest: dict[str, list[bool]] = field(default_factory=dict)
    honest_firing_weeks: int = 0
    honest_weeks: int = 0
    copies: dict[str, list[float]] = field(default_factory=dict)
    seconds: float = 0.0


def chosen(names: Sequence[str]) -> list[Move]:
    """Return the moves of these names, or of these files; all of them without a name.

    Raises
    ------
    ShipworthyError
        If a name is neither.
    """
    known = all_moves()
    found: dict[str, Move] = {}
    for name in names or known:
        of_family = {one.name: one for one in known.values() if one.family == name}
        if name in known:
            found[name] = known[name]
        elif of_family:
            found |= of_family
        else:
            raise ShipworthyError(
                f"There is no move '{name}'; `shipworthy gauntlet --list` names them."
            )
    return list(found.values())


def play(
    tables: Tables, parameters: Parameters, name: str, team: str | None, from_week: int | None
) -> Tables:
    """Let one team of an organisation play a move.

    Parameters
    ----------
    tables : dict of str to list of dict
        What was simulated.
    parameters : Parameters
        Of the organisation.
    name : str
        Of the move.
    team : str, optional
        The first by default.
    from_week : int, optional
        Half-way by default.

    Returns
    -------
    dict of str to list of dict
        New tables; the others stay as they are.

    Raises
    ------
    ShipworthyError
        If there is no such move, team or week.
    """
    known = all_moves()
    if name not in known:
        raise ShipworthyError(
            f"There is no move '{name}'; `shipworthy gauntlet --list` names them."
        )
    names = [one.name for one in parameters.teams]
    if team is not None and team not in names:
        raise ShipworthyError(f"There is no team '{team}'; there are {', '.join(names)}.")
    week = parameters.weeks // 2 if from_week is None else from_week
    if week >= parameters.weeks:
        raise ShipworthyError(f"Week {week} is after the end: there are {parameters.weeks} weeks.")
    world = World(tables, parameters, team or names[0], 0 if known[name].from_start else week)
    known[name].play(world)
    return world.finish()


def own_project() -> Path:
    """Return the dbt project that is meant: the one right here, else shipworthy's own."""
    here = Path("dbt_project.yml").is_file()
    return Path().absolute() if here else Path(__file__).parents[3]


def run(
    moves: Sequence[Move],
    seeds: Sequence[int],
    project: Path,
    tell: Callable[[str], object] = lambda line: None,
    variables: str = "",
) -> Result:
    """Play moves and measure them.

    For each seed an organisation of honest teams is built once, and beside it, for each move, a
    copy of one of its teams that plays it from week 20 on.

    Parameters
    ----------
    moves : sequence of Move
        Which.
    seeds : sequence of int
        One organisation each.
    project : Path
        The dbt project: shipworthy's, or one that installs or overrides it.
    tell : callable
        Takes a line for the user.
    variables : str
        More of dbt's variables, as YAML.

    Returns
    -------
    Result
        Changes against the same team, honest.

    Raises
    ------
    ShipworthyError
        If the build fails.
    """
    started = time.monotonic()
    result = Result(tuple(seeds), {one.name: Played(one) for one in moves})
    with tempfile.TemporaryDirectory(prefix="shipworthy-gauntlet-") as directory:
        for seed in seeds:
            for begin in range(0, max(len(moves), 1), _AT_ONCE):
                part = moves[begin : begin + _AT_ONCE]
                warehouse = Path(directory) / "gauntlet.duckdb"
                warehouse.unlink(missing_ok=True)
                _play(warehouse, part, seed)
                tell(f"{_clock(started)} seed {seed}: {len(part)} moves made, building")
                build(project, warehouse, Path(directory), variables)
                _take(result, warehouse, part, seed, is_first=not begin)
        tell(f"{_clock(started)} done")
    result.seconds = time.monotonic() - started
    return result


def _play(warehouse: Path, moves: Sequence[Move], seed: int) -> None:
    parameters = company(TEAMS, WEEKS, seed)
    honest = simulate(parameters)
    shared = {name: honest.pop(name) for name in SHARED}
    # What nobody plays with only costs time.
    honest |= {"product_metrics": [], "costs": []}
    team = parameters.teams[0].name
    alone = of_team(honest, team)
    worlds: dict[int, Tables] = {_HONEST: honest, _HONEST_TEAM: alone}
    for number, one in enumerate(moves, start=_HONEST_TEAM + 1):
        tables = alone if one.touches == "team" else honest
        world = World(tables, parameters, team, 0 if one.from_start else FROM_WEEK)
        one.play(world)
        worlds[number] = world.finish()
    write_worlds(warehouse, worlds, shared)


def _take(
    result: Result, warehouse: Path, moves: Sequence[Move], seed: int, is_first: bool
) -> None:
    parameters = company(TEAMS, WEEKS, seed)
    first = parameters.week(FROM_WEEK).date()
    last = parameters.week(FROM_WEEK + MEASURED_WEEKS - 1).date()
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        seen = measure(connection, first, last)
        whole = measure(connection, parameters.start.date(), parameters.end.date())
    names = [team.name for team in parameters.teams]
    if is_first:
        _honest(result, whole, [name_in(_HONEST, name) for name in names])
        _compare(seen, name_in(_HONEST, names[0]), name_in(_HONEST_TEAM, names[0]), result.copies)
    for number, one in enumerate(moves, start=_HONEST_TEAM + 1):
        team = name_in(number, names[0])
        before = name_in(_HONEST if one.touches == "organisation" else _HONEST_TEAM, names[0])
        played = result.played[one.name]
        _compare(seen, before, team, played.changes)
        for signal, fired in seen.signals.get(team, {}).items():
            played.signals.setdefault(signal, []).extend(one for one in fired if one is not None)
        played.firing_weeks += seen.firing_weeks.get(team, 0)
        played.weeks += MEASURED_WEEKS


def _compare(seen: Seen, before: str, team: str, changes: dict[str, list[float]]) -> None:
    for name, values in seen.values.items():
        if values.get(before) and team in values:
            changes.setdefault(name, []).append(values[team] / values[before] - 1)


def _honest(result: Result, seen: Seen, teams: Sequence[str]) -> None:
    for team in teams:
        for signal, fired in seen.signals.get(team, {}).items():
            result.honest.setdefault(signal, []).extend(one for one in fired if one is not None)
        result.honest_firing_weeks += seen.firing_weeks.get(team, 0)
        result.honest_weeks += seen.judged_weeks.get(team, 0)


def build(project: Path, warehouse: Path, directory: Path, variables: str = "") -> None:
    """Run `dbt build` of a project over a warehouse of worlds.

    Parameters
    ----------
    project : Path
        Where dbt_project.yml is.
    warehouse : Path
        The DuckDB file.
    directory : Path
        Where the profile and dbt's artifacts go.
    variables : str
        More of dbt's variables, as YAML.

    Raises
    ------
    ShipworthyError
        If there is no project or dbt fails.
    """
    file = project / "dbt_project.yml"
    if not file.is_file():
        raise ShipworthyError(f"{project} holds no dbt_project.yml.")
    profile = (yaml.safe_load(file.read_text()) or {}).get("profile", "shipworthy")
    output = {
        "type": "duckdb",
        "path": str(warehouse),
        "schema": "main",
        "threads": 2,
        "config_options": {"storage_compatibility_version": STORAGE_VERSION},
    }
    (directory / "profiles.yml").write_text(
        yaml.safe_dump({profile: {"target": "gauntlet", "outputs": {"gauntlet": output}}})
    )
    given = {"shipworthy__demo": False} | (yaml.safe_load(variables or "{}") or {})
    done = subprocess.run(
        [
            str(Path(sys.executable).with_name("dbt")),
            *("--quiet", "build", "--exclude-resource-type", "test", "unit_test"),
            *("--project-dir", str(project), "--profiles-dir", str(directory)),
            *("--target-path", str(directory / "target"), "--log-path", str(directory / "logs")),
            *("--vars", yaml.safe_dump(given, default_flow_style=True, width=10**6)),
        ],
        env=os.environ | {"SHIPWORTHY_WAREHOUSE": str(warehouse)},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        said = (done.stdout + done.stderr).strip().splitlines()
        raise ShipworthyError("the build failed:\n" + "\n".join(said[-20:]))


def _clock(started: float) -> str:
    seconds = int(time.monotonic() - started)
    return f"{seconds // 60}:{seconds % 60:02d}"
