"""A Grafana dashboard on PostgreSQL, as the JSON that its import takes."""

import json
from typing import Any

from shipworthy.dashboards.shape import (
    NO_TEAM,
    charts,
    filters_of,
    is_by_age,
    mart_of,
    measures_of,
    series_of,
    table_of,
)
from shipworthy.report.panels import PANELS, Chart, Panel, Unit

# Grafana asks for the data source while it imports, and writes it here.
_SOURCE = {"type": "grafana-postgresql-datasource", "uid": "${DS_SHIPWORTHY}"}
_UNITS: dict[Unit, tuple[str, int]] = {
    "count": ("none", 0),
    "number": ("none", 2),
    "rate": ("none", 3),
    "share": ("percentunit", 1),
    "ratio": ("none", 2),
    "usd": ("currencyUSD", 2),
    "hours": ("h", 1),
}
# Curves need a column each; whoever is not in a mart has an empty one.
_CURVES = ("ai", "human", "automation", "unknown")
_WIDTH, _HEIGHT, _TABLE_HEIGHT = 24, 9, 8


def dashboard(schema: str) -> bytes:
    """Return the dashboard.

    Parameters
    ----------
    schema : str
        Where the marts are on the server.

    Returns
    -------
    bytes
        JSON, the same each time.
    """
    content = {
        "__inputs": [
            {
                "name": "DS_SHIPWORTHY",
                "label": "PostgreSQL with published marts",
                "type": "datasource",
                "pluginId": _SOURCE["type"],
                "pluginName": "PostgreSQL",
            }
        ],
        "__requires": [
            {"type": "grafana", "id": "grafana", "name": "Grafana", "version": "11.0.0"},
            {"type": "datasource", "id": _SOURCE["type"], "name": "PostgreSQL", "version": "1.0.0"},
        ],
        "uid": "shipworthy",
        "title": "shipworthy",
        "description": "Does the code that AI writes ship, stay shipped, and do no harm?",
        "tags": ["shipworthy"],
        "schemaVersion": 39,
        "timezone": "utc",
        "editable": True,
        "graphTooltip": 1,
        "time": {"from": "now-1y", "to": "now"},
        "annotations": {"list": list(_annotations(schema))},
        "templating": {"list": list(_variables(schema))},
        "panels": _panels(schema),
    }
    return (json.dumps(content, indent=2, ensure_ascii=False) + "\n").encode()


def queries(schema: str) -> list[str]:
    """Return all SQL of the dashboard, with Grafana's macros and variables in it."""
    content = json.loads(dashboard(schema))
    return [
        *(item["query"] for item in content["templating"]["list"]),
        *(item["rawQuery"] for item in content["annotations"]["list"]),
        *(target["rawSql"] for panel in content["panels"] for target in panel.get("targets", ())),
    ]


def _panels(schema: str) -> list[dict[str, Any]]:
    found = [_publication(schema)]
    top = 4
    for panel in PANELS:
        found.append(_row(panel, top))
        top += 1
        width = _WIDTH // min(len(panel.charts), 2)
        for position, chart in enumerate(panel.charts):
            drawn = _chart(panel, chart, schema)
            column, line = position % 2, position // 2
            drawn["gridPos"] = _place(column * width, top + line * _HEIGHT, width, _HEIGHT)
            found.append(drawn)
        top += (len(panel.charts) + 1) // 2 * _HEIGHT
        table = _table(panel, schema)
        table["gridPos"] = _place(0, top, _WIDTH, _TABLE_HEIGHT)
        found.append(table)
        top += _TABLE_HEIGHT
    for number, item in enumerate(found, 1):
        item["id"] = number
    return found


def _place(left: int, top: int, width: int, height: int) -> dict[str, int]:
    return {"x": left, "y": top, "w": width, "h": height}


def _publication(schema: str) -> dict[str, Any]:
    sql = f'select as_of_at, published_at, data_source from "{schema}".publication'
    return {
        "type": "table",
        "title": "What is shown",
        "datasource": _SOURCE,
        "gridPos": _place(0, 0, _WIDTH, 4),
        "targets": [_target(sql, "table")],
    }


def _row(panel: Panel, top: int) -> dict[str, Any]:
    return {
        "type": "row",
        "title": f"{panel.title}: {panel.question}",
        "collapsed": False,
        "panels": [],
        "gridPos": _place(0, top, _WIDTH, 1),
    }


def _target(sql: str, shape: str) -> dict[str, Any]:
    return {
        "refId": "A",
        "datasource": _SOURCE,
        "editorMode": "code",
        "format": shape,
        "rawQuery": True,
        "rawSql": sql,
    }


def _chart(panel: Panel, chart: Chart, schema: str) -> dict[str, Any]:
    unit, decimals = _UNITS[chart.measures[0].unit]
    custom: dict[str, Any] = {"showPoints": "auto", "spanNulls": False}
    if chart.kind == "stack":
        custom |= {"drawStyle": "bars", "fillOpacity": 80, "stacking": {"mode": "normal"}}
    elif chart.kind in ("events", "differences"):
        custom |= {"drawStyle": "points", "pointSize": 8}
    defaults: dict[str, Any] = {"unit": unit, "decimals": decimals, "custom": custom}
    if chart.threshold:
        custom["thresholdsStyle"] = {"mode": "line"}
        defaults["thresholds"] = {
            "mode": "absolute",
            "steps": [
                {"color": "transparent", "value": None},
                {"color": "orange", "value": chart.threshold.value},
            ],
        }
    faint = {"id": "custom.lineStyle", "value": {"fill": "dash", "dash": [4, 6]}}
    drawn: dict[str, Any] = {
        "type": "timeseries",
        "title": chart.title,
        "description": panel.question + (f" {chart.threshold.label}." if chart.threshold else ""),
        "datasource": _SOURCE,
        "fieldConfig": {
            "defaults": defaults,
            "overrides": [
                {
                    "matcher": {"id": "byRegexp", "options": "/, (low|high|52 weeks before)/"},
                    "properties": [faint],
                }
            ],
        },
        "options": {
            "legend": {"displayMode": "list", "placement": "bottom", "showLegend": True},
            "tooltip": {"mode": "multi", "sort": "desc"},
        },
    }
    if is_by_age(chart):
        drawn["type"] = "trend"
        drawn["options"]["xField"] = chart.time
        drawn["targets"] = [_target(_curves(panel, chart, schema), "table")]
    else:
        drawn["targets"] = [_target(_series(panel, chart, schema), "time_series")]
    return drawn


def _series(panel: Panel, chart: Chart, schema: str) -> str:
    """Rows as lines: Grafana makes one of each measure and value of the other columns."""
    by = series_of(panel, chart)
    names = [_team(column) if column == panel.group else f'"{column}"' for column in by]
    label = " || ', ' || ".join(names)
    is_sum = chart.kind == "stack"
    values = [
        f'{f"sum({_quoted(column)})" if is_sum else _quoted(column)} as "{text}"'
        for column, text in measures_of(chart)
    ]
    columns = [
        f'cast("{chart.time}" as timestamp) as "time"',
        *([f'{label} as "metric"'] if by else []),
        *values,
    ]
    group = " group by 1" if is_sum else ""
    return (
        f'select {", ".join(columns)} from "{schema}"."{mart_of(panel, chart)}" '
        f"where {' and '.join(_conditions(panel, chart))}{group} order by 1"
    )


def _curves(panel: Panel, chart: Chart, schema: str) -> str:
    """A column a curve: each cell is one row of the mart."""
    columns = [f'"{chart.time}"']
    for value in _CURVES:
        for column, text in measures_of(chart):
            limit = text.removeprefix(chart.measures[0].label)
            columns.append(
                f'max(case when "{chart.split}" = \'{value}\' then "{column}" end) '
                f'as "{value}{limit}"'
            )
    return (
        f'select {", ".join(columns)} from "{schema}"."{mart_of(panel, chart)}" '
        f"where {' and '.join(_conditions(panel, chart))} group by 1 order by 1"
    )


def _table(panel: Panel, schema: str) -> dict[str, Any]:
    columns = [
        f'{_team(column) if column == panel.group else _quoted(column)} as "{label}"'
        for column, label in table_of(panel)
    ]
    time = f' order by "{panel.time}" desc' if panel.time else ""
    sql = (
        f'select {", ".join(columns)} from "{schema}"."{panel.mart}" '
        f"where {' and '.join(_conditions(panel, None))}{time} limit 500"
    )
    return {
        "type": "table",
        "title": f"{panel.title}: rows",
        "description": panel.needs,
        "datasource": _SOURCE,
        "targets": [_target(sql, "table")],
    }


def _conditions(panel: Panel, chart: Chart | None) -> list[str]:
    time = chart.time if chart else panel.time
    found = []
    if time and (chart is None or not is_by_age(chart)):
        found.append(f'$__timeFilter("{time}")')
    found += [
        f"cast(\"{column}\" as text) = '{value}'"
        for column, value in filters_of(panel, chart).items()
    ]
    if panel.group:
        found.append(f"{_team(panel.group)} in (${{team:sqlstring}})")
    if chart and chart.facet:
        found.append(f'cast("{chart.facet}" as text) = ${{{chart.facet}:sqlstring}}')
    return found or ["true"]


def _team(column: str) -> str:
    return f"coalesce(\"{column}\", '{NO_TEAM}')"


def _quoted(column: str) -> str:
    return f'"{column}"'


def _variables(schema: str) -> list[dict[str, Any]]:
    found = [
        {
            "name": "team",
            "label": "Team",
            "multi": True,
            "query": f"select distinct coalesce(team, '{NO_TEAM}') "
            f'from "{schema}".ai_adoption order by 1',
            "current": {"text": ["All"], "value": ["$__all"]},
            "includeAll": True,
        }
    ]
    for panel, chart in charts():
        if chart.facet:
            found.append(
                {
                    "name": chart.facet,
                    "label": chart.facet.replace("_", " "),
                    "multi": False,
                    "query": f'select distinct cast("{chart.facet}" as text) '
                    f'from "{schema}"."{mart_of(panel, chart)}" order by 1 desc',
                    "includeAll": False,
                }
            )
    shared = {"type": "query", "datasource": _SOURCE, "refresh": 2, "sort": 0}
    return [{**item, **shared, "definition": item["query"]} for item in found]


def _annotations(schema: str) -> list[dict[str, Any]]:
    """Marks above the time line of every chart: incidents."""
    return [
        {
            "name": chart.overlay.title,
            "datasource": _SOURCE,
            "enable": True,
            "iconColor": "red",
            "rawQuery": (
                f'select cast("{chart.overlay.time}" as timestamp) as "time", '
                f'"{chart.overlay.split}" as "text" '
                f'from "{schema}"."{mart_of(panel, chart.overlay)}" '
                f'where $__timeFilter("{chart.overlay.time}")'
            ),
        }
        for panel, chart in charts()
        if chart.overlay
    ]
