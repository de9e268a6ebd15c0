with

members as (

    select * from {{ ref('shipworthy', 'int_shipworthy__members_by_week') }}

    where is_human

),

builders_counted as (

    select * from {{ ref('shipworthy', 'int_shipworthy__builders_counted') }}

),

as_of as (

    select * from {{ ref('shipworthy', 'int_shipworthy__as_of') }}

),

-- Without people nobody is listed: who builds stands in.
final as (

    select
        team,
        week_start_on,
        cast(count(distinct person_key) as {{ dbt.type_bigint() }}) as builders

    from members

    group by team, week_start_on

    union all

    select
        builders_counted.team,
        builders_counted.week_start_on,
        builders_counted.builders

    from builders_counted

    cross join as_of

    where not as_of.has_people

)

select * from final
