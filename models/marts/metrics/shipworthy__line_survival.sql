{{ config(alias='line_survival') }}

{%- set last_day = var('shipworthy__survival_days') %}
{%- set older -%}
    (
        partition by grid.quarter_start_on, grid.authorship
        order by grid.age_days desc
        rows between unbounded preceding and current row
    )
{%- endset %}
{%- set earlier -%}
    (
        partition by quarter_start_on, authorship
        order by age_days
        rows between unbounded preceding and 1 preceding
    )
{%- endset %}

with

lines_observed as (

    select * from {{ ref('shipworthy', 'int_shipworthy__lines_observed') }}

),

-- A curve ends at the age of its oldest change.
curves as (

    select
        quarter_start_on,
        authorship,
        max(age_days) as oldest_age_days

    from lines_observed

    where changes > 0

    group by quarter_start_on, authorship

),

ages as (

    select {{ shipworthy.numbers_up_to(last_day) }} as age_days

),

grid as (

    select
        curves.quarter_start_on,
        curves.authorship,
        ages.age_days

    from curves

    inner join ages
        on curves.oldest_age_days >= ages.age_days

    union distinct

    {#- Ends beyond the last day still are at risk on it. #}
    select
        quarter_start_on,
        authorship,
        age_days

    from lines_observed

),

-- Lines, and changes as an effective sample, that are old enough to be seen at an age.
counted as (

    select
        grid.quarter_start_on,
        grid.authorship,
        grid.age_days,
        coalesce(lines_observed.removed, 0) as removed,
        coalesce(lines_observed.censored, 0) as censored,
        sum(coalesce(lines_observed.removed, 0) + coalesce(lines_observed.censored, 0)) over {{ older }} as at_risk,
        sum(coalesce(lines_observed.capped_lines, 0.0)) over {{ older }} as capped_lines,
        sum(coalesce(lines_observed.squared_capped_lines, 0.0)) over {{ older }} as squared_capped_lines

    from grid

    left join lines_observed
        on
            grid.quarter_start_on = lines_observed.quarter_start_on
            and grid.authorship = lines_observed.authorship
            and grid.age_days = lines_observed.age_days

),

-- The product over earlier ages as a sum of logarithms; an age that removed every line ends the curve at 0.
survived as (

    select
        *,
        coalesce(
            max(case when removed = at_risk and at_risk > 0 then 1 else 0 end) over {{ earlier }},
            0
        ) as is_extinct,
        coalesce(
            sum(
                case
                    when at_risk > removed
                        then ln(1 - cast(removed as {{ shipworthy.type_double() }}) / at_risk)
                    else 0.0
                end
            ) over {{ earlier }},
            0.0
        ) as log_survival

    from counted

),

curve as (

    select
        *,
        case when is_extinct = 1 then 0.0 else exp(log_survival) end as survival,
        capped_lines * capped_lines / nullif(squared_capped_lines, 0) as effective_changes

    from survived

),

final as (

    select
        curve.quarter_start_on,
        curve.authorship,
        curve.age_days,
        cast(curve.at_risk as {{ dbt.type_bigint() }}) as at_risk,
        cast(curve.removed as {{ dbt.type_bigint() }}) as removed,
        cast(curve.censored as {{ dbt.type_bigint() }}) as censored,
        cast(curve.survival as {{ shipworthy.type_double() }}) as survival,
        cast(
            {{ shipworthy.wilson_low('curve.survival', 'curve.effective_changes') }}
            as {{ shipworthy.type_double() }}
        ) as survival_low,
        cast(
            {{ shipworthy.wilson_high('curve.survival', 'curve.effective_changes') }}
            as {{ shipworthy.type_double() }}
        ) as survival_high,
        curve.effective_changes

    from curve

    inner join curves
        on
            curve.quarter_start_on = curves.quarter_start_on
            and curve.authorship = curves.authorship
            and curve.age_days <= curves.oldest_age_days

    where curve.age_days <= {{ last_day }}

)

select * from final
