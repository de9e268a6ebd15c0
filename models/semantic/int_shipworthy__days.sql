with

weeks as (

    select * from {{ ref('shipworthy', 'int_shipworthy__weeks') }}

),

days_of_a_week as (

    select {{ shipworthy.numbers_up_to(6) }} as day_number

),

final as (

    select
        cast(
            {{ shipworthy.add_days('cast(weeks.week_start_on as timestamp)', 'days_of_a_week.day_number') }} as date
        ) as date_day

    from weeks

    cross join days_of_a_week

)

select * from final
