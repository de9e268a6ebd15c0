{#- A row describes one person: it is stored nowhere unless the user asks for it. -#}
{{ config(materialized=shipworthy.person_rows(), schema='restricted') }}

{%- set window_days = shipworthy.checked_variable('shipworthy__turnover_window_days') %}

with

spend as (

    select * from {{ ref('shipworthy', 'int_shipworthy__ai_spend_by_person') }}

),

lines_held as (

    select * from {{ ref('shipworthy', 'int_shipworthy__lines_held') }}

),

births as (

    select * from {{ ref('shipworthy', 'int_shipworthy__lines_born') }}

),

deaths as (

    select * from {{ ref('shipworthy', 'int_shipworthy__lines_died') }}

),

changes as (

    select * from {{ ref('shipworthy', 'int_shipworthy__changes_landed') }}

),

authors as (

    select * from {{ ref('shipworthy', 'int_shipworthy__authors_placed') }}

),

drivers as (

    select * from {{ ref('shipworthy', 'int_shipworthy__drivers_by_change') }}

),

releases as (

    select * from {{ ref('shipworthy', 'int_shipworthy__releases_scored') }}

),

as_of as (

    select * from {{ ref('shipworthy', 'int_shipworthy__as_of') }}

),

added as (

    select
        lines_held.service,
        lines_held.repository,
        lines_held.sha,
        births.author_sha,
        births.lines * births.held_line_weight as weighted_lines

    from lines_held

    inner join births
        on
            lines_held.service = births.service
            and lines_held.repository = births.repository
            and lines_held.sha = births.added_sha

    where
        births.authorship = 'ai'
        and births.is_counted
        and not births.is_moved

),

removed_again as (

    select
        lines_held.service,
        lines_held.repository,
        lines_held.sha,
        deaths.author_sha,
        -deaths.lines * deaths.held_line_weight as weighted_lines

    from lines_held

    inner join deaths
        on
            lines_held.service = deaths.service
            and lines_held.repository = deaths.repository
            and lines_held.sha = deaths.added_sha

    where
        deaths.authorship = 'ai'
        and deaths.is_counted
        and not deaths.birth_is_moved
        and not deaths.is_moved
        and deaths.removed_at < {{ shipworthy.add_days('lines_held.shipped_at', window_days) }}

),

-- Retired lines belong to the author of the change that retired them.
retired as (

    select
        lines_held.service,
        lines_held.repository,
        lines_held.sha,
        lines_held.sha as author_sha,
        deaths.lines * deaths.held_line_weight as weighted_lines

    from lines_held

    inner join deaths
        on
            lines_held.service = deaths.removal_service
            and lines_held.repository = deaths.repository
            and lines_held.sha = deaths.removed_sha

    where
        lines_held.authorship = 'ai'
        and deaths.is_counted
        and not deaths.is_moved
        and deaths.age_days >= {{ shipworthy.window('retired_after_days') }}

),

unlined as (

    select
        service,
        repository,
        sha,
        sha as author_sha,
        ai_held_lines as weighted_lines

    from lines_held

    where basis = 'shipped_lines'

),

parts as (

    select * from added

    union all

    select * from removed_again

    union all

    select * from retired

    union all

    select * from unlined

),

-- What each author wrote of a change, before the change's cap.
written as (

    select
        service,
        repository,
        sha,
        author_sha,
        sum(weighted_lines) as author_lines,
        sum(sum(weighted_lines)) over (partition by service, repository, sha) as change_lines

    from parts

    group by service, repository, sha, author_sha

),

lines_by_person as (

    select
        case when authors.author_kind = 'agent' then drivers.person_key else authors.person_key end as person_key,
        changes.landed_at,
        lines_held.release_id,
        sum(lines_held.ai_held_lines * written.author_lines / written.change_lines) as held_ai_lines

    from written

    inner join lines_held
        on
            written.service = lines_held.service
            and written.repository = lines_held.repository
            and written.sha = lines_held.sha

    inner join changes
        on
            written.repository = changes.repository
            and written.sha = changes.sha

    inner join authors
        on
            written.repository = authors.repository
            and written.sha = authors.change_sha
            and written.author_sha = authors.author_sha

    left join drivers
        on
            written.repository = drivers.repository
            and written.sha = drivers.sha

    where
        -- what is left of weights that are no whole multiples of each other is no line
        written.author_lines > 1e-9
        and written.change_lines > 1e-9

    group by
        case when authors.author_kind = 'agent' then drivers.person_key else authors.person_key end,
        changes.landed_at,
        lines_held.release_id

),

-- What a person spends in a week goes where their AI lines of that week and the next went live.
shared as (

    select
        spend.person_key,
        spend.week_start_on as spent_week_start_on,
        lines_by_person.release_id,
        sum(lines_by_person.held_ai_lines) as held_ai_lines,
        sum(sum(lines_by_person.held_ai_lines)) over (partition by spend.person_key, spend.week_start_on)
            as held_ai_lines_in_all,
        -- mature when every release that shares the spend is
        min(min(
            case
                when
                    releases.basis = 'held_lines'
                    and releases.closed_at <= as_of.as_of_at
                    and releases.turnover_window_ended_at <= as_of.as_of_at
                    then 1
                else 0
            end
        )) over (partition by spend.person_key, spend.week_start_on) as releases_are_mature,
        min(releases.team) as team,
        min(releases.week_start_on) as week_start_on

    from spend

    inner join lines_by_person
        on
            spend.person_key = lines_by_person.person_key
            and lines_by_person.landed_at >= cast(spend.week_start_on as timestamp)
            and lines_by_person.landed_at
            < {{ shipworthy.add_days('cast(spend.week_start_on as timestamp)', 14) }}

    inner join releases
        on lines_by_person.release_id = releases.release_id

    cross join as_of

    group by spend.person_key, spend.week_start_on, lines_by_person.release_id

),

final as (

    select
        spend.person_key,
        spend.week_start_on as spent_week_start_on,
        spend.team as spending_team,
        shared.release_id,
        coalesce(shared.team, spend.team) as team,
        coalesce(shared.week_start_on, spend.week_start_on) as week_start_on,
        shared.release_id is not null as is_shipped,
        cast(shared.held_ai_lines as {{ shipworthy.type_double() }}) as held_ai_lines,
        cast(
            case
                when shared.release_id is null then spend.spend_usd
                else spend.spend_usd * shared.held_ai_lines / shared.held_ai_lines_in_all
            end as {{ shipworthy.type_double() }}
        ) as spend_usd,
        spend.buckets_without_price = 0 as is_complete,
        coalesce(shared.releases_are_mature, 1) = 1
        and {{ shipworthy.add_days('cast(spend.week_start_on as timestamp)', 14) }} <= as_of.as_of_at as is_mature

    from spend

    cross join as_of

    left join shared
        on
            spend.person_key = shared.person_key
            and spend.week_start_on = shared.spent_week_start_on
            and shared.held_ai_lines > 0

    where
        spend.spend_usd is not null
        or spend.buckets_without_price > 0

)

select * from final
