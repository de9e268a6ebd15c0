with

members as (

    select * from {{ ref('shipworthy', 'int_shipworthy__members_by_week') }}

    where is_human

),

changes as (

    select * from {{ ref('shipworthy', 'int_shipworthy__changes_landed') }}

),

as_of as (

    select * from {{ ref('shipworthy', 'int_shipworthy__as_of') }}

),

weeks as (

    select * from {{ ref('shipworthy', 'int_shipworthy__weeks') }}

),

authors as (

    select
        weeks.week_start_on,
        changes.person_key

    from weeks

    inner join changes
        on
            {{ shipworthy.week_start_on('changes.landed_at') }} <= weeks.week_start_on
            and {{ shipworthy.week_start_on('changes.landed_at') }}
            > cast({{ shipworthy.add_days('cast(weeks.week_start_on as timestamp)', -28) }} as date)

    cross join as_of

    where
        changes.author_kind = 'human'
        and not as_of.has_people

),

-- Members of any team on the Monday; without people, the authors of the four weeks that end with the week.
builders as (

    select
        week_start_on,
        person_key

    from members

    union all

    select * from authors

),

final as (

    select
        week_start_on,
        cast(count(distinct person_key) as {{ dbt.type_bigint() }}) as builders

    from builders

    group by week_start_on

)

select * from final
