"""The demo's rows of sections 4, 5 and 8, against the reference."""

from dbt_runs import query
from reference.oracle import compute
from reference.test_models_equal_the_oracle import differences, read
from shipworthy.contract import TABLES

MARTS = ("human_decision_density", "delivery_performance", "flow_pressure")


def test_the_demo_equals_the_reference(demo):
    tables = {}
    for name, table in TABLES.items():
        rows = query(
            demo.warehouse, f"select {', '.join(table.columns)} from shipworthy_demo.{name}"
        )
        tables[name] = [dict(zip(table.columns, row, strict=True)) for row in rows]
    expected, actual = compute(tables, {}), read(demo.warehouse)
    found = [line for name in MARTS for line in differences(name, expected[name], actual[name])]
    assert not found, f"{len(found)} differences\n" + "\n".join(sorted(found)[:60])
