"""The panel list names columns that the marts have, and says each thing once."""

import re

import pytest
import yaml

from dbt_runs import ROOT
from shipworthy.report.panels import PANELS, panel


def contracts():
    """Columns of each mart by its relation's name, as the contracts state them."""
    columns = {}
    for path in (ROOT / "models" / "marts").glob("*/_*.yml"):
        for model in yaml.safe_load(path.read_text()).get("models", []):
            relation = re.sub("^(fct_|dim_)?shipworthy__", r"\1", model["name"])
            columns[relation] = {column["name"] for column in model["columns"]}
    return columns


CONTRACTS = contracts()
CHARTS = [
    (item, chart)
    for item in PANELS
    for outer in item.charts
    for chart in (outer, outer.overlay)
    if chart is not None
]


def named(clauses):
    return {name for clause in clauses for name in re.findall(r"{(\w+)}", clause)}


@pytest.mark.parametrize("item", PANELS, ids=lambda item: item.key)
def test_a_panel_names_columns_of_its_mart(item):
    there = CONTRACTS[item.mart]
    singles = {item.time, item.group, item.mature, item.reason} - {None}
    tabled = {name for column in item.columns for name in column.columns}
    assert singles | tabled | named(item.says) | set(item.only) <= there
    assert named(item.organisation_says) <= CONTRACTS["headline"]
    assert item.has_organisation == ("is_organisation" in there)


@pytest.mark.parametrize(
    ("item", "chart"), CHARTS, ids=[f"{item.key}-{chart.key}" for item, chart in CHARTS]
)
def test_a_chart_names_columns_of_its_mart(item, chart):
    there = CONTRACTS[chart.mart or item.mart]
    singles = {chart.time, chart.split, chart.facet} - {None}
    measured = {name for measure in chart.measures for name in measure.columns}
    assert chart.measures
    assert singles | measured | set(chart.only) <= there


def test_keys_are_unique_and_every_panel_has_a_page():
    assert len({item.key for item in PANELS}) == len(PANELS)
    for item in PANELS:
        assert len({chart.key for chart in item.charts}) == len(item.charts)
        assert (ROOT / "docs" / "marts" / f"{item.mart}.md").is_file()
        assert panel(item.key) is item
        assert item.says
        assert item.needs.endswith(".")


@pytest.mark.parametrize("item", PANELS, ids=lambda item: item.key)
def test_a_number_that_is_a_share_is_shown_as_one(item):
    """Names carry units: a column's end says how it is written."""
    for column in (*item.columns, *(m for chart in item.charts for m in chart.measures)):
        for ending, unit in (("_usd", "usd"), ("_hours", "hours"), ("_share", "share")):
            if column.column.endswith(ending):
                assert column.unit == unit, column.column
