with

people as (

    select * from {{ ref('shipworthy', 'stg_shipworthy__people') }}

),

identities as (

    select * from {{ ref('shipworthy', 'stg_shipworthy__identities') }}

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

-- Members of any team on the Monday; without people, the authors of the four weeks that end with the week.
members as (

    select
        weeks.week_start_on,
        coalesce(identities.person_key, people.person_key) as person_key

    from weeks

    inner join people
        on
            (people.valid_from_on is null or people.valid_from_on <= weeks.week_start_on)
            and (people.valid_to_on is null or weeks.week_start_on < people.valid_to_on)

    left join identities
        on people.person_key = identities.alias_key

    where coalesce(people.kind, 'human') = 'human'

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

builders as (

    select * from members

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
