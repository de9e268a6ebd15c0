"""All sources of one small organisation, from configuration to marts, with its known truth.

The story: `acme/shop` has 13 changes. Deployment 502 ships change 4 (shipping zones), which causes
INC-100; 503 takes it off again. INC-101 is caused by change 2 (payment rules), which 501 had put
live, and fixed by change 5. Sixty-two lines were born AI's; of the 56 that are old enough 13 are
gone within 30 days, of human ones 2 of 31.
"""

import json
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
import test_claude_code
import test_claude_enterprise
import test_copilot
import test_cursor
import test_github
import test_incident_io
import test_jira
import test_openai
import test_opsgenie
import test_pagerduty
import test_statuspage
from click.testing import CliRunner
from source_checks import DATA

from dbt_runs import query, run_dbt
from shipworthy.cli import cli

BUNDLE = Path(__file__).parents[1] / "data" / "acme_shop.bundle"

# PagerDuty calls INC-100 PT4KH100; INC-101 is an issue at GitHub.
TOLD = (test_github.TestGitHub, test_pagerduty.TestPagerDuty)
# The other sources of incidents, the names they give to the service, and what each incident of the
# story is blamed on: by its tag, by time, or on nothing where it names no service.
INCIDENT_SOURCES = {
    test_opsgenie.TestOpsgenie: (
        {},
        {"2708292d-1ecd-45db-b19a-1f23d41e07f7": ("502", "explicit")},
    ),
    test_jira.TestJira: ({"services": {"payments": "acme/shop"}}, {"OPS-42": ("502", "time")}),
    test_statuspage.TestStatuspage: (
        {"services": {"API": "acme/shop"}},
        {"mm4x7m368bzv": ("502", "time")},
    ),
    test_incident_io.TestIncidentIo: ({}, {"INC-100": (None, "unattributed")}),
}
USAGE_SOURCES = (
    test_copilot.TestCopilot,
    test_claude_code.TestClaudeCode,
    test_claude_enterprise.TestClaudeEnterprise,
    test_cursor.TestCursor,
    test_openai.TestOpenAI,
)
SHIP = "2d029d503c04bd77c0e4cdbf2d419e083cbc2505"
RULES = "2e0cc94221cc8fb2ec0aec78525fb08e4fbfc605"
FLOOR = "a71e2c4099ac7d1b23e12802a008ce2add5b44ac"

FILES = {
    "amazon-q": ["amazon_q_by_user_analytic.csv"],
    "claude-code-logs": ["claude_projects_session.jsonl"],
    "claude-code-otel": ["claude_code_otlp_logs.json"],
    "codex-logs": ["codex_rollout.jsonl"],
    "kiro": ["kiro_user_report.csv"],
    "litellm": ["litellm_spendlogs.csv"],
}


def toml(value: Any) -> str:
    """Write a value as TOML does."""
    if isinstance(value, dict):
        pairs = (f"{json.dumps(name)} = {toml(item)}" for name, item in value.items())
        return f"{{ {', '.join(pairs)} }}"
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(toml, value))}]"
    return json.dumps(value)


def table(name: str, options: dict[str, Any]) -> str:
    lines = (f"{key} = {toml(value)}" for key, value in options.items())
    return "\n".join([f"[{name}]", *lines, ""])


@pytest.fixture(scope="module")
def story(tmp_path_factory):
    """The warehouse with everything loaded and built."""
    directory = tmp_path_factory.mktemp("story")
    warehouse = directory / "warehouse.duckdb"
    with ExitStack() as stack:
        patch = stack.enter_context(pytest.MonkeyPatch.context())
        patch.setenv("SHIPWORTHY_WAREHOUSE", str(warehouse))
        patch.setenv("SHIPWORTHY_SALT", "a salt of the story, longer than 16 bytes")
        patch.chdir(directory)
        patch.setattr(test_pagerduty, "INCIDENTS", test_pagerduty.FEW)
        tables = [
            "since = 2026-04-25\n",
            table("git", {"paths": [str(BUNDLE)], "repositories": ["acme/shop"]}),
        ]
        for source in (*TOLD, *USAGE_SOURCES):
            case = source.case
            server = stack.enter_context(case.serve())
            for variable, value in case.environment.items():
                patch.setenv(variable, value)
            tables.append(table(case.vendor, {**case.given, "base_url": server.url}))
        for name, files in FILES.items():
            paths = [str(DATA / "usage_files" / file) for file in files]
            tables.append(table(name, {"paths": paths}))
        # The bundle's addresses; the usage reports of the samples call Bob and Carol otherwise.
        (directory / "aliases.csv").write_text(
            "email,github\nalice@acme.example,alice-ng\nbob@acme.example,bobruiz;rui-brandt\n"
            "carol@acme.example,carolok;alva-holm\n"
        )
        (directory / "people.csv").write_text(
            "email,team\nalice@acme.example,shop\nbob@acme.example,shop\ncarol@acme.example,shop\n"
        )
        tables.append(table("identities", {"paths": ["aliases.csv"]}))
        tables.append(table("people", {"paths": ["people.csv"]}))
        (directory / "shipworthy.toml").write_text("\n".join(tables))
        outcome = CliRunner().invoke(cli, ["load"])
        assert outcome.exit_code == 0, outcome.output
        run_dbt("build", warehouse, variables={"demo": False, "as_of": "2026-06-20 09:00:00"})
    return warehouse


@pytest.mark.slow
def test_incident_100_was_caused_by_what_502_shipped_and_503_took_off(story):
    found = query(
        story,
        "select deployment_id, attribution_method from shipworthy.fct_incidents "
        "where incident_id = 'PT4KH100'",
    )
    assert found == [("502", "time")]
    deployments = query(
        story,
        "select deployment_id, sha, is_rollback, changes_put_live, is_failed "
        "from shipworthy.fct_deployments where deployment_id in ('501', '502', '503') order by 1",
    )
    assert [row[:3] for row in deployments] == [
        ("501", RULES, False),
        ("502", SHIP, False),
        ("503", RULES, True),
    ]
    # 502 put changes 3 and 4 live; a rollback ships nothing.
    assert [row[3] for row in deployments] == [1, 2, 0]
    assert [row[4] for row in deployments] == [True, True, False]


@pytest.mark.slow
def test_incident_101_was_caused_by_change_2_and_fixed_by_change_5(story):
    found = query(
        story,
        "select deployment_id, attribution_method from shipworthy.fct_incidents "
        "where incident_id = 'INC-101'",
    )
    assert found == [("501", "explicit")]
    raw = query(
        story,
        "select caused_by_sha, fixed_by_sha from shipworthy_raw.incidents "
        "where incident_id = 'INC-101'",
    )
    assert raw == [(RULES, FLOOR)]


@pytest.mark.slow
def test_turnover_of_ai_and_human_lines(story):
    found = query(
        story,
        "select authorship, sum(lines_added), sum(lines_removed) from shipworthy.code_turnover "
        "where authorship in ('ai', 'human') group by all order by 1",
    )
    assert found == [("ai", 56, 13), ("human", 31, 2)]


@pytest.mark.slow
def test_every_source_of_usage_arrived_once(story):
    found = dict(
        query(story, "select source, count(*) from shipworthy_raw.ai_usage group by all order by 1")
    )
    expected = {source.case.vendor for source in USAGE_SOURCES} | FILES.keys()
    assert found.keys() == expected
    staged = query(story, "select count(*) from shipworthy_staging.stg_shipworthy__ai_usage")
    assert staged == [(sum(found.values()),)]


@pytest.mark.slow
def test_one_person_behind_a_login_and_an_address(story):
    """Bob's Copilot report knows his login only, his commits his address only."""
    found = query(
        story,
        "select count(*) from shipworthy_raw.ai_usage as usage "
        "inner join shipworthy_raw.identities on usage.person_key = identities.alias_key "
        "inner join shipworthy_raw.commits on identities.person_key = commits.author_key "
        "where usage.source = 'copilot'",
    )
    assert found[0][0] > 0


@pytest.mark.slow
def test_three_people_are_too_few_to_show(story):
    found = query(
        story, "select distinct is_suppressed, builders, ai_users from shipworthy.ai_adoption"
    )
    assert found == [(True, None, None)]


@pytest.mark.slow
def test_nobody_stands_in_the_warehouse_in_clear(story):
    stored = story.read_bytes().lower()
    for word in (b"alice-ng", b"bobruiz", b"carolok", b"acme.example", b"alice ng", b"bob ruiz"):
        assert word not in stored, word


@pytest.mark.slow
def test_watermarks_say_how_far_each_source_came(story):
    found = query(
        story,
        "select source, input from shipworthy_raw.load_watermarks where loaded_through is not null",
    )
    for expected in (
        ("git:acme/shop", "commits"),
        ("github:acme/shop", "deployments"),
        ("pagerduty", "incidents"),
    ):
        assert expected in found, found


@pytest.mark.slow
@pytest.mark.parametrize("source", INCIDENT_SOURCES, ids=lambda source: source.case.vendor)
def test_the_other_sources_of_incidents_tell_the_same(source, tmp_path, monkeypatch):
    """Deployments come from GitHub, incidents from this source alone."""
    more, expected = INCIDENT_SOURCES[source]
    warehouse = tmp_path / "warehouse.duckdb"
    monkeypatch.setenv("SHIPWORTHY_WAREHOUSE", str(warehouse))
    monkeypatch.chdir(tmp_path)
    with ExitStack() as stack:
        tables = [
            "since = 2026-04-25\n",
            table("git", {"paths": [str(BUNDLE)], "repositories": ["acme/shop"]}),
        ]
        for one, added in ((test_github.TestGitHub, {"without": ["incidents"]}), (source, more)):
            server = stack.enter_context(one.case.serve())
            for variable, value in one.case.environment.items():
                monkeypatch.setenv(variable, value)
            options = {**one.case.given, **added, "base_url": server.url}
            tables.append(table(one.case.vendor, options))
        (tmp_path / "shipworthy.toml").write_text("\n".join(tables))
        outcome = CliRunner().invoke(cli, ["load"])
        assert outcome.exit_code == 0, outcome.output
    run_dbt(
        "build",
        warehouse,
        *("--select", "+fct_shipworthy__incidents"),
        *("--exclude", "resource_type:test"),
        variables={"demo": False, "as_of": "2026-06-20 09:00:00"},
    )
    found = query(
        warehouse,
        "select incident_id, deployment_id, attribution_method from shipworthy.fct_incidents",
    )
    blamed = {incident: how for incident, *how in found if incident in expected}
    assert {incident: tuple(how) for incident, how in blamed.items()} == expected
