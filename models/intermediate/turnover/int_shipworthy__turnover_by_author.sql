{{ config(materialized=shipworthy.person_rows(), schema='restricted') }}

{%- set window_days = shipworthy.checked_variable('shipworthy__turnover_window_days') %}

with

changes as (

    select * from {{ ref('shipworthy', 'int_shipworthy__turnover_by_change') }}

    where age_days >= {{ window_days }} and watched_days >= {{ window_days }}

),

authors as (

    select * from {{ ref('shipworthy', 'int_shipworthy__authors_placed') }}

),

ai_usage as (

    select * from {{ ref('shipworthy', 'stg_shipworthy__ai_usage') }}

),

as_of as (

    select * from {{ ref('shipworthy', 'int_shipworthy__as_of') }}

),

scopes as (

    {{ shipworthy.team_and_organisation() | indent(4) }}

),

-- Before the first usage that is loaded, and after the last that was read, nobody knows who used AI.
usage_known as (

    select
        {{ shipworthy.add_days('min(ai_usage.bucket_started_at)', 7) }} as known_from,
        min(as_of.ai_usage_known_through) as known_through

    from ai_usage

    cross join as_of

),

-- Whose author nobody knows is an author of its own.
written as (

    select
        changes.*,
        coalesce(authors.person_key, changes.repository || ' ' || changes.author_sha) as person_key,
        case
            when
                authors.author_kind = 'human'
                and authors.person_key is not null
                and changes.landed_at >= usage_known.known_from
                and changes.landed_at <= usage_known.known_through
                then case when authors.used_ai_before_landing then 'user' else 'other' end
        end as usage_side

    from changes

    cross join usage_known

    left join authors
        on
            changes.repository = authors.repository
            and changes.added_sha = authors.change_sha
            and changes.author_sha = authors.author_sha

),

people as (

    select
        person_key,
        row_number() over (order by person_key) as person_number

    from written

    group by person_key

),

sided as (

    select
        'authorship' as comparison,
        authorship as side,
        *

    from written

    union all

    select
        'usage' as comparison,
        usage_side as side,
        *

    from written

    where usage_side is not null

),

-- Rows count for the team and for the organisation alike. Millions follow, and numbers are compared faster than names.
sides as (

    select
        sided.comparison,
        sided.team as own_team,
        {{ shipworthy.team_or_all('sided.team') }} as team,
        scopes.is_organisation,
        sided.repository,
        sided.side,
        dense_rank() over (
            order by
                sided.comparison, {{ shipworthy.team_or_all('sided.team') }}, scopes.is_organisation,
                sided.repository, sided.side
        ) as side_number

    from sided

    cross join scopes

    group by sided.comparison, sided.team, scopes.is_organisation, sided.repository, sided.side

),

-- A change that stands in several rows (services, teams) is one unit here.
parts as (

    select
        sides.side_number,
        sided.week_start_on,
        sided.added_sha,
        people.person_number,
        sum(sided.lines_added) as lines_added,
        sum(sided.lines_removed) as lines_removed,
        sum(sided.tagged_lines) as tagged_lines

    from sided

    inner join people
        on sided.person_key = people.person_key

    inner join sides
        on
            sided.comparison = sides.comparison
            and sided.team = sides.own_team
            and sided.repository = sides.repository
            and sided.side = sides.side

    group by sides.side_number, sided.week_start_on, sided.added_sha, people.person_number

),

measured as (

    select
        *,
        sum(lines_added) over (partition by side_number, added_sha) as change_lines

    from parts

),

capped as (

    select
        *,
        {{ shipworthy.capped_lines('lines_added', 'change_lines') }} as capped_lines_added,
        {{ shipworthy.capped_lines('lines_removed', 'change_lines') }} as capped_lines_removed,
        {{ shipworthy.capped_lines('change_lines', 'change_lines') }} as capped_change_lines

    from measured

),

-- The squares of a change's parts, each with the whole change, add up to the square of the change.
authored as (

    select
        side_number,
        week_start_on,
        person_number,
        cast(sum(lines_added) as {{ dbt.type_bigint() }}) as lines_added,
        cast(sum(lines_removed) as {{ dbt.type_bigint() }}) as lines_removed,
        cast(sum(tagged_lines) as {{ dbt.type_bigint() }}) as tagged_lines,
        sum(capped_lines_added) as capped_lines_added,
        sum(capped_lines_removed) as capped_lines_removed,
        sum(capped_lines_added * capped_change_lines) as squared_lines

    from capped

    group by side_number, week_start_on, person_number

),

side_names as (

    select distinct
        side_number,
        comparison,
        team,
        is_organisation,
        repository,
        side

    from sides

),

final as (

    select
        side_names.comparison,
        side_names.team,
        side_names.is_organisation,
        authored.week_start_on,
        side_names.repository,
        side_names.side,
        people.person_key,
        authored.lines_added,
        authored.lines_removed,
        authored.tagged_lines,
        authored.capped_lines_added,
        authored.capped_lines_removed,
        authored.squared_lines,
        authored.side_number,
        authored.person_number

    from authored

    inner join side_names
        on authored.side_number = side_names.side_number

    inner join people
        on authored.person_number = people.person_number

)

select * from final
