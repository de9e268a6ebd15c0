"""Sections 6 and 9: the models give what the plain computation gives, and give nobody away."""

import json
import re
import shutil

import pytest
from dbt.cli.main import dbtRunner
from scipy.stats import t as student

from dbt_runs import ROOT, query, read_rows, run_dbt
from reference.delivery import first_requests
from reference.facts import Facts
from reference.failures import Failures
from reference.oracle import _normalized_deployments
from reference.shipping import ship
from reference.spending import Spending, product_outcome_coverage, product_outcomes
from reference.test_models_equal_the_oracle import same
from shipworthy.contract import RAW_SCHEMA, TABLES
from shipworthy.files import load_files
from shipworthy.warehouse import connect

KEYS = {
    "ai_adoption": ("team", "is_organisation", "week_start_on"),
    "ai_cost": ("team", "is_organisation", "week_start_on"),
    "ai_missing_prices": ("model",),
    "product_outcomes": ("release", "metric"),
    "product_outcome_coverage": ("team", "is_organisation", "week_start_on"),
}


SEEDS = ("model_prices", "credit_prices", "usage_sources")


def expect(warehouse, schema, group=5, **variables):
    """Rows of the marts, computed from the raw rows in a schema."""
    tables = {name: read_rows(warehouse, f"{schema}.{name}") for name in TABLES}
    facts = Facts(tables, {f"shipworthy__{name}": value for name, value in variables.items()})
    streams, releases = ship(facts)
    failures = Failures(facts, streams)
    for release in releases:
        weights = [w for d in release.deployments for w in failures.weights.get(d, [])]
        release.weight = max(weights, default=0.0)
    normalized, shares = _normalized_deployments(facts, releases)
    seeds = [read_rows(warehouse, f"shipworthy_reference.shipworthy__{name}") for name in SEEDS]
    spending = Spending(facts, releases, normalized, seeds, group, first_requests(facts))
    outcomes = product_outcomes(facts, releases)
    return spending, {
        "ai_adoption": spending.ai_adoption(),
        "ai_cost": spending.ai_cost(),
        "ai_missing_prices": spending.ai_missing_prices(),
        "product_outcomes": outcomes,
        "product_outcome_coverage": product_outcome_coverage(
            facts, releases, normalized, shares, outcomes
        ),
    }


def differences(warehouse, expected):
    releases = {
        row["release_id"]: (row["service"], row["repository"], row["window_started_at"])
        for row in read_rows(warehouse, "shipworthy.fct_releases")
    }
    for mart, keys in KEYS.items():
        found = {}
        for row in read_rows(warehouse, f"shipworthy.{mart}"):
            if "release_id" in row:
                row["release"] = releases[row["release_id"]]
            found[tuple(row[key] for key in keys)] = row
        wanted = {tuple(row[key] for key in keys): row for row in expected[mart]}
        assert len(wanted) == len(expected[mart])
        for key in wanted.keys() ^ found.keys():
            yield f"{mart} {key}: only {'expected' if key in wanted else 'found'}"
        for key in wanted.keys() & found.keys():
            for column, value in wanted[key].items():
                if not same(value, found[key][column]):
                    yield f"{mart}.{column} {key}: expected {value!r}, got {found[key][column]!r}"


@pytest.mark.slow
def test_the_demo_equals_the_plain_computation(demo):
    spending, expected = expect(demo.warehouse, "shipworthy_demo")
    assert all(expected[mart] for mart in KEYS.keys() - {"ai_missing_prices"})
    found = sorted(differences(demo.warehouse, expected))
    assert not found, f"{len(found)} differences\n" + "\n".join(found[:40])
    _try_to_compute_what_is_hidden(demo.warehouse, spending)


def _try_to_compute_what_is_hidden(warehouse, spending):
    """The organisation less what is shown is never the spend of too few people."""
    attacked = 0
    for week in {row["week_start_on"] for row in read_rows(warehouse, "shipworthy.ai_cost")}:
        known = {}
        for mart, column in (("ai_cost", "billed_usd"), ("ai_adoption", "billed_usd")):
            for team, is_all, suppressed, value in query(
                warehouse,
                f"""
                select team, is_organisation, is_suppressed, {column} from shipworthy.{mart}
                where week_start_on = '{week}'
                """,
            ):
                if not suppressed:
                    known[team, is_all] = value or 0.0
        if not any(is_all for _, is_all in known):
            continue
        left = [n for n, w in spending.reasons if w == week and (n, False) not in known]
        people = {
            person
            for (person, w), used in spending.used.items()
            if w == week and used["team"] in left and person is not None
        }
        members = sum(spending.people[name, week] for name in left)
        rest = sum(v if is_all else -v for (_, is_all), v in known.items())
        hidden = sum(
            used["billed"] or 0.0
            for (_, w), used in spending.used.items()
            if w == week and used["team"] in left
        )
        assert rest == pytest.approx(hidden, abs=1e-6)
        assert not left or (len(left) >= 2 and members >= spending.group >= 1), (week, left)
        attacked += bool(left) and bool(people)
    assert attacked


@pytest.mark.slow
def test_an_odd_world_equals_the_plain_computation(tmp_path):
    """The demo with people of no team, models without prices, gaps in costs and metrics."""
    warehouse = tmp_path / "odd.duckdb"
    load_files(ROOT / "seeds" / "demo", warehouse)
    connection = connect(warehouse)
    for statement in (
        # three people of a team that nobody listed, two of them in the same week
        "delete from {raw}.people where team = 'harbor' and person_key < '4'",
        "update {raw}.people set team = 'abyss' where team = 'keel' and person_key < '9'",
        "update {raw}.ai_usage set billed_usd = null where usage_id like '%7'",
        "update {raw}.ai_usage set model = 'claude-nobody-knows' where usage_id like '%07'",
        "update {raw}.ai_usage set model = null where usage_id like '%177'",
        "update {raw}.commits set author_kind = 'agent' where sha < '3'",
        "update {raw}.pull_requests set driver_key = author_key where number % 3 = 0",
        "delete from {raw}.line_births where repository = 'lighthouse/identity'",
        "delete from {raw}.line_deaths where repository = 'lighthouse/identity'",
        # gateways and logs that saw the same work, one without the tool, one of nobody
        "insert into {raw}.ai_usage select * replace (usage_id || '-log' as usage_id, "
        "'codex-logs' as source, null as billed_usd, output_tokens + 1 as output_tokens) "
        "from {raw}.ai_usage where usage_id like '%3'",
        "insert into {raw}.ai_usage select * replace (usage_id || '-gate' as usage_id, "
        "'a gateway' as source, null as tool, null as billed_usd) "
        "from {raw}.ai_usage where usage_id like '%31' and usage_id not like '%-log'",
        "insert into {raw}.ai_usage select * replace (usage_id || '-none' as usage_id, "
        "'b' as source, null as person_key) from {raw}.ai_usage where usage_id like '%51'",
        # credits, with a price, without one, and of a tool that has none
        "update {raw}.ai_usage set tool = 'kiro', credits = 2.5, billed_usd = null "
        "where usage_id like '%9'",
        "update {raw}.ai_usage set tool = 'lamp', credits = 2, model = null, billed_usd = null, "
        "output_tokens = null, uncached_input_tokens = null, cache_read_tokens = null, "
        "cache_write_tokens = null where usage_id like '%99'",
        "delete from {raw}.costs where team = 'tide' and month_start_on = '2026-04-01'",
        "update {raw}.costs set team = 'nobody' where team = 'foghorn' and category = 'builders'",
        "delete from {raw}.product_metrics where dayofyear(measured_on) % 9 < 5",
        "update {raw}.product_metrics set value = 3 where month(measured_on) = 5",
    ):
        connection.execute(statement.format(raw=RAW_SCHEMA))
    connection.close()
    run_dbt(
        "build",
        warehouse,
        variables={"demo": False, "minimum_group_size": 3, "as_of": "2026-09-16 13:00:00"},
    )
    spending, expected = expect(warehouse, RAW_SCHEMA, group=3, as_of="2026-09-16 13:00:00")
    found = sorted(differences(warehouse, expected))
    assert not found, f"{len(found)} differences\n" + "\n".join(found[:40])
    assert {row["null_reason"] for row in expected["ai_cost"]} >= {
        None, "group_too_small", "protects_a_small_group", "no_spend_allocated",
    }  # fmt: skip
    assert {row["null_reason"] for row in expected["product_outcomes"]} >= {
        None, "no_variation", "too_few_days", "no_days_after", "no_days_before",
    }  # fmt: skip
    assert {"lamp credits", "unknown"} <= {row["model"] for row in expected["ai_missing_prices"]}
    assert len(spending.counted_usage()) < len(spending.facts._input("ai_usage")) - 100
    _try_to_compute_what_is_hidden(warehouse, spending)


@pytest.mark.slow
def test_person_rows_stand_in_the_restricted_schema_alone_and_only_if_asked_for(demo, tmp_path):
    persons = """
        select distinct schema_name, table_name from duckdb_columns()
        where (column_name like '%person_key' or column_name = 'person_number')
            and schema_name like '%restricted%' order by all
    """
    assert not query(demo.warehouse, persons)
    in_marts = (
        "from duckdb_columns() where column_name like '%person%' and schema_name = 'shipworthy'"
    )
    assert not query(demo.warehouse, in_marts)
    warehouse = tmp_path / "people.duckdb"
    shutil.copy(demo.warehouse, warehouse)
    run_dbt("run", warehouse, variables={"show_people": True})
    assert [name for _, name in query(warehouse, persons)] == [
        "int_shipworthy__active_hours",
        "int_shipworthy__ai_lines_shipped_in_time",
        "int_shipworthy__ai_spend_allocated",
        "int_shipworthy__ai_spend_by_person",
        "int_shipworthy__ai_usage_counted",
        "int_shipworthy__ai_usage_of_members",
        "int_shipworthy__ai_usage_priced",
        "int_shipworthy__harm_by_author_look",
        "int_shipworthy__turnover_by_author",
        "int_shipworthy__turnover_by_author_look",
    ]
    cost = "from shipworthy.ai_cost order by all"
    for one, other in zip(query(demo.warehouse, cost), query(warehouse, cost), strict=True):
        assert all(map(same, one, other))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("level", "up_to_30", "beyond"),
    [(0.95, 2e-11, 5e-10), (0.5, 2e-11, 5e-11), (0.9999, 1e-8, 2e-7)],
)
def test_t_quantile_is_as_accurate_as_it_says(tmp_path, monkeypatch, level, up_to_30, beyond):
    monkeypatch.setenv("SHIPWORTHY_WAREHOUSE", str(tmp_path / "t.duckdb"))
    compiled = dbtRunner().invoke(
        [
            *(
                "compile",
                "--inline",
                "{{ shipworthy.t_quantile('degrees', shipworthy.t_quantile_coefficients()) }}",
                "--quiet",
            ),
            *("--vars", json.dumps({"shipworthy__confidence_level": level})),
            *("--project-dir", str(ROOT), "--profiles-dir", str(ROOT)),
            *("--target-path", str(tmp_path), "--log-path", str(tmp_path)),
        ]
    )
    sql = compiled.result.results[0].node.compiled_code
    assert re.match(r"\s*case\s+when degrees", sql)
    connection = connect(tmp_path / "values.duckdb")
    rows = connection.execute(
        f"""
        select degrees, {sql}
        from (
            select n / 100::double as degrees from range(99, 3002) as hundredths (n)
            union all
            select unnest([35.0, 49.5, 100.0, 1e3, 1e6])
        )
        order by degrees
        """
    ).fetchall()
    connection.close()
    assert rows[0][1] is None
    assert rows[-1][0] == 1e6
    for degrees, quantile in rows[1:]:
        accuracy = up_to_30 if degrees <= 30 else beyond
        assert quantile == pytest.approx(student.ppf((1 + level) / 2, degrees), rel=accuracy, abs=0)
