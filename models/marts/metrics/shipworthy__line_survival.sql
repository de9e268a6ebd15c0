{{ config(alias='line_survival') }}

{%- set last_day = var('shipworthy__survival_days') %}
{#- A change that was put on record later than its repository's watermark says has been watched up to its landing. -#}
{%- set watched_until = 'greatest(births.landed_at, least(as_of.as_of_at, repositories_known.code_known_through))' %}
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

births as (

    select * from {{ ref('shipworthy', 'int_shipworthy__lines_born') }}

),

deaths as (

    select * from {{ ref('shipworthy', 'int_shipworthy__lines_died') }}

),

repositories_known as (

    select * from {{ ref('shipworthy', 'int_shipworthy__repositories_known') }}

),

as_of as (

    select * from {{ ref('shipworthy', 'int_shipworthy__as_of') }}

),

added as (

    select
        births.repository,
        births.added_sha,
        births.authorship,
        {{ shipworthy.quarter_start_on('births.landed_at') }} as quarter_start_on,
        {{ shipworthy.age_days('births.landed_at', watched_until) }} as age_days,
        sum(births.lines) as lines

    from births

    cross join as_of

    left join repositories_known
        on births.repository = repositories_known.repository

    where
        births.is_counted
        and not births.is_moved

    group by
        births.repository,
        births.added_sha,
        births.authorship,
        births.landed_at,
        as_of.as_of_at,
        repositories_known.code_known_through

),

gone as (

    select
        repository,
        added_sha,
        authorship,
        {{ shipworthy.quarter_start_on('landed_at') }} as quarter_start_on,
        age_days,
        is_moved,
        sum(lines) as lines

    from deaths

    where
        is_counted
        and not birth_is_moved

    group by repository, added_sha, authorship, landed_at, age_days, is_moved

),

gone_by_change as (

    select
        repository,
        added_sha,
        authorship,
        sum(lines) as lines

    from gone

    group by repository, added_sha, authorship

),

-- How each line's observation ended: removed, moved away (censored), or alive when last seen (censored).
ends as (

    select
        quarter_start_on,
        authorship,
        age_days,
        case when is_moved then 0 else lines end as removed,
        case when is_moved then lines else 0 end as censored

    from gone

    union all

    select
        added.quarter_start_on,
        added.authorship,
        added.age_days,
        0 as removed,
        added.lines - coalesce(gone_by_change.lines, 0) as censored

    from added

    left join gone_by_change
        on
            added.repository = gone_by_change.repository
            and added.added_sha = gone_by_change.added_sha
            and added.authorship = gone_by_change.authorship

),

ends_by_age as (

    select
        quarter_start_on,
        authorship,
        age_days,
        sum(removed) as removed,
        sum(censored) as censored

    from ends

    group by quarter_start_on, authorship, age_days

),

-- Changes old enough to be seen at an age, as an effective sample.
capped as (

    select
        quarter_start_on,
        authorship,
        age_days,
        {{ shipworthy.capped_lines('lines', 'lines') }} as capped_lines

    from added

),

capped_by_age as (

    select
        quarter_start_on,
        authorship,
        age_days,
        sum(capped_lines) as capped_lines,
        sum(capped_lines * capped_lines) as squared_capped_lines

    from capped

    group by quarter_start_on, authorship, age_days

),

-- A curve ends at the age of its oldest change.
curves as (

    select
        quarter_start_on,
        authorship,
        max(age_days) as oldest_age_days

    from added

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

    from ends_by_age

    union distinct

    select
        quarter_start_on,
        authorship,
        age_days

    from capped_by_age

),

counted as (

    select
        grid.quarter_start_on,
        grid.authorship,
        grid.age_days,
        coalesce(ends_by_age.removed, 0) as removed,
        coalesce(ends_by_age.censored, 0) as censored,
        sum(coalesce(ends_by_age.removed, 0) + coalesce(ends_by_age.censored, 0)) over {{ older }} as at_risk,
        sum(coalesce(capped_by_age.capped_lines, 0.0)) over {{ older }} as capped_lines,
        sum(coalesce(capped_by_age.squared_capped_lines, 0.0)) over {{ older }} as squared_capped_lines

    from grid

    left join ends_by_age
        on
            grid.quarter_start_on = ends_by_age.quarter_start_on
            and grid.authorship = ends_by_age.authorship
            and grid.age_days = ends_by_age.age_days

    left join capped_by_age
        on
            grid.quarter_start_on = capped_by_age.quarter_start_on
            and grid.authorship = capped_by_age.authorship
            and grid.age_days = capped_by_age.age_days

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
