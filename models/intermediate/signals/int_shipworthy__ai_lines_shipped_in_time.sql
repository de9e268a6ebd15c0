{#- A row describes one person: it is stored nowhere unless the user asks for it. -#}
{{ config(materialized=shipworthy.person_rows(), schema='restricted') }}

with

births as (

    select * from {{ ref('shipworthy', 'int_shipworthy__lines_born') }}

),

authors as (

    select * from {{ ref('shipworthy', 'int_shipworthy__authors_placed') }}

),

drivers as (

    select * from {{ ref('shipworthy', 'int_shipworthy__drivers_by_change') }}

),

put_live as (

    select * from {{ ref('shipworthy', 'int_shipworthy__changes_put_live') }}

),

shipped as (

    select
        service,
        repository,
        sha,
        deployed_at as shipped_at

    from put_live

    where is_shipped

),

-- The person behind an agent's lines drove it or merged its request.
ai_lines_shipped as (

    select
        case when authors.author_kind = 'agent' then drivers.person_key else authors.person_key end as person_key,
        births.landed_at,
        shipped.shipped_at,
        births.lines

    from births

    inner join shipped
        on
            births.service = shipped.service
            and births.repository = shipped.repository
            and births.added_sha = shipped.sha

    inner join authors
        on
            births.repository = authors.repository
            and births.added_sha = authors.change_sha
            and births.author_sha = authors.author_sha

    left join drivers
        on
            births.repository = drivers.repository
            and births.added_sha = drivers.sha

    where
        births.is_counted
        and not births.is_moved
        and births.authorship = 'ai'

),

-- In time for each Monday from the first after the fourteenth day before the shipping to the last before the landing.
counted as (

    select
        person_key,
        {{ shipworthy.weeks_between(
            shipworthy.weeks_before(
                shipworthy.week_start_on(shipworthy.add_days('shipped_at', -14)), -1
            ),
            shipworthy.week_start_on('landed_at')
        ) | indent(8) }} as week_start_on,
        lines

    from ai_lines_shipped

    where person_key is not null

),

final as (

    select
        person_key,
        week_start_on,
        sum(lines) as lines

    from counted

    group by person_key, week_start_on

)

select * from final
