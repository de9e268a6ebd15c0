-- Guards shipworthy__ai_cost: spend that found no release, or two, would make AI look cheaper or dearer than it was.
-- To the cent: person by person and week, and what vendors billed against the rows of the mart.
with

spend as (

    select * from {{ ref('shipworthy', 'int_shipworthy__ai_spend_by_person') }}

),

allocated as (

    select
        person_key,
        spent_week_start_on,
        sum(spend_usd) as spend_usd

    from {{ ref('shipworthy', 'int_shipworthy__ai_spend_allocated') }}

    group by person_key, spent_week_start_on

),

-- what two sources saw counts once
usage_billed as (

    select sum(billed_usd) as billed_usd

    from {{ ref('shipworthy', 'int_shipworthy__ai_usage_counted') }}

    where is_counted

),

spend_in_all as (

    select
        sum(billed_usd) as billed_usd,
        sum(spend_usd) as spend_usd

    from spend

),

organisation as (

    select
        sum(billed_usd) as billed_usd,
        sum(ai_spend_usd) as ai_spend_usd,
        sum(coalesce(allocated_spend_usd, 0.0) + coalesce(unshipped_spend_usd, 0.0)) as arrived_usd

    from {{ ref('shipworthy', 'shipworthy__ai_cost') }}

    where is_organisation

    -- one week that is hidden leaves nothing to compare
    having count(case when is_suppressed then 1 end) = 0

),

compared as (

    select
        'allocated and unshipped, of a person and week' as what,
        allocated.spend_usd as found_usd,
        spend.spend_usd as expected_usd

    from spend

    left join allocated
        on
            spend.person_key is not distinct from allocated.person_key
            and spend.week_start_on = allocated.spent_week_start_on

    union all

    select
        'billed, in all' as what,
        spend_in_all.billed_usd as found_usd,
        usage_billed.billed_usd as expected_usd

    from spend_in_all

    cross join usage_billed

    union all

    select
        'billed, in the mart' as what,
        organisation.billed_usd as found_usd,
        usage_billed.billed_usd as expected_usd

    from organisation

    cross join usage_billed

    union all

    select
        'spent, in the mart' as what,
        organisation.ai_spend_usd as found_usd,
        spend_in_all.spend_usd as expected_usd

    from organisation

    cross join spend_in_all

    union all

    select
        'allocated and unshipped, in the mart' as what,
        organisation.arrived_usd as found_usd,
        spend_in_all.spend_usd as expected_usd

    from organisation

    cross join spend_in_all

    -- without line births nobody knows where it arrived, and the mart says so
    inner join {{ ref('shipworthy', 'int_shipworthy__as_of') }} as as_of
        on as_of.has_line_births

)

select *

from compared

where (abs(coalesce(found_usd, 0.0) - coalesce(expected_usd, 0.0)) < 0.005) is not true
