"""What variables may hold, and the contract: the macros that say so run in this process."""

import json
import re

import pytest
from dbt.cli.main import dbtRunner
from dbt.clients.jinja import MacroGenerator
from dbt_common.exceptions import CompilationError

from dbt_runs import ROOT, read_parsed
from shipworthy.contract import TABLES
from shipworthy.warehouse import _RESERVED_STEMS

# dbt reads .dbtignore with a class that its own dependency calls old.
pytestmark = pytest.mark.filterwarnings("ignore:GitWildMatchPattern:DeprecationWarning")


class Operations:
    """Macros run in this process, on one parsed project."""

    def __init__(self, directory):
        self.arguments = (
            *("--project-dir", str(ROOT), "--profiles-dir", str(ROOT)),
            *("--target-path", str(directory), "--log-path", str(directory)),
            "--quiet",
        )
        self.manifest = read_parsed(directory)

    def invoke(self, *command):
        """Run a dbt command."""
        return dbtRunner(manifest=self.manifest).invoke([*command, *self.arguments])

    def check(self, **variables):
        """Return what check_variables says; None is no objection."""
        named = {f"shipworthy__{name}": value for name, value in variables.items()}
        done = self.invoke("run-operation", "check_variables", "--vars", json.dumps(named))
        return None if done.success else done.result.results[0].message

    def check_each(self, values):
        """Return what check_variables says of each of many (variable, value), in one run of dbt."""
        said, call = {}, MacroGenerator.__call__

        def check(generator, *arguments, **options):
            if generator.get_name() != "check_variable":
                return call(generator, *arguments, **options)
            name, _, rule = arguments
            for number, (given, value) in enumerate(values):
                if name == f"shipworthy__{given}":
                    said[number] = None
                    try:
                        call(generator, name, value, rule)
                    except CompilationError as error:
                        said[number] = str(error)
            return ""

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(MacroGenerator, "__call__", check)
            assert self.check() is None
        return [said[number] for number in range(len(values))]


@pytest.fixture(scope="module")
def operations(tmp_path_factory):
    directory = tmp_path_factory.mktemp("operations")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SHIPWORTHY_WAREHOUSE", str(directory / "warehouse.duckdb"))
        yield Operations(directory)


BOOLEAN = "true or false, without quotes"
MOMENT = "empty, a day 'YYYY-MM-DD' or a moment 'YYYY-MM-DD HH:MM:SS' in UTC, in quotes"


# Variable, values that it may not have, and what is said then.
WRONG = (
    ("demo", ["yes", None, "true"], "one of auto, true, false"),
    ("raw_schema", ["my-schema", "", 7, None], "the name of a schema"),
    ("github_tables", ["meltano", None], "one of none, fivetran, airbyte, dlt"),
    (
        "github_inputs",
        ["reviews", ["commits"], None],
        "a list of pull_requests, pull_request_commits, reviews, review_threads, deployments",
    ),
    ("github_database", ["my database", 7], "the name of a schema"),
    ("github_schema", ["my schema", ""], "the name of a schema"),
    (
        "github_relations",
        ["gh_reviews", ["reviews"]],
        "a mapping of table names to the names that yours have",
    ),
    (
        "github_relations",
        [{"reviews": 'r" union select * from secrets --'}, {"reviews": 7}, {"reviews": ""}],
        "a mapping of table names to the names that yours have, of letters, digits and _ $ . -",
    ),
    (
        "relations",
        ["ours", ["incidents"], {"tickets": "ours"}, {"incidents": None}],
        "a mapping of inputs to names of your models, such as {incidents: our_incidents}",
    ),
    ("unit_tests", [None], BOOLEAN),
    ("using_repositories", ["no"], BOOLEAN),
    ("using_line_lifetimes", ["off"], BOOLEAN),
    ("using_pull_requests", ["false"], BOOLEAN),
    ("using_pull_request_commits", [0], BOOLEAN),
    ("using_pull_request_commit_files", ["True"], BOOLEAN),
    ("using_reviews", ["true"], BOOLEAN),
    ("using_review_threads", [None], BOOLEAN),
    ("using_deployments", [1], BOOLEAN),
    ("using_deployment_commits", ["none"], BOOLEAN),
    ("using_incidents", [0], BOOLEAN),
    ("using_ai_usage", [None], BOOLEAN),
    ("using_people", ["no"], BOOLEAN),
    ("using_identities", [1], BOOLEAN),
    ("using_services", [[True]], BOOLEAN),
    ("using_costs", ["no"], BOOLEAN),
    ("using_product_metrics", [1], BOOLEAN),
    ("using_load_watermarks", ["oldest"], BOOLEAN),
    ("using_load_findings", ["none"], BOOLEAN),
    ("as_of", ["yesterday", "2026-13-01", "2026-01-05 24:00:00", True, 20260105], MOMENT),
    ("turnover_window_days", [0, 366, 30.5, "30", True, None], "a whole number from 1 to 365"),
    ("turnover_line_cap", [0, "many"], "a whole number from 1 to 1000000000"),
    ("untagged_counts_as", ["robots", None], "one of auto, human, unknown"),
    ("moves_count", ["true"], BOOLEAN),
    ("survival_days", [0, 3651], "a whole number from 1 to 3650"),
    ("release_window_hours", [0, 169, 1.5], "a whole number from 1 to 168"),
    ("lines_per_unit", [0, -50, "50"], "a number from 1 to 1000000000"),
    ("lines_root", [0.5, 11, "3"], "a number from 1 to 10"),
    ("change_line_cap", [0, False], "a whole number from 1 to 1000000000"),
    ("incident_attribution_hours", [0, 8761, "72"], "a whole number from 1 to 8760"),
    ("incident_tie", ["after"], "one of at_or_before, strictly_before"),
    ("named_cause_days", [0, 2.5], "a whole number from 1 to 3650"),
    ("chance_share", [-0.1, 1.5], "a number from 0 to 1"),
    ("remediation_weight", [-0.1, 1.1, "0.3"], "a number from 0 to 1"),
    ("review_seconds_per_line", [-1, 3601, "1"], "a number from 0 to 3600"),
    ("median", ["mean", None], "one of interpolated, lower"),
    ("dora_band_year", [2025, 2022, "2023"], "one of 2021, 2023"),
    ("redeployments_count", ["yes"], BOOLEAN),
    ("failed_rollouts_count", [0], BOOLEAN),
    ("confidence_level", [0.49, 1, 95, "0.95"], "a number from 0.5 to 0.9999"),
    ("minimum_group_size", [0, 2.5], "a whole number from 1 to 1000"),
    ("show_people", ["no", 1], BOOLEAN),
    ("overlapping_usage_counts", ["yes", 1], BOOLEAN),
    (
        "ended_sources",
        ["pagerduty", [7]],
        "a list of sources as load_watermarks names them, such as ['opsgenie']",
    ),
    ("adoption_target", [80, "80%"], "a number from 0 to 1"),
    ("signal_unshipped_share", [2, "much"], "a number from 0 to 1"),
    ("signal_spend_to_shipped", [1001, "much"], "a number from 1 to 1000"),
    ("signal_intensity_z", [1001, "much"], "a number from 0 to 1000"),
    ("signal_active_hours", [25, "much"], "a whole number from 1 to 24"),
    ("signal_long_days", [8, "much"], "a whole number from 1 to 7"),
    ("signal_metronome_hours", [169, "much"], "a whole number from 2 to 168"),
    ("signal_metronome_variation", [11, "much"], "a number from 0 to 10"),
    ("signal_hugging_share", [2, "much"], "a number from 0 to 1"),
    ("signal_hugging_percentile", [2, "much"], "a number from 0 to 1"),
    ("signal_release_inflation", [1001, "much"], "a number from 1 to 1000"),
    ("signal_empty_share", [2, "much"], "a number from 0 to 1"),
    ("signal_late_turnover", [1001, "much"], "a number from 1 to 1000"),
    ("signal_late_lines", [-1, 0.5], "a whole number from 0 to 1000000000"),
    ("signal_refill_share", [2, "much"], "a number from 0 to 1"),
    ("signal_uncommented_share", [2, "much"], "a number from 0 to 1"),
    ("signal_incident_drop", [0, "much"], "a number from 1 to 1000"),
    ("signal_incident_chance", [2, "much"], "a number from 0 to 1"),
    ("signal_attribution_drop", [2, "much"], "a number from 0 to 1"),
    ("signal_unfiled_failures", [0, 0.5], "a whole number from 1 to 1000000"),
    ("signal_dismissed_incidents", [0, 0.5], "a whole number from 1 to 1000000"),
    ("signal_odd_causes", [2, "much"], "a number from 0 to 1"),
    ("signal_severity_drift", [1001, "much"], "a number from 0 to 1000"),
    ("signal_recycled_lines", [2, "much"], "a number from 0 to 1"),
    ("signal_late_removals", [1001, "much"], "a number from 1 to 1000"),
    ("signal_moved_then_removed", [2, "much"], "a number from 0 to 1"),
    ("signal_idle_builders", [2, "much"], "a number from 0 to 1"),
    ("signal_human_churn", [1001, "much"], "a number from 1 to 1000"),
    ("signal_ai_suddenly_stable", [2, "much"], "a number from 0 to 1"),
    ("signal_clocks", [2, "much"], "a number from 0 to 1"),
    ("signal_short_ownership", [0, 0.5], "a whole number from 1 to 1000000"),
    ("signal_empty_baseline", [2, "much"], "a number from 0 to 1"),
    ("signal_attribution_gap", [1001, "much"], "a number from 1 to 1000"),
    ("signal_superhuman_reviews", [0, 0.5], "a whole number from 1 to 1000000000"),
)


@pytest.fixture(scope="module")
def refusals(operations):
    """What is said of each wrong value, by the variable and the value as JSON."""
    given = [(name, value) for name, values, _ in WRONG for value in values]
    said = operations.check_each(given)
    return {(n, json.dumps(v)): message for (n, v), message in zip(given, said, strict=True)}


@pytest.mark.parametrize(("name", "values", "allowed"), WRONG)
def test_wrong_values_are_refused(refusals, name, values, allowed):
    for value in values:
        message = refusals[name, json.dumps(value)]
        assert message is not None, f"{name} = {value!r} passed"
        assert f"shipworthy: shipworthy__{name} is '{value}'; allowed is {allowed}.\n" in message


def test_a_wrong_value_is_refused_before_a_run(operations):
    message = operations.check(turnover_window_days=0)
    assert "shipworthy: shipworthy__turnover_window_days is '0'; allowed is a whole" in message


def test_a_day_that_the_calendar_does_not_have_is_refused(operations):
    days = ["2026-02-30", "2026-02-29", "2100-02-29", "2026-04-31", "0000-01-01"]
    values = [value for day in days for value in (day, f"{day} 12:00:00")]
    said = operations.check_each([("as_of", value) for value in values])
    for value, message in zip(values, said, strict=True):
        assert (
            f"shipworthy: shipworthy__as_of is '{value}'; allowed is a day that the calendar has.\n"
        ) in message


def test_every_variable_is_checked(operations):
    tested = {name for name, _, _ in WRONG}
    declared = re.findall(r"^  shipworthy__(\w+):", (ROOT / "dbt_project.yml").read_text(), re.M)
    assert tested == set(declared), tested ^ set(declared)
    assert len(declared) == len(tested)
    message = operations.check(turnover_windows_days=30)
    assert (
        "shipworthy: shipworthy__turnover_windows_days is no variable of shipworthy; it has"
        in message
    )
    assert all(f"shipworthy__{name}" in message for name in declared)


def test_values_at_the_limits_pass(operations):
    limits = {
        "turnover_window_days": [1, 365],
        "remediation_weight": [0, 1],
        "confidence_level": [0.5, 0.9999],
        "lines_per_unit": [1, 12.5],
        "as_of": [
            *("2026-01-05", "2028-02-29", "2000-02-29 00:00:00", "2026-12-31"),
            *("2026-01-05T23:59:59", None),
        ],
        "raw_schema": ["Raw_2"],
    }
    values = [(name, value) for name, found in limits.items() for value in found]
    assert operations.check_each(values) == [None] * len(values)
    assert operations.check(turnover_window_days=365, as_of="2028-02-29", lines_per_unit=1) is None


def test_a_warehouse_named_like_a_schema_is_refused(operations, monkeypatch, tmp_path):
    for stem in sorted(_RESERVED_STEMS):
        monkeypatch.setenv("SHIPWORTHY_WAREHOUSE", str(tmp_path / f"{stem}.duckdb"))
        message = operations.check()
        assert f"shipworthy: the warehouse file is called '{stem}' like a schema in it;" in message
    monkeypatch.setenv("SHIPWORTHY_WAREHOUSE", str(tmp_path / "fine.duckdb"))
    assert operations.check() is None


# ---------------------------------------------------------------------------- the contract

SAME_TYPE = {"text": "varchar", "string": "varchar"}


def test_dbt_and_python_state_the_same_contract(operations):
    sources = {
        source.name: {name: column.data_type for name, column in source.columns.items()}
        for source in operations.manifest.sources.values()
    }
    stands_in = operations.invoke(
        "compile",
        "--inline",
        "{% set all = {} %}"
        f"{{% for input in {sorted(sources)} %}}"
        "{% do all.update({input: shipworthy.input_columns(input)}) %}"
        "{% endfor %}{{ tojson(all) }}",
    )
    macro = {
        name: {
            column: SAME_TYPE.get(kind.lower(), kind.lower()) for column, kind in columns.items()
        }
        for name, columns in json.loads(stands_in.result.results[0].node.compiled_code).items()
    }
    contract = {
        name: {column: kind.lower() for column, kind in TABLES[name].columns.items()}
        for name in sources
    }
    assert sources == contract
    assert macro == contract
    for name in sources:
        assert list(sources[name]) == list(contract[name])
