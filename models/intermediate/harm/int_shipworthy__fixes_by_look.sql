with

looks as (

    select * from {{ ref('shipworthy', 'int_shipworthy__harm_by_look') }}

),

releases as (

    select * from {{ ref('shipworthy', 'int_shipworthy__releases_scored') }}

    where immature_reason is null

),

fixed_lines as (

    select * from {{ ref('shipworthy', 'int_shipworthy__fixed_lines') }}

),

scopes as (

    {{ shipworthy.team_and_organisation() | indent(4) }}

),

fixed_by_week as (

    select
        {{ shipworthy.team_or_all('releases.team') }} as team,
        scopes.is_organisation,
        releases.week_start_on,
        {{ shipworthy.weeks_looking_back(
            'releases.week_start_on', shipworthy.window('looks') | max
        ) | indent(8) }} as look_week_start_on,
        fixed_lines.repository,
        fixed_lines.fixing_sha,
        fixed_lines.ai_lines,
        fixed_lines.human_lines

    from fixed_lines

    inner join releases
        on fixed_lines.release_id = releases.release_id

    cross join scopes

),

-- A fix is one unit, of however many releases it removes lines.
fixes as (

    select
        looks.team,
        looks.is_organisation,
        looks.week_start_on,
        looks.window_weeks,
        sum(fixed_by_week.ai_lines) as ai_lines,
        sum(fixed_by_week.human_lines) as human_lines,
        sum(fixed_by_week.ai_lines + fixed_by_week.human_lines) as lines

    from looks

    inner join fixed_by_week
        on
            looks.team = fixed_by_week.team
            and looks.is_organisation = fixed_by_week.is_organisation
            and looks.week_start_on = fixed_by_week.look_week_start_on
            and looks.window_start_on <= fixed_by_week.week_start_on

    group by
        looks.team,
        looks.is_organisation,
        looks.week_start_on,
        looks.window_weeks,
        fixed_by_week.repository,
        fixed_by_week.fixing_sha

),

fixes_capped as (

    select
        *,
        {{ shipworthy.capped_lines('ai_lines', 'lines') }} as capped_ai_lines,
        {{ shipworthy.capped_lines('human_lines', 'lines') }} as capped_human_lines,
        {{ shipworthy.capped_lines('lines', 'lines') }} as capped_lines

    from fixes

),

final as (

    select
        team,
        is_organisation,
        week_start_on,
        window_weeks,
        cast(count(*) as {{ dbt.type_bigint() }}) as fixes,
        cast(sum(ai_lines) as {{ dbt.type_bigint() }}) as ai_fixed_lines,
        cast(sum(human_lines) as {{ dbt.type_bigint() }}) as human_fixed_lines,
        sum(capped_ai_lines) as ai_capped_fixed_lines,
        sum(capped_human_lines) as human_capped_fixed_lines,
        {{ shipworthy.effective_changes('capped_lines') }} as effective_fixes

    from fixes_capped

    group by team, is_organisation, week_start_on, window_weeks

)

select * from final
