{#- A row describes one person: it is stored nowhere unless the user asks for it. -#}
{{ config(materialized=shipworthy.person_rows(), schema='restricted') }}

with

spend as (

    select * from {{ shipworthy.read_person_rows('int_shipworthy__ai_spend_by_person') }}

),

held_lines as (

    select * from {{ ref('shipworthy', 'int_shipworthy__held_lines_by_author') }}

    where authorship = 'ai'

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

lines_by_person as (

    select
        case when authors.author_kind = 'agent' then drivers.person_key else authors.person_key end as person_key,
        changes.landed_at,
        held_lines.release_id,
        sum(held_lines.held_lines) as held_ai_lines

    from held_lines

    inner join changes
        on
            held_lines.repository = changes.repository
            and held_lines.sha = changes.sha

    inner join authors
        on
            held_lines.repository = authors.repository
            and held_lines.sha = authors.change_sha
            and held_lines.author_sha = authors.author_sha

    left join drivers
        on
            held_lines.repository = drivers.repository
            and held_lines.sha = drivers.sha

    group by
        case when authors.author_kind = 'agent' then drivers.person_key else authors.person_key end,
        changes.landed_at,
        held_lines.release_id

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
        max(max(releases.immature_reason)) over (partition by spend.person_key, spend.week_start_on)
            as immature_reason,
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
        greatest(
            shared.immature_reason,
            {{ shipworthy.immature_reason(
                shipworthy.add_days('cast(spend.week_start_on as timestamp)', 14),
                'as_of.as_of_at',
                'as_of.ai_usage_known_through'
            ) | indent(12) }}
        ) as immature_reason

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
