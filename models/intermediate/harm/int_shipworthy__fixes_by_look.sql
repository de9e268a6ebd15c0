with

parts as (

    select * from {{ ref('shipworthy', 'int_shipworthy__fixes_seen') }}

),

fixes as (

    select
        team,
        is_organisation,
        week_start_on,
        window_weeks,
        repository,
        fixing_sha,
        sum(ai_lines) as ai_lines,
        sum(human_lines) as human_lines,
        sum(ai_capped_lines) as ai_capped_lines,
        sum(human_capped_lines) as human_capped_lines,
        max(fix_capped_lines) as fix_capped_lines

    from parts

    group by team, is_organisation, week_start_on, window_weeks, repository, fixing_sha

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
        sum(ai_capped_lines) as ai_capped_fixed_lines,
        sum(human_capped_lines) as human_capped_fixed_lines,
        {{ shipworthy.effective_changes('fix_capped_lines') }} as effective_fixes

    from fixes

    group by team, is_organisation, week_start_on, window_weeks

)

select * from final
