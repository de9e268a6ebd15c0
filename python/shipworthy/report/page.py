"""The page: one HTML file that loads nothing."""

import base64
import hashlib
import json
import os
import re
import time
import zlib
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import altair as alt
import vl_convert
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from shipworthy import __version__
from shipworthy.errors import ShipworthyError
from shipworthy.report.charts import legend_of, specification
from shipworthy.report.figures import REASONS, day, rounded
from shipworthy.report.guides import guide
from shipworthy.report.marts import Row
from shipworthy.report.panels import PANELS, SCORES, Chart, Measure, Panel, Unit
from shipworthy.report.story import Story, View, plain

_HERE = Path(__file__).parent
_PERIOD = "52"


def page(story: Story) -> str:
    """Return the page.

    Parameters
    ----------
    story : Story
        What it says.

    Returns
    -------
    str
        HTML. The same story gives the same bytes where `SOURCE_DATE_EPOCH` is set.

    Raises
    ------
    ShipworthyError
        If `SOURCE_DATE_EPOCH` is no number.
    """
    style, script = ((_HERE / name).read_text(encoding="utf-8") for name in ("page.css", "page.js"))
    bundle = _bundle()
    policy = "; ".join(
        (
            "default-src 'none'",
            f"script-src {_hash(script)} {_hash(bundle)}",
            f"style-src {_hash(style)}",
            "base-uri 'none'",
            "form-action 'none'",
        )
    )
    return (
        _environment()
        .get_template("page.html.j2")
        .render(
            policy=Markup(policy),
            version=__version__,
            title=_title(story),
            style=Markup(style),
            script=Markup(script),
            data=_packed(json.dumps(_payload(story), ensure_ascii=False, separators=(",", ":"))),
            bundle=_packed_bundle(),
            demo=story.is_demo,
            as_of=day(story.as_of) if story.as_of else "no data",
            who=story.only_team or "All teams",
            only_team=story.only_team,
            view=plain(story.views[0]),
            doubts=_grouped(story.doubts),
            scores=[score.measure.label for score in SCORES],
            scorecard=story.scorecard,
            panels=[
                {
                    "key": item.key,
                    "title": item.title,
                    "question": item.question,
                    "guide": guide(item.mart),
                }
                for item in PANELS
            ],
            made=f"{_made():%Y-%m-%d %H:%M} UTC",
            weeks=story.weeks,
        )
    )


# ---------------------------------------------------------------------- what the browser reads


def _payload(story: Story) -> dict[str, Any]:
    tables: dict[str, list[Row]] = {
        item.mart: story.rows[item.key] for item in PANELS if item.key in story.rows
    }
    tables |= {mart: rows for mart, rows in story.overlays.items() if mart}
    keys = [key for key, _, _ in story.periods]
    return {
        "title": _title(story),
        "only_team": story.only_team,
        "periods": [
            {"key": key, "label": label, "start": start and start.isoformat()}
            for key, label, start in story.periods
        ],
        "period": _PERIOD if _PERIOD in keys else keys[-1],
        "words": REASONS,
        "views": [_short(view) for view in story.views],
        "panels": _panels(),
        "tables": {mart: _columns(rows, _units(mart)) for mart, rows in tables.items()},
        "releases": plain(_shortened(story.releases), lambda value: rounded(value, "number")),
    }


def _shortened(releases: list[Row]) -> list[Row]:
    """Return failed releases with changes by the first twelve digits: a page is no database."""
    dropped = ("release_id", "repository", "service")
    return [
        release
        | {
            "changes": [
                {name: value for name, value in change.items() if name not in dropped}
                | {
                    "sha": change["sha"][:12],
                    "fixed": [
                        {"incident_id": fix["incident_id"], "lines": fix["lines"]}
                        for fix in change["fixed"]
                    ],
                }
                for change in release["changes"]
            ]
        }
        for release in releases
    ]


def _short(view: View) -> dict[str, Any]:
    """Return a view without the figures: the page shows their words."""
    return {
        "team": view.team,
        "cards": [
            {**card, "text": card["text"].text, "sure": card["sure"].text} for card in view.cards
        ],
        "changes": [
            {
                "team": change.team,
                "panel": change.panel,
                "text": change.said.text,
                "week": change.row["week_start_on"],
            }
            for change in view.changes
        ],
        "panels": {
            key: {
                "state": state["state"],
                "text": state["text"].text,
                "sure": state["sure"].text,
                "since": {period: said.text for period, said in state["since"].items()},
            }
            for key, state in view.panels.items()
        },
    }


@cache
def _panels() -> list[dict[str, Any]]:
    return [_panel(item) for item in PANELS]


def _panel(item: Panel) -> dict[str, Any]:
    return {
        "key": item.key,
        "title": item.title,
        "mart": item.mart,
        "time": item.time,
        "group": item.group,
        "has_organisation": item.has_organisation,
        "mature": item.mature,
        "only": item.only,
        "said": item.said,
        "columns": [_measure(measure) for measure in item.columns],
        "charts": [_chart(chart) for chart in item.charts],
    }


def _chart(chart: Chart) -> dict[str, Any]:
    return {
        "title": chart.title,
        "kind": chart.kind,
        "time": chart.time,
        "split": chart.split,
        "facet": chart.facet,
        "only": chart.only,
        "overlay": chart.overlay and {"mart": chart.overlay.mart},
        "measures": [_measure(measure) for measure in chart.measures],
        "legend": legend_of(chart),
        "spec": specification(chart),
    }


def _measure(measure: Measure) -> dict[str, Any]:
    return {
        "column": measure.column,
        "label": measure.label,
        "unit": measure.unit,
        "low": measure.low,
        "high": measure.high,
        "before": measure.before,
    }


def _units(mart: str) -> dict[str, Unit]:
    """Return how each column of a mart is shown, its limits like itself."""
    charts = [
        (item, chart)
        for item in PANELS
        for outer in item.charts
        for chart in (outer, outer.overlay)
        if chart is not None
    ]
    measures = [measure for item in PANELS if item.mart == mart for measure in item.columns]
    measures += [
        measure
        for item, chart in charts
        if (chart.mart or item.mart) == mart
        for measure in chart.measures
    ]
    return {name: measure.unit for measure in measures for name in measure.columns}


def _columns(rows: list[Row], units: dict[str, Unit]) -> dict[str, Any]:
    """Turn rows into columns; texts are listed once and numbered."""
    columns: dict[str, Any] = {}
    for name in rows[0] if rows else []:
        values = [rounded(row[name], units.get(name)) for row in rows]
        if any(isinstance(value, str) for value in values):
            texts = sorted({value for value in values if value is not None})
            places = {text: place for place, text in enumerate(texts)}
            columns[name] = {
                "texts": texts,
                "values": [None if value is None else places[value] for value in values],
            }
        else:
            columns[name] = {"values": values}
    return {"length": len(rows), "columns": columns}


# ---------------------------------------------------------------------- the file


@cache
def _bundle() -> str:
    """Return Vega, Vega-Lite and Vega-Embed as one script, from the version that Altair speaks."""
    version = ".".join(alt.SCHEMA_VERSION.removeprefix("v").split(".")[:2])
    return vl_convert.javascript_bundle("window.vegaEmbed = vegaEmbed;", vl_version=version)


@cache
def _packed_bundle() -> str:
    return _packed(_bundle())


def _packed(text: str) -> str:
    return base64.b64encode(zlib.compress(text.encode(), 9)).decode("ascii")


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode('ascii')}'"


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(_HERE),
        autoescape=True,
        undefined=StrictUndefined,
        keep_trailing_newline=True,
    )
    environment.filters["code"] = _code
    environment.filters["slug"] = lambda text: re.sub("[^a-z]+", "-", text.lower())
    return environment


def _code(text: str) -> Markup:
    """Turn what stands in backticks into code."""
    return Markup(re.sub("`([^`]*)`", r"<code>\1</code>", str(text)))


def _grouped(doubts: list[tuple[str, str]]) -> list[tuple[str, list[str]]]:
    groups: dict[str, list[str]] = {}
    for about, text in doubts:
        groups.setdefault(about, []).append(text)
    return list(groups.items())


def _title(story: Story) -> str:
    of = story.only_team or "all teams"
    return f"{'DEMO · ' if story.is_demo else ''}Outcomes of {of}"


def _made() -> datetime:
    epoch = os.environ.get("SOURCE_DATE_EPOCH")
    if not epoch:
        return datetime.fromtimestamp(time.time(), UTC)
    try:
        return datetime.fromtimestamp(int(epoch), UTC)
    except (ValueError, OverflowError, OSError) as error:
        raise ShipworthyError(
            f"SOURCE_DATE_EPOCH is {epoch}; it must be a number of seconds since 1970."
        ) from error
