"""Every relation and column is described, and nothing is described that does not exist."""

import re

import pytest

from dbt_runs import ROOT, query

PAGES = ROOT / "docs" / "marts"
HEADINGS = [
    "The question",
    "The grain",
    "How to aggregate",
    "How not to use it",
    "How it can be gamed",
]
SCHEMAS = (
    "shipworthy",
    "shipworthy_demo",
    "shipworthy_intermediate",
    "shipworthy_reference",
    "shipworthy_staging",
)


@pytest.fixture(scope="module")
def nodes(demo):
    """Models and seeds by (schema, relation); person rows are stored nowhere."""
    return {
        (node["schema"], node["alias"]): node
        for node in demo.artifact("manifest.json")["nodes"].values()
        if node["resource_type"] in ("model", "seed")
        and node["config"]["materialized"] != "ephemeral"
        and not node["name"].endswith("_in_run")
    }


@pytest.fixture(scope="module")
def built(demo):
    """Columns in the warehouse by (schema, relation)."""
    columns = {}
    for schema, name, column in query(
        demo.warehouse,
        f"""
        select schema_name, table_name, column_name from duckdb_columns()
        where schema_name in {SCHEMAS} order by column_index
        """,
    ):
        columns.setdefault((schema, name), []).append(column)
    return columns


def test_every_relation_is_a_model_or_a_seed(nodes, built):
    # dbt's runs are written down by hooks.
    assert built.keys() - nodes.keys() == {("shipworthy_staging", "shipworthy_builds")}
    assert nodes.keys() <= built.keys()


def test_every_relation_is_described_by_its_grain(nodes):
    missing = [node["name"] for node in nodes.values() if "One row" not in _description(node)]
    assert not missing


def test_every_column_is_described_and_exists(nodes, built):
    problems = []
    for relation, node in nodes.items():
        described = {
            name for name, column in node["columns"].items() if column["description"].strip()
        }
        name = node["name"]
        problems += [
            f"{name}.{column} is not described"
            for column in built[relation]
            if column not in described
        ]
        problems += [
            f"{name}.{column} does not exist"
            for column in node["columns"]
            if column not in built[relation]
        ]
    assert not problems


def test_every_model_states_its_grain_and_tests_it(demo, nodes):
    manifest = demo.artifact("manifest.json")
    tested = {
        parent
        for test in manifest["nodes"].values()
        if (test.get("test_metadata") or {}).get("name") == "unique_grain"
        for parent in test["depends_on"]["nodes"]
    }
    problems = []
    for node in nodes.values():
        if node["resource_type"] != "model":
            continue
        grain = node["config"]["meta"].get("grain")
        keyed = any(rule["type"] == "primary_key" for rule in node.get("constraints") or ())
        if grain is None or not set(grain) <= node["columns"].keys():
            problems.append(f"{node['name']}: grain {grain}")
        if not keyed and node["unique_id"] not in tested:
            problems.append(f"{node['name']}: nothing tests its grain")
    assert not problems


def test_a_contract_covers_every_mart(nodes):
    marts = [node for (schema, _), node in nodes.items() if schema == "shipworthy"]
    assert marts
    assert all(node["contract"]["enforced"] and node["access"] == "public" for node in marts)


def test_every_mart_has_a_page_that_is_its_description(nodes):
    """The page docs/marts/<relation>.md holds one doc block, shipworthy__<relation>."""
    marts = {name: node for (schema, name), node in nodes.items() if schema == "shipworthy"}
    assert len(marts) > 20
    assert {path.stem for path in PAGES.iterdir()} == marts.keys()
    readme = (ROOT / "README.md").read_text()
    problems = []
    for name, node in marts.items():
        text = (PAGES / f"{name}.md").read_text()
        page = re.fullmatch(
            rf"# {name}\n\n{{% docs shipworthy__{name} %}}\n(.*)\n{{% enddocs %}}\n",
            text,
            re.DOTALL,
        )
        if page is None:
            problems.append(f"{name}: is not a title and one doc block")
            continue
        if page[1] not in node["description"]:
            problems.append(f"{name}: the model is not described by its page")
        sections = re.split(r"^## (.*)\n\n", page[1], flags=re.M)
        if sections[1::2] != HEADINGS or sections[0]:
            problems.append(f"{name}: headings {sections[1::2]}")
        problems += [f"{name}: {part!r} says nothing" for part in sections[2::2] if len(part) < 20]
        if not sections[4].startswith("One row"):
            problems.append(f"{name}: the grain does not say one row of what")
        if f"docs/marts/{name}.md" not in readme:
            problems.append(f"{name}: README does not link its page")
    assert not problems


def test_raw_columns_are_described_alike_where_they_come_from_and_where_they_are_read(demo, nodes):
    by_name = {node["name"]: node for node in nodes.values()}
    renamed = {"input": "input_name", "rows": "loaded_rows"}
    different = []
    for source in demo.artifact("manifest.json")["sources"].values():
        name = source["name"]
        staged = by_name[f"stg_shipworthy__{name}"]["columns"]
        for column, described in source["columns"].items():
            text = described["description"]
            same = (
                staged[column if column in staged else renamed[column]]["description"],
                by_name[name]["columns"][column]["description"],
            )
            if set(same) != {text}:
                different.append(f"{name}.{column}")
    assert not different


def _description(node):
    text = node["description"].removeprefix("Demo data: ")
    return text[0].upper() + text[1:]
