{#- A row describes one person: it is stored nowhere unless the user asks for it. -#}
{{ config(materialized=shipworthy.person_rows(), schema='restricted') }}

with

spend as (

    select * from {{ shipworthy.read_person_rows('int_shipworthy__ai_spend_by_person') }}

),

shipped as (

    select * from {{ ref('shipworthy', 'int_shipworthy__changes_shipped') }}

),

held_line_parts as (

    select * from {{ ref('shipworthy', 'int_shipworthy__held_line_parts') }}

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

-- What each author wrote of a change with AI, before the change's cap.
written as (

    select
        service,
        repository,
        sha,
        author_sha,
        weighted_lines as author_lines,
        sum(weighted_lines) over (partition by service, repository, sha) as change_lines

    from held_line_parts

    where authorship = 'ai'

),

lines_by_person as (

    select
        case when authors.author_kind = 'agent' then drivers.person_key else authors.person_key end as person_key,
        changes.landed_at,
        shipped.release_id,
        sum(shipped.ai_held_lines * written.author_lines / written.change_lines) as held_ai_lines

    from written

    inner join shipped
        on
            written.service = shipped.service
            and written.repository = shipped.repository
            and written.sha = shipped.sha

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
        shipped.release_id

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
