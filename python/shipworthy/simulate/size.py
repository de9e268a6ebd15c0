"""The inputs of a company as large as one wants, written by DuckDB as Parquet.

`simulate` decides every change by itself and tells stories; here nobody has one. A company at scale
1 has 85,000 people and a year behind it: 60 million rows of usage, 5.3 million changes of 211
million lines, 3 million deployments, 100,000 incidents, 5 million requests. Everything follows from
the numbers of rows by hashes, so equal scales give equal rows under one version of DuckDB, and each
table is one query that streams into its file. What grows is what grows in companies: teams, not
people in a team; services and repositories with the teams; but for one repository, which a
fiftieth of the teams share.
"""

import shutil
import tempfile
from datetime import datetime, timedelta
from pathlib import Path

import duckdb

from shipworthy.contract import RAW_SCHEMA, TABLES
from shipworthy.errors import ShipworthyError
from shipworthy.warehouse import unwritable

PEOPLE = 85_000
WEEKS = 52
START = datetime(2025, 10, 13)
END = START + timedelta(weeks=WEEKS, hours=-1)
LARGEST = 10

# What a row and a topic decide: a whole number, and one from 0 to 1 (not included). DuckDB joins
# hashes of several values by an exclusive or, which leaves topics alike: hence the second hash.
_MACROS = """
create macro dice(a, topic) as hash(hash(a, topic));
create macro chance(a, topic) as (dice(a, topic) >> 11) / 9007199254740992.0;
create macro word32(a) as md5('lighthouse ' || a);
create macro sha(a) as md5('sha ' || a) || substr(md5('more ' || a), 1, 8);
create macro after(moment, seconds) as moment + to_seconds(cast(seconds as bigint));
-- Seconds of a waiting time with that mean.
create macro waiting(mean, a, topic) as -mean * ln(1 - chance(a, topic));
create macro team_name(team) as 'team-' || lpad(cast(team as varchar), 5, '0');
create macro service_name(team, place) as
    team_name(team) || case place when 0 then '-api' else '-web' end;
create macro prefix(team, place, shared) as
    case when shared then 'teams/' || team_name(team) || '/' else '' end
    || case place when 0 then 'services/api' else 'services/web' end;
"""

# What the tables are made of. Times of a week lie in its working hours.
_BASES = (
    (
        "people_made",
        """
        select
            person,
            person // 8 as team,
            word32(person) as person_key,
            chance(person, 'tool') < 0.83 as has_tool,
            case when person % 3 = 0 then cast(floor(20 * chance(person, 'first')) as int)
                else 0 end as tool_from_week,
            cast(floor(62 * (0.4 + 1.2 * chance(person, 'changes'))) as int) as changes
        from range($people) as all_people (person)
        """,
    ),
    (
        "repositories_made",
        """
        select
            team,
            team < $sharing as is_shared,
            'lighthouse/' || case when team < $sharing then 'mono' else team_name(team) end
                as repository,
            team % 10 = 3 as has_merges
        from range($teams) as all_teams (team)
        """,
    ),
    (
        "changes_unordered",
        """
        select
            person * 1000 + ordinal as change,
            person,
            person_key,
            team,
            after(
                timestamp '$start',
                604800 * floor($weeks * chance(person * 1000 + ordinal, 'week'))
                + 86400 * floor(5 * chance(person * 1000 + ordinal, 'day'))
                + 28800 + floor(36000 * chance(person * 1000 + ordinal, 'second'))
            ) as landed_at,
            has_tool and chance(person * 1000 + ordinal, 'ai') < 0.5 as is_ai,
            has_tool,
            chance(person * 1000 + ordinal, 'place') > 0.6 as is_second,
            -- Most changes are small; one in fifty is large.
            1 + cast(floor(waiting(
                case when chance(person * 1000 + ordinal, 'large') < 0.02 then 790 else 24 end,
                person * 1000 + ordinal, 'lines'
            )) as bigint) as lines,
            chance(person * 1000 + ordinal, 'direct') >= 0.05 as has_request
        from people_made
        cross join unnest(range(changes)) as ordinals (ordinal)
        """,
    ),
    (
        "changes_made",
        """
        select
            changes_unordered.*,
            repositories_made.repository,
            repositories_made.is_shared,
            repositories_made.has_merges,
            sha(change) as sha,
            case when has_merges then sha('branch ' || change) else sha(change) end as author_sha,
            row_number() over (partition by repository order by landed_at, change) as position,
            case when has_request then
                sum(cast(has_request as int)) over (
                    partition by repository order by landed_at, change rows unbounded preceding
                )
            end as number
        from changes_unordered
        inner join repositories_made using (team)
        where landed_at <= timestamp '$end'
        """,
    ),
    (
        "births_made",
        """
        select
            repository,
            sha,
            author_sha,
            change,
            landed_at,
            is_ai,
            change * 4 + file as birth,
            prefix(team, cast(is_second as int), is_shared)
            || case when chance(change * 4 + file, 'class') < 0.72 then '/src/module_'
                when chance(change * 4 + file, 'class') < 0.92 then '/tests/test_module_'
                when chance(change * 4 + file, 'class') < 0.97 then '/docs/page_'
                else '/generated/client_' end
            || (dice(change * 4 + file, 'path') % 150) * 4 + file as path,
            case when chance(change * 4 + file, 'class') < 0.72 then 'code'
                when chance(change * 4 + file, 'class') < 0.92 then 'test'
                when chance(change * 4 + file, 'class') < 0.97 then 'docs'
                else 'generated' end as path_class,
            chance(change * 4 + file, 'moved') < 0.02 as is_moved,
            chance(change * 4 + file, 'refilled') < 0.03 as is_refilled,
            -- The first file has what the others leave.
            case when file = 0 then lines - (files - 1) * (lines // files) else lines // files end
                as lines
        from (
            select *, least(lines, 1 + cast(floor(3 * chance(change, 'files')) as bigint)) as files
            from changes_made
        ) as changes
        cross join unnest(range(files)) as numbers (file)
        """,
    ),
    (
        "deaths_made",
        """
        select
            births.repository,
            births.sha,
            births.path,
            births.path_class,
            births.author_sha,
            births.is_ai,
            births.is_moved,
            removing.sha as removed_sha,
            removing.change as removing,
            births.birth,
            1 + cast(floor((births.lines - 1) * chance(births.birth, 'removed')) as bigint) as lines
        from (
            select *, after(landed_at, waiting(60 * 86400, birth, 'life')) as removed_at
            from births_made
            where chance(birth, 'dies') < case when is_ai then 0.45 else 0.35 end
        ) as births
        asof join changes_made as removing
            on births.repository = removing.repository and births.removed_at <= removing.landed_at
        where removing.sha <> births.sha
        """,
    ),
    (
        "requests_made",
        """
        select
            *,
            after(landed_at, -3600 - waiting(72000, change, 'opened')) as opened_at,
            chance(change, 'reviewed') >= 0.08 as is_reviewed,
            chance(change, 'threads') < 0.2 as has_threads,
            (person // 8) * 8 + (person % 8 + 1 + dice(change, 'reviewer') % 7) % 8 as reviewer
        from changes_made
        where has_request
        """,
    ),
    (
        "deployments_unplaced",
        """
        select
            (team * 2 + place) * 1000 + ordinal as deployment,
            team,
            place,
            repository,
            after(
                timestamp '$start',
                604800 * floor($weeks * chance((team * 2 + place) * 1000 + ordinal, 'in week'))
                + 86400 * floor(5 * chance((team * 2 + place) * 1000 + ordinal, 'on day'))
                + 30000 + floor(36000 * chance((team * 2 + place) * 1000 + ordinal, 'at second'))
            ) as created_at,
            chance((team * 2 + place) * 1000 + ordinal, 'status') as status_chance,
            chance((team * 2 + place) * 1000 + ordinal, 'environment') < 0.85 as is_production
        from repositories_made
        cross join (values (0), (1)) as places (place)
        cross join unnest(
            range(cast(floor(137 * (0.4 + 1.2 * chance(team * 2 + place, 'deploys'))) as int))
        ) as ordinals (ordinal)
        """,
    ),
    (
        "deployments_made",
        """
        select
            deployments_unplaced.*,
            changes_made.sha,
            case when status_chance < 0.94 then 'success'
                when status_chance < 0.98 then 'failure' else 'cancelled' end as status,
            after(created_at, 300 + 600 * chance(deployment, 'takes')) as finished_at
        from deployments_unplaced
        asof join changes_made
            on
                deployments_unplaced.repository = changes_made.repository
                and deployments_unplaced.created_at >= changes_made.landed_at
        where created_at <= timestamp '$end' - interval 1 hour
        """,
    ),
    (
        "incidents_made",
        """
        select
            *,
            after(finished_at, waiting(28800, deployment, 'breaks')) as opened_at,
            chance(deployment, 'severity') as severity,
            chance(deployment, 'named') < 0.5 as is_named
        from deployments_made
        where is_production and status = 'success' and chance(deployment, 'harm') < 0.0427
        """,
    ),
)

_TOOL = "case when is_ai then 'claude' end"
_AUTHORSHIP = "case when is_ai then 'ai' else 'untagged' end"
_METHOD = "case when is_ai then 'trailer' end"

# The columns of each table that are not null.
_TABLES = {
    "repositories": """
        select distinct repository, 'main' as default_branch, timestamp '$end' as scanned_at,
            last(sha order by position) over (
                partition by repository order by position
                rows between unbounded preceding and unbounded following
            ) as head_sha,
            false as is_shallow
        from changes_made
    """,
    "commits": f"""
        select repository, sha, position as mainline_position,
            after(landed_at, -waiting(20000, change, 'written')) as authored_at,
            landed_at as committed_at, landed_at, person_key as author_key, 'human' as author_kind,
            {_AUTHORSHIP} as authorship, {_TOOL} as ai_tool, {_METHOD} as attribution_method,
            births.lines as lines_added, coalesce(deaths.lines, 0) as lines_removed,
            case when is_ai then births.lines else 0 end as ai_lines_added,
            births.files as files_changed, number as pull_request_number,
            chance(change, 'fix') < 0.15 as is_fix, sha as mainline_ancestor_sha,
            sha as landed_with_sha
        from changes_made
        inner join (
            select change, count(*) as files,
                coalesce(sum(lines) filter (path_class <> 'generated'), 0) as lines
            from births_made group by change
        ) as births using (change)
        left join (
            select removing as change, sum(lines) filter (path_class <> 'generated') as lines
            from deaths_made group by removing
        ) as deaths using (change)
        union all by name
        select repository, author_sha as sha,
            after(landed_at, -waiting(20000, change, 'written')) as authored_at,
            after(landed_at, -waiting(20000, change, 'written')) as committed_at, landed_at,
            person_key as author_key, 'human' as author_kind, {_AUTHORSHIP} as authorship,
            {_TOOL} as ai_tool, {_METHOD} as attribution_method, lines as lines_added,
            0 as lines_removed, case when is_ai then lines else 0 end as ai_lines_added,
            1 as files_changed, false as is_fix,
            lag(sha, 1, sha) over (partition by repository order by position)
                as mainline_ancestor_sha,
            sha as landed_with_sha
        from changes_made where has_merges
    """,
    "line_births": f"""
        select repository, sha as added_sha, path, path_class, author_sha,
            {_AUTHORSHIP} as authorship, {_TOOL} as ai_tool, {_METHOD} as attribution_method,
            is_moved, is_refilled, lines
        from births_made
    """,
    "line_deaths": f"""
        select repository, sha as added_sha, path, path_class, author_sha,
            {_AUTHORSHIP} as authorship, {_TOOL} as ai_tool, is_moved as birth_is_moved,
            removed_sha, chance(birth, 'moved away') < 0.02 as is_moved, lines
        from deaths_made
    """,
    "pull_requests": f"""
        select repository, number, person_key as author_key, 'human' as author_kind,
            {_AUTHORSHIP} as authorship, {_TOOL} as ai_tool, opened_at, opened_at as ready_at,
            landed_at as merged_at, landed_at as closed_at, sha as merge_sha,
            'feature/' || substr(sha, 1, 7) as head_branch,
            after(opened_at, -waiting(40000, change, 'first commit')) as first_commit_at,
            lines as lines_added, 0 as lines_removed, word32(reviewer) as merged_by_key,
            word32(reviewer) as closed_by_key, 'human' as closed_by_kind
        from requests_made
    """,
    "pull_request_commits": f"""
        select repository, number, sha('pushed ' || change || ' ' || ordinal) as sha,
            person_key as author_key, 'human' as author_kind, {_AUTHORSHIP} as authorship,
            {_TOOL} as ai_tool,
            case when ordinal = 0 then after(opened_at, -60)
                else opened_at + (landed_at - opened_at) * 0.6 end as committed_at
        from requests_made
        cross join unnest(range(case when has_threads then 2 else 1 end)) as ordinals (ordinal)
    """,
    "pull_request_commit_files": """
        select repository, number, sha('pushed ' || requests_made.change || ' 0') as sha, path
        from requests_made
        inner join (select distinct change, path from births_made) as touched using (change)
        union all
        select repository, number, sha('pushed ' || requests_made.change || ' 1') as sha, path
        from requests_made
        inner join (select change, min(path) as path from births_made group by change) as touched
            using (change)
        where has_threads
    """,
    "reviews": """
        select repository, number, change || '-' || turn as review_id,
            word32(reviewer) as reviewer_key, 'human' as reviewer_kind,
            case when has_threads and turn = 0 then 'changes_requested' else 'approved' end
                as state,
            opened_at + (landed_at - opened_at) * case when has_threads and turn = 0 then 0.4
                else 0.4 + 0.6 * chance(change, 'approved') end as submitted_at,
            case when has_threads and turn = 0 then 1 else 0 end as comment_threads,
            lines as lines_at_review
        from requests_made
        cross join unnest(range(case when has_threads then 2 else 1 end)) as turns (turn)
        where is_reviewed
    """,
    "review_threads": """
        select repository, number, 'T' || change as thread_id, word32(reviewer) as author_key,
            'human' as author_kind, path, opened_at + (landed_at - opened_at) * 0.4 as opened_at,
            cast(dice(change, 'replies') % 4 as bigint) as replies
        from requests_made
        inner join (select change, min(path) as path from births_made group by change) as touched
            using (change)
        where is_reviewed and has_threads
    """,
    "deployments": """
        select 'D' || deployment as deployment_id, repository, service_name(team, place) as service,
            case when is_production then 'production' else 'staging' end as environment, sha,
            status, created_at, created_at as started_at,
            case when status <> 'cancelled' then finished_at end as finished_at,
            'automation' as deployed_by_kind, 'deploy' as kind, 'github' as source
        from deployments_made
    """,
    "deployment_commits": """
        select 'D' || deployment as deployment_id, repository, sha
        from deployments_made where chance(deployment, 'named') < 0.02
    """,
    "incidents": """
        select 'INC-' || deployment as incident_id, service_name(team, place) as service,
            case when severity < 0.03 then 'P1' when severity < 0.15 then 'P2'
                when severity < 0.5 then 'P3' else 'P4' end as severity_label,
            opened_at, after(opened_at, waiting(900, deployment, 'taken')) as acknowledged_at,
            after(opened_at, 900 + waiting(14400, deployment, 'solved')) as resolved_at,
            case when is_named then 'D' || deployment end as caused_by_deployment_id,
            chance(deployment, 'false') < 0.05 as is_false_alarm,
            chance(deployment, 'planned') < 0.02 as is_maintenance, 'pagerduty' as source
        from incidents_made where opened_at <= timestamp '$end'
    """,
    "ai_usage": """
        select 'U' || person || '-' || day || '-' || ordinal as usage_id,
            'claude_code' as source, person_key, 'claude' as tool,
            case when chance(person * 100000 + day * 10 + ordinal, 'model') < 0.8
                then 'claude-sonnet-4-5' else 'claude-opus-4-5' end as model,
            after(timestamp '$start', 86400 * day + 3600 * (8 + 2 * ordinal + person % 2))
                as bucket_started_at,
            1 as bucket_hours, 1 as sessions, requests, requests * 1200 as uncached_input_tokens,
            requests * 52000 as cache_read_tokens, requests * 4600 as cache_write_tokens,
            requests * 850 as output_tokens, round(requests * 0.0494, 4) as billed_usd,
            requests * 3 as suggested_lines, requests as accepted_lines, false as is_automated
        from (
            select *,
                1 + cast(dice(person * 100000 + day * 10 + ordinal, 'requests') % 40 as bigint)
                as requests
            from people_made
            cross join range($weeks * 7) as days (day)
            cross join range(5) as ordinals (ordinal)
            where has_tool and day % 7 < 5 and day >= 7 * tool_from_week
                -- A day of two to five buckets, and some days without.
                and chance(person * 1000 + day, 'works') < 0.98
                and ordinal < 2 + floor(4 * chance(person * 1000 + day, 'long'))
        ) as buckets
    """,
    "people": """
        select person_key, team_name(team) as team, 'engineer' as role,
            cast(null as date) as valid_from_on,
            case when person % 100 = 7 then date '$moved' end as valid_to_on, 'human' as kind
        from people_made
        union all
        -- One in a hundred moves to the next team.
        select person_key, team_name((team + 1) % $teams), 'engineer', date '$moved', null, 'human'
        from people_made where person % 100 = 7
    """,
    "identities": """
        select word32('alias of ' || person) as alias_key, person_key
        from people_made where person % 20 = 0
    """,
    "services": """
        select service_name(team, place) as service, repository,
            prefix(team, place, is_shared) as path_prefix, team_name(team) as team,
            'deployment' as delivery_unit, cast(1 + dice(team, place) % 3 as varchar) as tier
        from repositories_made cross join (values (0), (1)) as places (place)
    """,
    "product_metrics": """
        select service_name(team, 0) as service, 'conversion_rate' as metric,
            cast(timestamp '$start' as date) + cast(day as int) as measured_on,
            round(0.03 + 0.004 * chance(team * 1000 + day, 'value'), 5) as value,
            true as higher_is_better
        from repositories_made cross join range($weeks * 7) as days (day) where team % 10 = 0
    """,
    "costs": """
        select team_name(team) as team, month_start_on, category,
            case category when 'builders' then 100000.0 else 3000.0 end as amount_usd
        from repositories_made
        cross join (
            select cast(unnest(generate_series(
                date_trunc('month', timestamp '$start'), timestamp '$end', interval 1 month
            )) as date) as month_start_on
        ) as months
        cross join (values ('builders'), ('build_infrastructure')) as categories (category)
    """,
}


def write_company(scale: float, directory: Path) -> dict[str, int]:
    """Write the inputs of a company of 85,000 people times a factor.

    Parameters
    ----------
    scale : float
        The factor, above 0 and at most 10. The smallest company has two teams.
    directory : Path
        Where to write a Parquet file for each table of the contract; made if it is not there.

    Returns
    -------
    dict of str to int
        Rows by table.

    Raises
    ------
    ShipworthyError
        If the factor is out of its range, or the files cannot be written.
    """
    if not 0 < scale <= LARGEST:
        raise ShipworthyError(f"A scale of {scale} cannot be written: 0.0001 to {LARGEST} can.")
    teams = max(2, round(PEOPLE * scale / 8))
    numbers = {
        "people": teams * 8,
        "teams": teams,
        "sharing": max(1, teams // 50),
        "weeks": WEEKS,
        "start": START,
        "end": END,
        "moved": (START + timedelta(weeks=WEEKS * 2 // 5)).date(),
    }
    scratch = None
    try:
        directory.mkdir(parents=True, exist_ok=True)
        scratch = Path(tempfile.mkdtemp(prefix=".simulate-", dir=directory))
        with duckdb.connect(str(scratch / "company.duckdb")) as connection:
            connection.execute("set enable_progress_bar = false")
            connection.execute("set preserve_insertion_order = false")
            connection.execute(_MACROS)
            for name, query in _BASES:
                connection.execute(f"create table {name} as {_filled(query, numbers)}")
            rows = {
                name: _copied(connection, name, _filled(query, numbers), directory)
                for name, query in _TABLES.items()
            }
            rows["load_findings"] = _copied(connection, "load_findings", "", directory)
            rows["load_watermarks"] = _copied(
                connection, "load_watermarks", _watermarks(rows), directory
            )
    except (OSError, duckdb.Error) as error:
        reason = unwritable(error) or getattr(error, "strerror", None)
        if reason is None:
            raise
        raise ShipworthyError(f"{directory} cannot be written: {reason}.") from error
    finally:
        if scratch:
            shutil.rmtree(scratch, ignore_errors=True)
    return rows


def read_in_place(connection: duckdb.DuckDBPyConnection, directory: Path) -> None:
    """Let a warehouse read the Parquet files of a directory where they are.

    Each becomes a view in the raw schema, so that nothing is copied or checked: for files that keep
    the contract by construction, as those of `write_company` do.

    Parameters
    ----------
    connection : DuckDBPyConnection
        A database without the raw tables.
    directory : Path
        A file `<table>.parquet` for each table of the contract.

    Raises
    ------
    duckdb.Error
        If a file is missing, or the database has raw tables of its own.
    """
    connection.execute(f"create schema if not exists {RAW_SCHEMA}")
    for name in TABLES:
        path = str(directory.resolve() / f"{name}.parquet").replace("'", "''")
        connection.execute(
            f"create view {RAW_SCHEMA}.{name} as select * from read_parquet('{path}')"
        )


def _filled(query: str, numbers: dict) -> str:
    """Return a query with its numbers."""
    for name, value in numbers.items():
        query = query.replace(f"${name}", str(value))
    return query


def _copied(connection: duckdb.DuckDBPyConnection, name: str, query: str, directory: Path) -> int:
    """Write a table with all columns of the contract; return its number of rows."""
    columns = TABLES[name].columns
    nothing = ", ".join(f'cast(null as {kind}) as "{column}"' for column, kind in columns.items())
    typed = ", ".join(
        f'cast("{column}" as {kind}) as "{column}"' for column, kind in columns.items()
    )
    rows = f"select {nothing} where false" + (f" union all by name ({query})" if query else "")
    path = str(directory / f"{name}.parquet").replace("'", "''")
    [[count]] = connection.execute(
        f"copy (select {typed} from ({rows})) to '{path}' (format parquet, compression zstd)"
    ).fetchall()
    return count


def _watermarks(rows: dict[str, int]) -> str:
    """Return a query of watermarks: every source was read up to the end."""
    sources = {
        "repositories": "git",
        "commits": "git",
        "line_births": "git",
        "line_deaths": "git",
        "incidents": "pagerduty",
        "ai_usage": "claude_code",
        "people": "files",
        "identities": "files",
        "services": "files",
        "product_metrics": "files",
        "costs": "files",
        "load_findings": "files",
    }
    return " union all ".join(
        f"select '{name}' as input, '{sources.get(name, 'github')}' as source, "
        f"timestamp '{END}' as loaded_through, "
        f"timestamp '{END}' + interval 35 minute as loaded_at, "
        f'{count} as "rows", 0 as rejected_rows'
        for name, count in rows.items()
    )
