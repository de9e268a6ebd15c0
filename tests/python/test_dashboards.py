"""The dashboards are those of the panel list, and ask for columns that the marts have."""

import json
import re
import zipfile

import pytest
import yaml

from dbt_runs import ROOT
from shipworthy.dashboards import write_dashboards
from shipworthy.dashboards.grafana import queries
from shipworthy.report.panels import PANELS

DASHBOARDS = ROOT / "dashboards"
PUBLICATION = {"as_of_at", "published_at", "data_source", "version", "shipworthy_version"}


@pytest.fixture(scope="module")
def contracts():
    """Columns of each mart by its relation's name, as the contracts state them."""
    columns = {"publication": PUBLICATION}
    for path in (ROOT / "models" / "marts").glob("*/_*.yml"):
        for model in yaml.safe_load(path.read_text()).get("models", []):
            relation = re.sub(
                "^(fct_|dim_)?shipworthy__", lambda found: found[1] or "", model["name"]
            )
            columns[relation] = {column["name"] for column in model["columns"]}
    return columns


@pytest.fixture(scope="module")
def bundle():
    with zipfile.ZipFile(DASHBOARDS / "superset.zip") as archive:
        return {name: yaml.safe_load(archive.read(name)) for name in archive.namelist()}


def test_what_is_committed_is_what_the_panels_give(tmp_path):
    grafana, superset = write_dashboards(tmp_path)
    assert grafana.read_bytes() == (DASHBOARDS / "grafana.json").read_bytes(), "make dashboards"
    with zipfile.ZipFile(superset) as new, zipfile.ZipFile(DASHBOARDS / superset.name) as old:
        assert new.namelist() == old.namelist(), "make dashboards"
        assert [*map(new.read, new.namelist())] == [*map(old.read, old.namelist())], (
            "make dashboards"
        )


def test_every_column_that_grafana_asks_for_exists(contracts):
    asked = set()
    for sql in queries("shipworthy"):
        (mart,) = re.findall(r'from "shipworthy"\."?(\w+)"?', sql)
        without_labels = re.sub(r'\bas "[^"]*"', "", sql).replace('"shipworthy"', "")
        columns = set(re.findall(r'"(\w+)"', without_labels)) - {mart}
        assert columns <= contracts[mart], mart
        asked.add(mart)
    assert {panel.mart for panel in PANELS} <= asked


def test_every_column_that_superset_asks_for_exists(contracts, bundle):
    datasets = {
        item["uuid"]: item
        for name, item in bundle.items()
        if name.startswith("shipworthy/datasets")
    }
    for item in datasets.values():
        columns = {column["column_name"] for column in item["columns"]}
        assert columns <= contracts[item["table_name"]], item["table_name"]
    charts = [item for name, item in bundle.items() if name.startswith("shipworthy/charts")]
    assert len(charts) == 1 + sum(len(panel.charts) + 1 for panel in PANELS)
    for chart in charts:
        there = {column["column_name"] for column in datasets[chart["dataset_uuid"]]["columns"]}
        (query,) = json.loads(chart["query_context"])["queries"]
        asked = {*query["columns"], *(item["col"] for item in query["filters"])}
        asked |= {metric["column"]["column_name"] for metric in query["metrics"] or ()}
        assert asked <= there, chart["slice_name"]


def test_every_panel_and_chart_is_on_both(bundle):
    content = json.loads((DASHBOARDS / "grafana.json").read_text())
    titles = {item["title"] for item in content["panels"]}
    dashboard = bundle["shipworthy/dashboards/shipworthy.yaml"]
    drawn = {
        item["meta"]["uuid"]
        for item in dashboard["position"].values()
        if isinstance(item, dict) and item["type"] == "CHART"
    }
    charts = {item["uuid"] for name, item in bundle.items() if "/charts/" in name}
    assert drawn == charts
    for panel in PANELS:
        assert {chart.title for chart in panel.charts} | {f"{panel.title}: rows"} <= titles


def test_no_two_things_are_in_one_place():
    content = json.loads((DASHBOARDS / "grafana.json").read_text())
    cells = [
        (x, y)
        for item in content["panels"]
        for place in [item["gridPos"]]
        for x in range(place["x"], place["x"] + place["w"])
        for y in range(place["y"], place["y"] + place["h"])
    ]
    assert len(cells) == len(set(cells))
    assert len({item["id"] for item in content["panels"]}) == len(content["panels"])
