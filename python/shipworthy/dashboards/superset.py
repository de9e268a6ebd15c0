"""A Superset dashboard with charts, data sets and connection, as the ZIP that its import takes."""

import io
import json
import uuid
import zipfile
from typing import Any

import yaml

from shipworthy.dashboards.shape import (
    charts,
    filters_of,
    is_by_age,
    mart_of,
    measures_of,
    series_of,
    table_of,
)
from shipworthy.report.panels import PANELS, Chart, Panel, Unit

_VERSION = "1.0.0"
# The ids of everything are derived from this, so that a second import replaces the first.
_SPACE = uuid.uuid5(uuid.NAMESPACE_URL, "shipworthy/dashboards/superset")
_MOMENT = (2020, 1, 1, 0, 0, 0)
_TYPES: dict[Unit, str] = {
    "count": "BIGINT",
    "date": "DATE",
    "time": "TIMESTAMP",
    "flag": "BOOLEAN",
    "word": "VARCHAR",
    "text": "VARCHAR",
}
_DRAWN = {
    "stack": "echarts_timeseries_bar",
    "lines": "echarts_timeseries_line",
    "survival": "echarts_timeseries_line",
    "events": "echarts_timeseries_scatter",
    "differences": "echarts_timeseries_scatter",
}
_FORMATS: dict[Unit, str] = {"share": ".1%", "rate": ".3f", "ratio": ".2f", "usd": "$,.2f"}
_ROW_LIMIT = 10_000


def bundle(schema: str, database: str) -> bytes:
    """Return the bundle.

    Parameters
    ----------
    schema : str
        Where the marts are.
    database : str
        SQLAlchemy address that Superset connects to; change it there after the import.

    Returns
    -------
    bytes
        A ZIP file with the same content each time.
    """
    folder = "shipworthy"
    files = {
        f"{folder}/metadata.yaml": {
            "version": _VERSION,
            "type": "Dashboard",
            "timestamp": "2020-01-01T00:00:00+00:00",
        },
        f"{folder}/databases/{folder}.yaml": _database(database),
    }
    for mart, columns in _columns().items():
        path = f"{folder}/datasets/{folder}/{mart}.yaml"
        files[path] = _dataset(mart, columns, schema)
    drawn = list(_charts())
    for chart in drawn:
        files[f"{folder}/charts/{chart['slice_name'].replace(' ', '_')}.yaml"] = chart
    files[f"{folder}/dashboards/{folder}.yaml"] = _dashboard(drawn)
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, item in files.items():
            text = yaml.safe_dump(item, sort_keys=False, allow_unicode=True)
            archive.writestr(zipfile.ZipInfo(path, _MOMENT), text, zipfile.ZIP_DEFLATED)
    return content.getvalue()


def _id(*names: str) -> str:
    return str(uuid.uuid5(_SPACE, "/".join(names)))


def _database(address: str) -> dict[str, Any]:
    return {
        "database_name": "shipworthy",
        "sqlalchemy_uri": address,
        "expose_in_sqllab": True,
        "allow_run_async": False,
        "allow_ctas": False,
        "allow_cvas": False,
        "allow_dml": False,
        "allow_csv_upload": False,
        "extra": {},
        "uuid": _id("database"),
        "version": _VERSION,
    }


def _columns() -> dict[str, dict[str, str]]:
    """Return type by column of what charts read, by mart."""
    found: dict[str, dict[str, str]] = {
        "publication": {
            "as_of_at": "TIMESTAMP",
            "published_at": "TIMESTAMP",
            "data_source": "VARCHAR",
        }
    }
    for panel in PANELS:
        columns = found.setdefault(panel.mart, {})
        if panel.group:
            columns[panel.group] = "VARCHAR"
        if panel.time:
            columns[panel.time] = "DATE"
        for name, value in filters_of(panel).items():
            columns[name] = "BOOLEAN" if value in ("true", "false") else "VARCHAR"
        for measure in panel.columns:
            for name in measure.columns:
                columns.setdefault(name, _TYPES.get(measure.unit, "DOUBLE"))
    for panel, chart in charts():
        columns = found.setdefault(mart_of(panel, chart), {})
        columns.setdefault(chart.time, "BIGINT" if is_by_age(chart) else "DATE")
        for name in (chart.split, chart.facet):
            if name:
                columns.setdefault(name, "DATE" if name.endswith("_on") else "VARCHAR")
        for name, value in filters_of(panel, chart).items():
            columns[name] = "BOOLEAN" if value in ("true", "false") else "VARCHAR"
        for measure in chart.measures:
            for name in measure.columns:
                columns.setdefault(name, _TYPES.get(measure.unit, "DOUBLE"))
    return found


def _dataset(mart: str, columns: dict[str, str], schema: str) -> dict[str, Any]:
    times = [name for name, kind in columns.items() if kind in ("DATE", "TIMESTAMP")]
    return {
        "table_name": mart,
        "main_dttm_col": times[0] if times else None,
        "schema": schema,
        "uuid": _id("dataset", mart),
        "columns": [
            {
                "column_name": name,
                "type": kind,
                "is_dttm": name in times,
                "groupby": True,
                "filterable": True,
                "is_active": True,
            }
            for name, kind in columns.items()
        ],
        # No sums or means of marts are offered: rows carry what may be added up.
        "metrics": [],
        "version": _VERSION,
        "database_uuid": _id("database"),
    }


def _charts() -> list[dict[str, Any]]:
    found = [
        _saved(
            "What is shown",
            "publication",
            _raw(["as_of_at", "published_at", "data_source"], [], None),
            "When this was published, and the moment that it is judged at.",
        )
    ]
    for panel in PANELS:
        found += [_drawn(panel, chart) for chart in panel.charts]
        columns = [column for column, _ in table_of(panel)]
        found.append(
            _saved(
                f"{panel.title}, rows",
                panel.mart,
                _raw(columns, _conditions(filters_of(panel)), panel.time),
                f"{panel.question} {panel.needs}",
            )
        )
    return found


def _drawn(panel: Panel, chart: Chart) -> dict[str, Any]:
    by = series_of(panel, chart) + ([chart.facet] if chart.facet else [])
    aggregate = "SUM" if chart.kind == "stack" else "MAX"
    unit = chart.measures[0].unit
    params: dict[str, Any] = {
        "viz_type": _DRAWN[chart.kind],
        "x_axis": chart.time,
        "time_grain_sqla": None,
        "metrics": [_metric(column, label, aggregate) for column, label in measures_of(chart)],
        "groupby": by,
        "adhoc_filters": _conditions(filters_of(panel, chart)),
        "row_limit": _ROW_LIMIT,
        "show_legend": True,
        "rich_tooltip": True,
        "truncate_metric": True,
        "y_axis_format": _FORMATS.get(unit, "SMART_NUMBER"),
        "y_axis_title": chart.title,
        "y_axis_title_margin": 40,
    }
    if chart.kind == "stack":
        params["stack"] = "Stack"
    if chart.threshold:
        params["annotation_layers"] = [
            {
                "name": chart.threshold.label,
                "annotationType": "FORMULA",
                "sourceType": "",
                "value": str(chart.threshold.value),
                "show": True,
                "showLabel": False,
                "style": "dashed",
                "opacity": "",
                "width": 1,
                "color": None,
            }
        ]
    return _saved(
        f"{panel.title}, {chart.key.replace('_', ' ')}",
        mart_of(panel, chart),
        params,
        panel.question,
    )


def _metric(column: str, label: str, aggregate: str) -> dict[str, Any]:
    """One cell is one row of the mart, so that MAX shows it; only parts of a stack are added."""
    return {
        "expressionType": "SIMPLE",
        "column": {"column_name": column},
        "aggregate": aggregate,
        "label": label,
        "hasCustomLabel": True,
        "optionName": f"metric_{column}",
    }


def _raw(columns: list[str], conditions: list[dict[str, Any]], time: str | None) -> dict[str, Any]:
    return {
        "viz_type": "table",
        "query_mode": "raw",
        "all_columns": columns,
        "adhoc_filters": conditions,
        "order_by_cols": [json.dumps([time, False])] if time else [],
        "row_limit": 500,
        "server_page_length": 10,
        "include_search": True,
        "table_timestamp_format": "%Y-%m-%d",
    }


def _conditions(only: dict[str, str]) -> list[dict[str, Any]]:
    words: dict[str, bool] = {"true": True, "false": False}
    return [
        {
            "clause": "WHERE",
            "expressionType": "SIMPLE",
            "subject": column,
            "operator": "==",
            "comparator": words.get(value, value),
        }
        for column, value in only.items()
    ]


def _saved(name: str, mart: str, params: dict[str, Any], description: str) -> dict[str, Any]:
    return {
        "slice_name": name,
        "description": description,
        "viz_type": params["viz_type"],
        "params": params,
        # Superset writes this when somebody saves a chart; with it alerts and its API work at once.
        "query_context": json.dumps(_query_context(params)),
        "uuid": _id("chart", name),
        "version": _VERSION,
        "dataset_uuid": _id("dataset", mart),
    }


def _query_context(params: dict[str, Any]) -> dict[str, Any]:
    is_table = params["viz_type"] == "table"
    axis = [] if is_table else [params["x_axis"]]
    query = {
        "filters": [
            {"col": item["subject"], "op": item["operator"], "val": item["comparator"]}
            for item in params["adhoc_filters"]
        ],
        "columns": params["all_columns"] if is_table else [*axis, *params["groupby"]],
        "metrics": None if is_table else params["metrics"],
        "orderby": (
            [json.loads(item) for item in params["order_by_cols"]]
            if is_table
            else [[name, True] for name in axis]
        ),
        "row_limit": params["row_limit"],
    }
    return {
        "datasource": {"id": 0, "type": "table"},
        "force": False,
        "queries": [query],
        "form_data": params,
        "result_format": "json",
        "result_type": "full",
    }


def _dashboard(drawn: list[dict[str, Any]]) -> dict[str, Any]:
    position: dict[str, Any] = {
        "DASHBOARD_VERSION_KEY": "v2",
        "ROOT_ID": {"id": "ROOT_ID", "type": "ROOT", "children": ["GRID_ID"]},
        "HEADER_ID": {"id": "HEADER_ID", "type": "HEADER", "meta": {"text": "shipworthy"}},
        "GRID_ID": {"id": "GRID_ID", "type": "GRID", "children": [], "parents": ["ROOT_ID"]},
    }
    rows: list[list[dict[str, Any]]] = []
    for chart in drawn:
        # Tables take a whole line, pictures share one.
        is_wide = chart["viz_type"] == "table"
        if is_wide or not rows or len(rows[-1]) > 1 or rows[-1][-1]["viz_type"] == "table":
            rows.append([])
        rows[-1].append(chart)
    for number, row in enumerate(rows):
        row_id = f"ROW-{number}"
        parents = ["ROOT_ID", "GRID_ID"]
        children = []
        for chart in row:
            chart_id = f"CHART-{chart['uuid'][:8]}"
            children.append(chart_id)
            position[chart_id] = {
                "id": chart_id,
                "type": "CHART",
                "children": [],
                "parents": [*parents, row_id],
                "meta": {
                    "width": 12 // len(row),
                    "height": 50,
                    "sliceName": chart["slice_name"],
                    "uuid": chart["uuid"],
                    # Superset puts its own number here while it imports.
                    "chartId": len(position),
                },
            }
        position[row_id] = {
            "id": row_id,
            "type": "ROW",
            "children": children,
            "parents": parents,
            "meta": {"background": "BACKGROUND_TRANSPARENT"},
        }
        position["GRID_ID"]["children"].append(row_id)
    return {
        "dashboard_title": "shipworthy",
        "description": "Does the code that AI writes ship, stay shipped, and do no harm?",
        "slug": "shipworthy",
        "uuid": _id("dashboard"),
        "position": position,
        "metadata": {
            "color_scheme": "supersetColors",
            "cross_filters_enabled": False,
            "native_filter_configuration": [
                {
                    "id": "NATIVE_FILTER-team",
                    "name": "Team",
                    "filterType": "filter_select",
                    "type": "NATIVE_FILTER",
                    "targets": [
                        {
                            "column": {"name": "team"},
                            "datasetUuid": _id("dataset", "normalized_deployments"),
                        }
                    ],
                    "controlValues": {"multiSelect": True, "enableEmptyFilter": False},
                    "defaultDataMask": {"extraFormData": {}, "filterState": {}},
                    "cascadeParentIds": [],
                    "scope": {"rootPath": ["ROOT_ID"], "excluded": []},
                }
            ],
        },
        "published": True,
        "version": _VERSION,
    }
