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
        fixed_lines.added_sha,
        fixed_lines.author_sha,
        fixed_lines.fixing_sha,
        fixed_lines.ai_lines,
        fixed_lines.human_lines

    from fixed_lines

    inner join releases
        on fixed_lines.release_id = releases.release_id

    cross join scopes

),

parts as (

    select
        looks.team,
        looks.is_organisation,
        looks.week_start_on,
        looks.window_weeks,
        fixed_by_week.repository,
        fixed_by_week.fixing_sha,
        fixed_by_week.added_sha,
        fixed_by_week.author_sha,
        sum(fixed_by_week.ai_lines) as ai_lines,
        sum(fixed_by_week.human_lines) as human_lines

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
        fixed_by_week.fixing_sha,
        fixed_by_week.added_sha,
        fixed_by_week.author_sha

),

-- A fix is one unit, of however many releases it removes lines.
measured as (

    select
        *,
        sum(ai_lines + human_lines) over (
            partition by team, is_organisation, week_start_on, window_weeks, repository, fixing_sha
        ) as fix_lines

    from parts

),

final as (

    select
        team,
        is_organisation,
        week_start_on,
        window_weeks,
        repository,
        fixing_sha,
        added_sha,
        author_sha,
        ai_lines,
        human_lines,
        {{ shipworthy.capped_lines('ai_lines', 'fix_lines') }} as ai_capped_lines,
        {{ shipworthy.capped_lines('human_lines', 'fix_lines') }} as human_capped_lines,
        {{ shipworthy.capped_lines('fix_lines', 'fix_lines') }} as fix_capped_lines

    from measured

)

select * from final
