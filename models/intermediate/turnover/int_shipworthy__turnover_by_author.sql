{{ config(materialized=shipworthy.person_rows(), schema='restricted') }}

{%- set window_days = shipworthy.checked_variable('shipworthy__turnover_window_days') %}

with

changes as (

    select * from {{ ref('shipworthy', 'int_shipworthy__turnover_by_change') }}

    where
        age_days >= {{ window_days }}
        and watched_days >= {{ window_days }}

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

sided as (

    select
        'authorship' as comparison,
        written.authorship as side,
        written.*

    from written

    union all

    select
        'usage' as comparison,
        usage_side as side,
        written.*

    from written

    where usage_side is not null

),

-- Rows of a team count for the team and for the organisation, which is computed from changes like a team. A change that
-- stands in several rows (services, teams) is one unit here.
parts as (

    select
        sided.comparison,
        {{ shipworthy.team_or_all('sided.team') }} as team,
        scopes.is_organisation,
        sided.week_start_on,
        sided.repository,
        sided.side,
        sided.added_sha,
        sided.person_key,
        sum(sided.lines_added) as lines_added,
        sum(sided.lines_removed) as lines_removed,
        sum(sided.tagged_lines) as tagged_lines

    from sided

    cross join scopes

    group by
        sided.comparison,
        {{ shipworthy.team_or_all('sided.team') }},
        scopes.is_organisation,
        sided.week_start_on,
        sided.repository,
        sided.side,
        sided.added_sha,
        sided.person_key

),

measured as (

    select
        *,
        sum(lines_added) over (
            partition by comparison, team, is_organisation, repository, side, added_sha
        ) as change_lines

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
        comparison,
        team,
        is_organisation,
        week_start_on,
        repository,
        side,
        person_key,
        cast(sum(lines_added) as {{ dbt.type_bigint() }}) as lines_added,
        cast(sum(lines_removed) as {{ dbt.type_bigint() }}) as lines_removed,
        cast(sum(tagged_lines) as {{ dbt.type_bigint() }}) as tagged_lines,
        sum(capped_lines_added) as capped_lines_added,
        sum(capped_lines_removed) as capped_lines_removed,
        sum(capped_lines_added * capped_change_lines) as squared_lines

    from capped

    group by comparison, team, is_organisation, week_start_on, repository, side, person_key

),

-- Millions of rows follow, and numbers are compared faster than names.
sides as (

    select
        comparison,
        team,
        is_organisation,
        repository,
        side,
        row_number() over (order by comparison, team, is_organisation, repository, side) as side_number

    from authored

    group by comparison, team, is_organisation, repository, side

),

people as (

    select
        person_key,
        row_number() over (order by person_key) as person_number

    from authored

    group by person_key

),

final as (

    select
        authored.*,
        sides.side_number,
        people.person_number

    from authored

    inner join sides
        on
            authored.comparison = sides.comparison
            and authored.team = sides.team
            and authored.is_organisation = sides.is_organisation
            and authored.repository = sides.repository
            and authored.side = sides.side

    inner join people
        on authored.person_key = people.person_key

)

select * from final
