"""What is measured of a team: headlines, the naive metrics that they replace, and signals.

Each measure is a query over the marts, which a build of the user's own project may have changed: a
measure whose columns are not there is not measured.
"""

from dataclasses import dataclass
from datetime import date

import duckdb


@dataclass(frozen=True)
class Measure:
    """A number of a team over the weeks of a move.

    Parameters
    ----------
    name : str
        In one word, of the tables.
    title : str
        In words, of the page.
    query : str
        Returns team and value; `$first` and `$last` are Mondays.
    replaces : str
        For a naive metric, the headline that stands in its place.
    """

    name: str
    title: str
    query: str
    replaces: str = ""


def _of_weeks(value: str, mart: str, more: str = "") -> str:
    return (
        f"select team, {value} from shipworthy.{mart} "
        f"where week_start_on between $first and $last {more} group by team"
    )


_MATURE = "and is_mature"
_TEAMS = "and not is_organisation"
_REPOSITORIES = (
    "(select distinct repository, team from shipworthy_raw.services "
    "qualify count(distinct team) over (partition by repository) = 1)"
)

HEADLINES = (
    Measure(
        "nd",
        "normalized deployments",
        _of_weeks("sum(normalized_deployments)", "normalized_deployments", _MATURE),
    ),
    Measure(
        "ai_nd",
        "of these by AI",
        _of_weeks("sum(ai_normalized_deployments)", "normalized_deployments", _MATURE),
    ),
    Measure(
        "index",
        "index of normalized deployments",
        _of_weeks("avg(normalized_deployments_index)", "normalized_deployments", _MATURE),
    ),
    Measure(
        "failure_rate",
        "severity-weighted failure rate",
        _of_weeks(
            "sum(failure_weight) / nullif(sum(closed_windows), 0)",
            "severity_weighted_failure_rate",
            _MATURE,
        ),
    ),
    Measure(
        "harm",
        "harm per builder-week",
        _of_weeks(
            "sum(harm_weight) / nullif(sum(builders), 0)", "severity_weighted_failure_rate", _MATURE
        ),
    ),
    Measure(
        "ratio",
        "turnover ratio",
        "select team, turnover_ratio from shipworthy.turnover_signal "
        "where week_start_on = $last and not is_organisation and $first < $last",
    ),
    Measure(
        "label_free_ratio",
        "turnover ratio of AI users to others",
        "select team, usage_turnover_ratio from shipworthy.turnover_signal "
        "where week_start_on = $last and not is_organisation and $first < $last",
    ),
    Measure(
        "decisions",
        "human decision density",
        _of_weeks(
            "sum(decisions) / nullif(sum(changes_shipped), 0)",
            "human_decision_density",
            f"{_TEAMS} and authorship = 'all'",
        ),
    ),
    Measure(
        "cost",
        "AI cost per AI normalized deployment",
        _of_weeks(
            "sum(allocated_spend_usd) / nullif(sum(ai_normalized_deployments), 0)",
            "ai_cost",
            _TEAMS,
        ),
    ),
)

NAIVE = (
    Measure(
        "deployments",
        "deployments",
        _of_weeks("sum(deployments)", "delivery_performance"),
        "nd",
    ),
    Measure(
        "lines",
        "lines added",
        "select team, sum(lines_added) from shipworthy_raw.commits join "
        f"{_REPOSITORIES} using (repository) where mainline_position is not null "
        "and landed_at >= $first and landed_at < $last + 7 group by team",
        "nd",
    ),
    Measure(
        "commits",
        "commits",
        f"select team, count(*) from shipworthy_raw.commits join {_REPOSITORIES} "
        "using (repository) where mainline_position is not null "
        "and landed_at >= $first and landed_at < $last + 7 group by team",
        "nd",
    ),
    Measure(
        "change_failure_rate",
        "change failure rate",
        _of_weeks(
            "sum(failed_deployments) / nullif(sum(closed_deployments), 0)", "delivery_performance"
        ),
        "failure_rate",
    ),
    Measure(
        "incidents",
        "incidents filed",
        "select team, count(*) from shipworthy_raw.incidents as i join (select distinct service, "
        "team from shipworthy_raw.services) as s on i.service = s.service where not "
        "i.is_false_alarm and not i.is_maintenance and i.opened_at >= $first "
        "and i.opened_at < $last + 7 group by team",
        "harm",
    ),
    Measure(
        "plain_ratio",
        "plain ratio of rewritten lines, AI to human",
        "select team, (ai_lines_removed / nullif(ai_lines_added, 0)) / nullif(human_lines_removed "
        "/ nullif(human_lines_added, 0), 0) from shipworthy.turnover_signal "
        "where week_start_on = $last and not is_organisation and $first < $last",
        "ratio",
    ),
    Measure(
        "threads",
        "review threads",
        f"select team, count(*) from shipworthy_raw.review_threads join {_REPOSITORIES} "
        "using (repository) where opened_at >= $first and opened_at < $last + 7 group by team",
        "decisions",
    ),
    Measure("tokens", "tokens", _of_weeks("sum(tokens)", "ai_adoption", _TEAMS), "cost"),
    Measure(
        "adoption",
        "weekly AI users per builder",
        _of_weeks("sum(ai_users) / nullif(sum(builders), 0)", "ai_adoption", _TEAMS),
        "cost",
    ),
)
MEASURES = HEADLINES + NAIVE

_SIGNALS = """
select team, week_start_on, signal, is_firing
from shipworthy.gaming_signals
where is_mature and week_start_on between $first and $last
"""


@dataclass(frozen=True)
class Seen:
    """What was measured in one build, by team.

    Parameters
    ----------
    values : dict of str to dict of str to float
        By measure, then team.
    signals : dict of str to dict of str to list of bool or None
        By team, then signal: one entry a mature week, None where it was not judged.
    firing_weeks : dict of str to int
        By team, the weeks in which any signal fired.
    judged_weeks : dict of str to int
        By team, the weeks in which any signal was judged.
    """

    values: dict[str, dict[str, float]]
    signals: dict[str, dict[str, list[bool | None]]]
    firing_weeks: dict[str, int]
    judged_weeks: dict[str, int]


def measure(connection: duckdb.DuckDBPyConnection, first: date, last: date) -> Seen:
    """Measure every team over the weeks from `first` to `last`, both Mondays.

    Parameters
    ----------
    connection : duckdb.DuckDBPyConnection
        To a built warehouse.
    first, last : date
        Mondays.

    Returns
    -------
    Seen
        A measure that the marts do not have is left out.
    """
    weeks = {"first": first, "last": last}
    values: dict[str, dict[str, float]] = {}
    for one in MEASURES:
        try:
            rows = connection.execute(one.query, weeks).fetchall()
        except (duckdb.BinderException, duckdb.CatalogException):
            continue
        values[one.name] = {team: float(value) for team, value in rows if value is not None}
    signals: dict[str, dict[str, list[bool | None]]] = {}
    firing: dict[str, set[date]] = {}
    judged: dict[str, set[date]] = {}
    for team, week, signal, is_firing in connection.execute(_SIGNALS, weeks).fetchall():
        signals.setdefault(team, {}).setdefault(signal, []).append(is_firing)
        if is_firing is not None:
            judged.setdefault(team, set()).add(week)
        if is_firing:
            firing.setdefault(team, set()).add(week)
    return Seen(
        values,
        signals,
        {team: len(found) for team, found in firing.items()},
        {team: len(found) for team, found in judged.items()},
    )
