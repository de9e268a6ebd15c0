"""What docs/extending.md says: its blocks as they stand, in a project that has the package."""

import math
import re
import shutil

import pytest
import yaml

from dbt_runs import ROOT, query, run_dbt
from reference.test_models_equal_the_oracle import same
from shipworthy.warehouse import connect

CONSUMER = ROOT / "tests" / "consumer"
PAGE = ROOT / "docs" / "extending.md"
LANDING = "path:seeds/landing"
# Definitions that a project cannot turn round on its own: no choice, or one of privacy.
CLOSED = {
    "as_of_given",
    "baseline_place",
    "capped_lines",
    "comparison_basis",
    "effective_changes",
    "harm_signal",
    "has_ended",
    "hidden_because",
    "immature_reason",
    "is_above",
    "is_at_least",
    "is_hidden",
    "is_mature",
    "is_plausible_time",
    "is_suppressed",
    "is_valid_on",
    "majority_authorship",
    "person_rows",
    "model_family",
    "plausible_amount",
    "plausible_count",
    "plausible_day",
    "plausible_time",
    "severity_key",
    "signal_immature_reason",
    "signal_columns",
    "summed_over_looks",
    "team_and_organisation",
    "team_or_all",
    "tokens_of",
    "turnover_decides",
    "unlisted_services",
    "valid_from",
    "valid_to",
    "weeks_before",
    "weeks_looking_back",
    "window",
    "with_people_resolved",
}


def blocks():
    """Blocks of the page by the file that their first line names; a file may have several."""
    found = {}
    for path, text in re.findall(
        r"^```\w+\n(?:--|#) (\S+)\n(.*?)^```$", PAGE.read_text(), re.MULTILINE | re.DOTALL
    ):
        found.setdefault(path, []).append(text.replace("my_project", "consumer"))
    return found


def merge(settings, more):
    """Add settings to settings, mappings within mappings."""
    for name, value in more.items():
        if isinstance(value, dict) and isinstance(settings.get(name), dict):
            merge(settings[name], value)
        else:
            settings[name] = value


# Each of these moves numbers unless the macro or model that it is there for stands in its way.
LANDED = """
    update analytics_landing.deployments set service = 'web-eu' where deployment_id = 'd5';
    update analytics_landing.deployments set service = 'api-us' where deployment_id = 'd6';
    update analytics_landing.commits set is_fix = true where sha = 'c3';
    insert into analytics_landing.line_deaths
        select * replace ('web/search.ts' as path, 'c3' as removed_sha, 20 as lines)
        from analytics_landing.line_deaths where added_sha = 'c2';
    drop table analytics_landing.incidents;
    create table analytics_landing.tickets as
        select * from (values
            ('T1', 'web', 2, timestamp '2026-01-14 20:00:00', timestamp '2026-01-14 22:00:00'),
            ('T2', 'api-us', 3, timestamp '2026-01-25 08:00:00', null)
        ) as tickets (ticket, component, priority, opened_at, closed_at);
"""


@pytest.fixture(scope="module")
def extended(tmp_path_factory):
    """The consumer with everything on the page; people are switched off, so that authors build."""
    project = tmp_path_factory.mktemp("extending") / "project"
    shutil.copytree(
        CONSUMER, project, ignore=shutil.ignore_patterns("dbt_packages", "target", "logs")
    )
    # Their expected rows are those of the package's own definitions.
    shutil.rmtree(project / "seeds" / "expected")
    packages = project / "packages.yml"
    packages.write_text(packages.read_text().replace("../../", str(ROOT)))
    warehouse = project.parent / "consumer.duckdb"
    run_dbt("deps", warehouse, project=project)
    run_dbt(f"seed --select {LANDING}", warehouse, project=project)
    connection = connect(warehouse)
    connection.execute(LANDED)
    connection.close()

    settings = yaml.safe_load((project / "dbt_project.yml").read_text())
    settings["vars"]["shipworthy"]["shipworthy__using_people"] = False
    del settings["seeds"]["consumer"]["expected"]
    for path, texts in blocks().items():
        if path == "dbt_project.yml":
            for text in texts:
                merge(settings, yaml.safe_load(text))
        else:
            (text,) = texts
            (project / path).write_text(text)
    (project / "dbt_project.yml").write_text(yaml.safe_dump(settings))
    return run_dbt(f"build --exclude {LANDING}", warehouse, project=project)


@pytest.mark.slow
def test_everything_is_green_with_every_definition_changed(extended):
    assert "WARN=0 ERROR=0 SKIP=0" in extended.output
    assert "WARNING" not in extended.output


def test_every_definition_that_can_be_changed_is_on_the_page_and_changed():
    defined = {
        name
        for path in (ROOT / "macros" / "definitions").iterdir()
        for name in re.findall(r"{%-? macro (\w+)\(([^)]*)\)", path.read_text())
        if not name[0].startswith("default__")
    }
    listed = dict(re.findall(r"^\| [^|]+ \| `(\w+)` \| (.+) \|$", PAGE.read_text(), re.MULTILINE))
    assert {name for name, _ in defined} - CLOSED == listed.keys()
    for name, arguments in defined:
        if name in CLOSED:
            continue
        names = [argument.split("=")[0].strip() for argument in arguments.split(",")]
        assert [word for word in re.findall(r"`(\w+)`", listed[name]) if word in names] == names
        (text,) = blocks()[f"macros/{name}.sql"]
        assert f"default__{name}({', '.join(names)})" in text


@pytest.mark.slow
def test_numbers_are_those_of_the_changed_definitions(extended):
    """By hand, with 12 lines a unit, 14 days to hold and 24 hours to blame.

    red, week of January 5: c1 keeps 90 of 100 lines, c2 40 of its 60 of web, 130 in all. c3 removed
    the 20 and says that it fixes, which is no repair here. ana builds alone, since bo is an agent:
    ln(1 + 130 / 12).
    red, January 12: 60 lines of c3, which web-eu put live; T1 is a sev2, which weighs 1: nothing.
    blue, January 5: 12 of c2's 27 lines of api are left, and nobody builds.
    blue, January 19: 48 lines of c4, which api-us put live, by cy: ln(1 + 48 / 12), all by AI. T2
    came four days later: nobody's, 0.3.
    """
    rows = query(
        extended.warehouse,
        """
        select team, week_start_on::varchar, builders, held_lines, stable_held_lines,
            normalized_deployments, ai_share
        from analytics_shipworthy.normalized_deployments
        where releases > 0 order by team desc, week_start_on
        """,
    )
    expected = [
        ("red", "2026-01-05", 1, 130.0, 130.0, math.log(1 + 130 / 12), 40 / 130),
        ("red", "2026-01-12", 1, 60.0, 0.0, 0.0, None),
        ("blue", "2026-01-05", None, 12.0, 12.0, None, None),
        ("blue", "2026-01-19", 1, 48.0, 48.0, math.log(5), 1.0),
    ]
    assert len(rows) == len(expected)
    for row, wanted in zip(rows, expected, strict=True):
        assert all(map(same, wanted, row)), (wanted, row)


@pytest.mark.slow
def test_incidents_come_from_the_project_and_weigh_as_it_says(extended):
    rows = query(
        extended.warehouse,
        """
        select incident_id, source, severity, severity_weight, attribution_method, deployment_id
        from analytics_shipworthy.fct_incidents order by incident_id
        """,
    )
    assert rows == [
        ("T1", "helpdesk", "sev2", 1.0, "time", "d5"),
        ("T2", "helpdesk", "sev3", 0.3, "unattributed", None),
    ]
    rows = query(
        extended.warehouse,
        """
        select team, week_start_on::varchar, closed_windows, failed_windows, failure_weight,
            unattributed_incident_weight
        from analytics_shipworthy.severity_weighted_failure_rate order by team desc, week_start_on
        """,
    )
    assert rows == [
        ("red", "2026-01-05", 2, 0, 0, 0),
        ("red", "2026-01-12", 1, 1, 1, 0),
        ("red", "2026-01-19", 0, 0, 0, 0),
        ("red", "2026-01-26", 0, 0, 0, 0),
        ("red", "2026-02-02", 0, 0, 0, 0),
        ("blue", "2026-01-05", 1, 0, 0, 0),
        ("blue", "2026-01-12", 0, 0, 0, 0),
        ("blue", "2026-01-19", 2, 1, 0.3, 0.3),
        ("blue", "2026-01-26", 0, 0, 0, 0),
        ("blue", "2026-02-02", 0, 0, 0, 0),
    ]


@pytest.mark.slow
def test_agents_services_and_bands_are_what_the_project_says(extended):
    kinds = query(
        extended.warehouse,
        "select sha, author_kind from analytics_shipworthy.fct_changes order by sha",
    )
    assert kinds == [("c1", "human"), ("c2", "agent"), ("c3", "human"), ("c4", "human")]
    deployments = query(
        extended.warehouse,
        """
        select deployment_id, service from analytics_shipworthy.fct_deployments
        order by deployment_id
        """,
    )
    assert deployments == [
        ("d1", "web"),
        ("d2", "web"),
        ("d3", "api"),
        ("d5", "web"),
        ("d6", "api"),
    ]
    (columns,) = query(
        extended.warehouse,
        """
        select list(column_name) from duckdb_columns()
        where schema_name = 'analytics_shipworthy' and table_name = 'delivery_performance'
            and column_name like '%\\_band' escape '\\'
        """,
    )
    assert len(columns[0]) >= 4
    for column in columns[0]:
        assert query(
            extended.warehouse,
            f"select count({column}) from analytics_shipworthy.delivery_performance",
        ) == [(0,)]


@pytest.mark.slow
def test_the_word_of_turnover_is_the_projects(extended):
    """Twelve weeks to January 19: of AI lines 20 of 60 and 15 of 27 went in 14 days, of human 10 of
    160; the last mature week has seen c1 to c3."""
    rows = query(
        extended.warehouse,
        """
        select distinct turnover_signal from analytics_shipworthy.turnover_signal
        where is_organisation and turnover_ratio > 1
        """,
    )
    assert rows == [("watch",)]
