"""What the page says, for the organisation and for each team: rows are chosen, nothing is computed.

A number comes from one row of one mart and keeps the row's key, so that it can be looked up.
"""

from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, field
from datetime import date, datetime
from functools import cached_property
from typing import Any

from shipworthy.report.figures import number, words, written
from shipworthy.report.marts import Marts, Row, first_day
from shipworthy.report.panels import (
    HEADLINE_COLUMNS,
    HEADLINES,
    PANELS,
    SCORES,
    Chart,
    Headline,
    Measure,
    Panel,
    Score,
    panel,
)
from shipworthy.report.sentences import Figure, Said, isolated, say, say_why, write_measure

# Choices of the period filter; the last is all that the page holds.
PERIODS = (13, 26, 52)
# Rows of one week that a sentence speaks of, where a team has several.
_MOST_ROWS = 4
_MOST_CHANGES = 3
# Changes of a failed release that are listed.
_CHANGES_SHOWN = 8
_DEMO = "DEMO"


@dataclass(frozen=True)
class Change:
    """A number that has moved beyond its interval since the team's own past."""

    team: str
    panel: str
    said: Said
    row: dict[str, Any]
    size: float


@dataclass
class View:
    """What the page says of one team, or of the organisation (`team` is None).

    Parameters
    ----------
    cards : list of dict
        The three sentences: question, value, text, sure, panel.
    changes : list of Change
        The largest moves.
    panels : dict
        Of each panel: state (`shown`, `hidden`, `empty`), text, sure, and `since` by period.
    """

    team: str | None
    cards: list[dict[str, Any]] = field(default_factory=list)
    changes: list[Change] = field(default_factory=list)
    panels: dict[str, dict[str, Any]] = field(default_factory=dict)


class Story:
    """All that the page shows, read once.

    Parameters
    ----------
    marts : Marts
        Open marts; read by the constructor and not kept.
    weeks : int
        How many weeks back rows go.
    """

    def __init__(self, marts: Marts, weeks: int) -> None:
        self.weeks = weeks
        self.headline: Row = marts.rows("headline", marts.columns("headline"))[0]
        self.flaw_of_last_build = marts.flaw_of_last_build()
        self.only_team = marts.window.team
        self.rows: dict[str, list[Row]] = {}
        self.built = {item.key for item in PANELS if marts.has(item.mart)}
        for item in PANELS:
            if item.key in self.built:
                self.rows[item.key] = _panel_rows(marts, item)
        self.overlays = {
            chart.mart: _overlay_rows(marts, chart)
            for item in PANELS
            for outer in item.charts
            if (chart := outer.overlay) is not None and chart.mart and marts.has(chart.mart)
        }
        self.scores: list[Row] = _score_rows(marts)
        self.releases = _failed_releases(marts)
        self.quality = _quality_rows(marts)
        self.repositories = _repository_rows(marts)
        self.product_coverage = _product_coverage(marts)
        self.missing_prices = (
            marts.rows("ai_missing_prices", ("model", "first_used_on", "last_used_on"))
            if marts.has("ai_missing_prices")
            else []
        )

    @property
    def is_demo(self) -> bool:
        """Whether the rows are those of an invented organisation."""
        return self.headline.get("data_source") == _DEMO

    @property
    def as_of(self) -> datetime | None:
        """The moment as of which everything is judged."""
        return self.headline["as_of_at"]

    @cached_property
    def teams(self) -> list[str]:
        """All teams of the scorecard and the panels, by name."""
        found = {row["team"] for row in self.scores}
        for item in PANELS:
            if item.group:
                found |= {
                    row[item.group]
                    for row in self.rows.get(item.key, [])
                    if not row.get("is_organisation")
                }
        return sorted(found - {None})

    @cached_property
    def periods(self) -> list[tuple[str, str, date | None]]:
        """The period filter: key, label, first day."""
        if self.as_of is None:
            return [("all", "All weeks", None)]
        return [
            *(
                (str(weeks), f"{weeks} weeks", first_day(self.as_of.date(), weeks))
                for weeks in PERIODS
                if weeks < self.weeks
            ),
            ("all", f"{self.weeks} weeks", first_day(self.as_of.date(), self.weeks)),
        ]

    @cached_property
    def views(self) -> list[View]:
        """The organisation's view, unless the page is of one team; then the teams' by name."""
        whole = [] if self.only_team is not None else [None]
        return [self._view(team) for team in (*whole, *self.teams)]

    def _view(self, team: str | None) -> View:
        view = View(team)
        for item in PANELS:
            view.panels[item.key] = self._panel(item, team)
        for headline in HEADLINES:
            view.cards.append(
                self._headline_card(headline)
                if team is None
                else self._team_card(headline, view.panels[headline.panel], team)
            )
        view.changes = self._changes(team)
        return view

    # ------------------------------------------------------------------ panels

    @cached_property
    def _by_team(self) -> dict[str, dict[str | None, list[Row]]]:
        grouped: dict[str, dict[str | None, list[Row]]] = {}
        for item in PANELS:
            groups = grouped.setdefault(item.key, {})
            for row in self.rows.get(item.key, []):
                is_whole = item.group is None or row.get("is_organisation")
                groups.setdefault(None if is_whole else row[item.group], []).append(row)
        return grouped

    def _panel(self, item: Panel, team: str | None) -> dict[str, Any]:
        if item.key not in self.built:
            return _state("empty", f"The mart {item.mart} was not built. {item.needs}")
        groups = self._by_team[item.key]
        if team is None and item.organisation_says:
            said = say(item.organisation_says, self.headline, HEADLINE_COLUMNS, "headline")
            if said.text:
                headline = next(line for line in HEADLINES if line.panel == item.key)
                sure = say(headline.sure, self.headline, HEADLINE_COLUMNS, "headline")
                return _state("shown", said, sure)
        if team is None and item.group and not item.has_organisation:
            return self._of_all_teams(item, groups)
        rows = groups.get(None if item.group is None else team, [])
        if not rows and groups and team is not None:
            if item.is_about_people and self._is_hidden(team):
                return _state("hidden", f"{self._why_hidden(team)}.")
            if item.nothing:
                return _state("empty", item.nothing)
        return self._of_rows(item, rows)

    def _of_all_teams(self, item: Panel, groups: dict[str | None, list[Row]]) -> dict[str, Any]:
        """Return what is said of all teams where no row stands for them: the newest rows."""
        rows = [row for team in sorted(groups, key=str) for row in groups[team]]
        chosen = _newest_final(item, rows)
        if not chosen:
            return _state("empty", say_why(_last_reason(item, rows), item.needs))
        said = Said()
        for row in chosen[:_MOST_ROWS]:
            told = say(item.says, row, item.columns, item.mart, item.key_columns)
            name = isolated(str(row[item.group]))
            said = said.add(Said(f"{name}: {told.text}", told.figures), "\n")
        if len(chosen) > _MOST_ROWS:
            said = said.add(Said("The table has the others."), "\n")
        return _state("shown", said, _sure(item, chosen[0]))

    def _of_rows(self, item: Panel, rows: list[Row]) -> dict[str, Any]:
        if rows and all(row.get("is_suppressed") for row in rows):
            reason = rows[-1].get("null_reason")
            return _state("hidden", f"{_capital(words(str(reason)))}.")
        chosen = _newest_final(item, rows)
        if not chosen:
            return _state("empty", say_why(_last_reason(item, rows), item.needs))
        said = Said()
        for row in chosen[:_MOST_ROWS]:
            told = say(item.says, row, item.columns, item.mart, item.key_columns)
            said = said.add(told, "\n")
        if len(chosen) > _MOST_ROWS:
            said = said.add(Said("The table has the others."), "\n")
        state = _state("shown", said, _sure(item, chosen[0]))
        if item.is_series and item.time:
            finals = [row for row in rows if _is_final(item, row)]
            if any(row[item.time] > chosen[0][item.time] for row in rows):
                state["sure"] = state["sure"].add(Said("Later weeks are not final yet."))
            state["since"] = {
                key: self._since(item, finals, chosen[0], start) for key, _, start in self.periods
            }
        return state

    def _since(self, item: Panel, finals: list[Row], newest: Row, start: date | None) -> Said:
        """Say what the first final week of a period had."""
        assert item.time is not None
        inside = [row for row in finals if start is None or row[item.time] >= start]
        if not inside:
            return Said("No week of this period is final yet.")
        first = inside[0]
        if first is newest:
            return Said("It is the only final week of this period.")
        label = item.lead.label
        clause = f"In the first final week of this period, from {{{item.time}}}, {label}: " + (
            f"{{{item.lead.column}}}"
        )
        return say((clause,), first, item.columns, item.mart, item.key_columns)

    # ------------------------------------------------------------------ cards

    def _headline_card(self, headline: Headline) -> dict[str, Any]:
        row = self.headline
        said = say(headline.says, row, HEADLINE_COLUMNS, "headline")
        is_undecided = (
            headline.panel == "lasting" and row.get("turnover_signal") == "insufficient_data"
        )
        if not said.text or is_undecided:
            reason = row.get(headline.reason) or ("insufficient_data" if is_undecided else None)
            said, value = Said(say_why(reason, panel(headline.panel).needs)), ""
        else:
            value = written(row[headline.measure.column], headline.measure.unit)
        sure = say(headline.sure, row, HEADLINE_COLUMNS, "headline") if value else Said()
        source = row.get(f"{headline.held_back}_held_back_by")
        if source:
            since = row[f"{headline.held_back}_held_back_since"]
            hint = row[f"{headline.held_back}_held_back_hint"]
            sure = sure.add(Said(f"Held back by {source}, known through {since:%Y-%m-%d}: {hint}."))
        return _card(headline, value, headline.measure.label, said, sure)

    def _team_card(self, headline: Headline, state: dict[str, Any], team: str) -> dict[str, Any]:
        item = panel(headline.panel)
        chosen = _newest_final(item, self._by_team[item.key].get(team, []))
        value = ""
        if state["state"] == "shown" and chosen:
            value = written(chosen[0][item.lead.column], item.lead.unit)
        return _card(headline, value, item.lead.label, state["text"], state["sure"])

    # ------------------------------------------------------------------ scorecard and changes

    @cached_property
    def scorecard(self) -> list[dict[str, Any]]:
        """One row a team, by name: of each number the newest final week that has a value."""
        return [
            {"team": team, "cells": [self._cell(score, team) for score in SCORES], **flags}
            for team in sorted(self._scores_by_team)
            for flags in [self._signals(team)]
        ]

    @cached_property
    def _scores_by_team(self) -> dict[str, list[Row]]:
        groups: dict[str, list[Row]] = {}
        for row in self.scores:
            groups.setdefault(row["team"], []).append(row)
        return groups

    def _newest_score(self, score: Score, team: str) -> Row | None:
        rows = self._scores_by_team.get(team, [])
        return next(
            (
                row
                for row in reversed(rows)
                if row[score.mature] and row[score.measure.column] is not None
            ),
            None,
        )

    def _cell(self, score: Score, team: str) -> dict[str, Any]:
        row = self._newest_score(score, team)
        if row is None:
            rows = self._scores_by_team.get(team, [])
            reason = next(
                (
                    found
                    for row in reversed(rows)
                    if (found := row[score.reason] or row["null_reason"])
                ),
                None,
            )
            return {"value": None, "reason": words(str(reason)) if reason else "no final week yet"}
        shown, parts = write_measure(row, score.measure)
        value = parts[0][1]
        trend = ""
        if score.index and row[score.index] is not None:
            trend = f"{written(row[score.index], 'ratio')} own past"
            parts.append((score.index, written(row[score.index], "ratio")))
        if score.change and row[score.change] is not None:
            text = _signed(row[score.change], score.measure)
            trend = f"{text} on own past"
            parts.append((score.change, text))
        return {
            "value": value,
            "interval": shown[len(value) :].strip(),
            "trend": trend,
            "beside": words(str(row[score.beside])) if score.beside and row[score.beside] else "",
            "week": written(row["week_start_on"], "date"),
            "figures": _figures("team_scorecard", row, parts),
        }

    def _signals(self, team: str) -> dict[str, Any]:
        rows = self._scores_by_team.get(team, [])
        row = next((row for row in reversed(rows) if row["are_signals_mature"]), None)
        if row is None or row["signals_in_force"] is None:
            reason = (row or (rows[-1] if rows else {})).get("null_reason")
            return {"signals": None, "signals_reason": words(str(reason or "no final week yet"))}
        named = [words(name.strip()) for name in row["signals_in_force"].split(",") if name.strip()]
        return {"signals": named, "signals_week": written(row["week_start_on"], "date")}

    def _changes(self, team: str | None) -> list[Change]:
        """Return the largest moves whose past lies outside the interval of today's number."""
        found = []
        for name in self.teams if team is None else [team]:
            for score in SCORES:
                row = self._newest_score(score, name)
                moved = _moved(score, row) if row is not None else None
                if row is None or not moved:
                    continue
                trend = score.index or score.change
                how = (
                    f"{{{trend}}} what its own first 13 final weeks had"
                    if score.index
                    else f"{_signed(row[trend], score.measure)} against its first 13 final weeks"
                )
                label = score.measure.label
                said = say(
                    (
                        f"{_capital(label)} {{{score.measure.column}}} in the week"
                        " from {week_start_on}",
                        how,
                    ),
                    row,
                    (score.measure, Measure(str(trend), "trend", "ratio")),
                    "team_scorecard",
                    ("team", "week_start_on"),
                )
                if score.change:
                    said.figures += _figures(
                        "team_scorecard", row, [(score.change, _signed(row[trend], score.measure))]
                    )
                key = {"team": name, "week_start_on": number(row["week_start_on"])}
                found.append(Change(name, score.panel, said, key, moved))
        # The largest first; of equals by name.
        return sorted(found, key=lambda change: (-change.size, change.team))[:_MOST_CHANGES]

    # ------------------------------------------------------------------ doubts

    @cached_property
    def doubts(self) -> list[tuple[str, str]]:
        """What a reader should doubt: what about, and a sentence."""
        row = self.headline
        doubts: list[tuple[str, str]] = []
        if self.is_demo:
            doubts.append(("Demo", "All rows are those of an invented organisation."))
        if self.flaw_of_last_build is not None:
            doubts.append(
                (
                    "Build",
                    f"The last build {self.flaw_of_last_build}; numbers may not belong together.",
                )
            )
        coverage = row.get("turnover_attribution_coverage")
        if coverage is not None:
            doubts.append(
                (
                    "Authorship",
                    f"{written(coverage, 'share')} of the lines that the turnover ratio compares"
                    f" carry a mark of who wrote them; basis: {words(str(row['turnover_basis']))}.",
                )
            )
        for repository in self.repositories:
            doubts.append(
                (
                    "Authorship",
                    f"In {repository['repository']} "
                    f"{written(repository['attribution_coverage'], 'share')} of the lines do.",
                )
            )
        if row.get("deployments"):
            doubts.append(
                (
                    "Deployments",
                    f"{written(row['deployments_shipping_nothing'], 'count')} of"
                    f" {written(row['deployments'], 'count')} production deployments shipped"
                    " nothing.",
                )
            )
        if self.product_coverage is not None:
            share = self.product_coverage["product_outcome_coverage"]
            doubts.append(
                (
                    "Product outcomes",
                    f"{written(share, 'share')} of the AI normalized deployments of the week from"
                    f" {written(self.product_coverage['week_start_on'], 'date')} have any product"
                    " metric that could notice them.",
                )
            )
        hidden = [line["team"] for line in self.scorecard if self._is_hidden(line["team"])]
        if hidden:
            doubts.append(
                (
                    "Small groups",
                    "What would say something of few people is hidden for "
                    f"{', '.join(map(isolated, hidden))}.",
                )
            )
        doubts += [("Prices", f"{line['model']} has no price.") for line in self.missing_prices]
        for line in self.quality:
            doubts.append(
                (
                    "Data quality",
                    f"{words(line['input_name'])}: {written(line['row_count'], 'count')} of"
                    f" {written(line['rows_checked'], 'count')} rows, {words(line['reason'])}:"
                    f" {line['what_happens']} (such as {line['example_key']}).",
                )
            )
        return doubts

    def _why_hidden(self, team: str) -> str:
        return _capital(words(str(self._scores_by_team[team][-1]["null_reason"])))

    def _is_hidden(self, team: str) -> bool:
        rows = self._scores_by_team.get(team, [])
        return bool(rows) and bool(rows[-1]["is_suppressed"])


# ---------------------------------------------------------------------- rows


def chart_columns(item: Panel, chart: Chart) -> list[str]:
    """Return the columns that a chart reads of its own mart or the panel's."""
    return [
        name
        for name in (
            chart.time,
            chart.split,
            chart.facet,
            *chart.only,
            *(name for measure in chart.measures for name in measure.columns),
        )
        if name
    ]


def panel_columns(item: Panel) -> list[str]:
    """Return the columns of its mart that a panel reads, those that say which row first."""
    names = [
        *item.key_columns,
        *(("is_organisation",) if item.has_organisation else ()),
        item.mature,
        item.reason,
        *(name for column in item.columns for name in column.columns),
        *(name for chart in item.charts for name in chart_columns(item, chart)),
    ]
    return list(dict.fromkeys(name for name in names if name))


def _panel_rows(marts: Marts, item: Panel) -> list[Row]:
    condition = "true"
    if item.every:
        column, step = item.every
        condition = f'"{column}" % {int(step)} = 0'
    return marts.rows(
        item.mart,
        panel_columns(item),
        time=item.time,
        team=item.group,
        only=item.only,
        order=[name for name in (item.time, item.group) if name],
        condition=condition,
    )


def _overlay_rows(marts: Marts, chart: Chart) -> list[Row]:
    assert chart.mart is not None
    names = ("incident_id", "team", "service", "severity", "opened_at", "resolved_at")
    return marts.rows(
        chart.mart,
        [*names, "severity_weight", "attribution_method", "release_id"],
        time=chart.time,
        team="team",
        order=(chart.time,),
    )


def _score_rows(marts: Marts) -> list[Row]:
    if not marts.has("team_scorecard"):
        return []
    names = ["team", "week_start_on", "is_suppressed", "null_reason"]
    names += ["signals_in_force", "are_signals_mature"]
    for score in SCORES:
        names += [
            name
            for name in (
                *score.measure.columns,
                score.mature,
                score.reason,
                score.index,
                score.change,
                score.beside,
            )
            if name
        ]
    return marts.rows(
        "team_scorecard",
        names,
        time="week_start_on",
        team="team",
        order=("team", "week_start_on"),
    )


def _failed_releases(marts: Marts) -> list[Row]:
    """Return the releases that failed, newest first, with incidents, deployments and changes."""
    if not marts.has("fct_releases"):
        return []
    releases = marts.rows(
        "fct_releases",
        (
            "release_id",
            "service",
            "repository",
            "team",
            "window_started_at",
            "week_start_on",
            "deployments",
            "changes_put_live",
            "changes_shipped",
            "held_lines",
            "ai_held_lines",
            "human_held_lines",
            "automation_held_lines",
            "unknown_held_lines",
            "failures",
            "failure_weight",
            "is_closed",
            "basis",
        ),
        time="window_started_at",
        team="team",
        only={"is_failed": "true"},
        order=("window_started_at",),
    )
    incidents = marts.rows(
        "fct_incidents",
        (
            "release_id",
            "incident_id",
            "severity",
            "opened_at",
            "resolved_at",
            "attribution_method",
        ),
        condition="release_id is not null",
        order=("opened_at",),
    )
    deployments = marts.rows(
        "fct_deployments",
        ("release_id", "deployment_id", "finished_at", "sha", "is_rollback", "changes_shipped"),
        condition="is_failed",
        order=("finished_at",),
    )
    parts = {
        "incidents": incidents,
        "failed_deployments": deployments,
        "changes": _changes_of_failed_releases(marts),
    }
    for release in releases:
        release.update({name: [] for name in parts})
    by_id = {release["release_id"]: release for release in releases}
    for name, rows in parts.items():
        for row in rows:
            if row["release_id"] in by_id:
                by_id[row["release_id"]][name].append(row)
    for release in releases:
        release["changes"] = release["changes"][:_CHANGES_SHOWN]
    return releases[::-1]


def _changes_of_failed_releases(marts: Marts) -> list[Row]:
    """Return the changes that they put live, and which of their lines an incident's fix removed."""
    if not marts.has("fct_release_changes"):
        return []
    changes = marts.rows(
        "fct_release_changes",
        (
            "release_id",
            "repository",
            "sha",
            "service",
            "pull_request_number",
            "authorship",
            "lines_added",
            "held_lines",
            "is_shipped",
        ),
        time="window_started_at",
        team="team",
        only={"is_failed": "true"},
    )
    defects = (
        marts.rows(
            "change_defects",
            ("repository", "introducing_sha", "service", "fixing_sha", "incident_id", "lines"),
            condition="incident_id is not null",
            order=("fixing_sha",),
        )
        if marts.has("change_defects")
        else []
    )
    fixed: dict[tuple[str, str, str], list[Row]] = {}
    for row in defects:
        place = (row["repository"], row["introducing_sha"], row["service"])
        fixed.setdefault(place, []).append(row)
    for change in changes:
        change["fixed"] = fixed.get((change["repository"], change["sha"], change["service"]), [])

    # What an incident's fix had to take out goes before what is large.
    def place_of(row: Row) -> tuple[bool, float, str, str]:
        return not row["fixed"], -(row["held_lines"] or 0), row["repository"], row["sha"]

    return sorted(changes, key=place_of)


def _quality_rows(marts: Marts) -> list[Row]:
    if not marts.has("data_quality"):
        return []
    return marts.rows(
        "data_quality",
        (
            "input_name",
            "reason",
            "row_count",
            "rows_checked",
            "example_key",
            "handling",
            "what_happens",
        ),
        condition="row_count > 0",
        order=("input_name", "reason"),
    )


def _product_coverage(marts: Marts) -> Row | None:
    """Return the organisation's newest final row that has a share, unless the page is a team's."""
    mart, share = "product_outcome_coverage", "product_outcome_coverage"
    if not marts.has(mart) or marts.window.team is not None:
        return None
    rows = marts.rows(
        mart,
        ("week_start_on", share),
        condition=f"is_organisation and is_mature and {share} is not null",
        order=("week_start_on",),
    )
    return rows[-1] if rows else None


def _repository_rows(marts: Marts) -> list[Row]:
    """Return the three repositories whose lines carry the fewest marks."""
    if not marts.has("dim_repositories"):
        return []
    rows = marts.rows(
        "dim_repositories",
        ("repository", "attribution_coverage"),
        condition="attribution_coverage is not null",
        order=("attribution_coverage", "repository"),
    )
    return rows[:3]


# ---------------------------------------------------------------------- choosing


def _is_final(item: Panel, row: Row) -> bool:
    return item.mature is None or bool(row[item.mature])


def _newest_final(item: Panel, rows: list[Row]) -> list[Row]:
    """Return the rows of the newest time that has a final one which can be said."""
    sayable = [
        row
        for row in rows
        if _is_final(item, row)
        and row[item.lead.column] is not None
        and all(str(number(row[name])).lower() == value for name, value in item.said.items())
        and say(item.says, row, item.columns, item.mart).text
    ]
    if not sayable or item.time is None:
        return sayable
    newest = max(row[item.time] for row in sayable)
    return [row for row in sayable if row[item.time] == newest]


def _last_reason(item: Panel, rows: list[Row]) -> Any:
    names = [name for name in (item.reason, "immature_reason") if name]
    for row in reversed(rows):
        for name in names:
            if row.get(name):
                return row[name]
    return None


def _moved(score: Score, row: Row) -> float | None:
    """Return by how many half intervals the past lies outside of today's, if it does."""
    value, low, high = (
        row[name] if name else None
        for name in (score.measure.column, score.measure.low, score.measure.high)
    )
    if low is None or high is None:
        return None
    if score.change and row[score.change] is not None:
        past = value - row[score.change]
    elif score.index and row[score.index]:
        past = value / row[score.index]
    else:
        return None
    outside = max(low - past, past - high)
    half = (high - low) / 2
    return outside / half if outside > 0 and half > 0 else None


def _capital(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}"


def _signed(value: Any, measure: Measure) -> str:
    """Write a difference; that of two shares is in points."""
    text = written(value, measure.unit).replace(" %", " points")
    return text if text.startswith("-") else f"+{text}"


def _sure(item: Panel, row: Row) -> Said:
    return say(item.sure, row, item.columns, item.mart, item.key_columns)


def _state(state: str, text: Said | str, sure: Said | None = None) -> dict[str, Any]:
    said = Said(text) if isinstance(text, str) else text
    return {"state": state, "text": said, "sure": sure or Said(), "since": {}}


def _card(headline: Headline, value: str, label: str, said: Said, sure: Said) -> dict[str, Any]:
    return {
        "panel": headline.panel,
        "question": headline.question,
        "value": value,
        "label": label,
        "text": said,
        "sure": sure,
    }


def _figures(mart: str, row: Row, parts: Iterable[tuple[str, str]]) -> list[Figure]:
    key = {name: number(row[name]) for name in ("team", "week_start_on")}
    return [Figure(mart, key, column, number(row[column]), text) for column, text in parts]


def plain(value: Any, shown: Callable[[Any], Any] = number) -> Any:
    """Return a value of the story as JSON takes it: sentences with their figures, days as texts."""
    if isinstance(value, Said | Figure | Change | View):
        return plain(asdict(value), shown)
    if isinstance(value, dict):
        return {key: plain(item, shown) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item, shown) for item in value]
    return shown(value)
