with

births as (

    select * from {{ ref('shipworthy', 'int_shipworthy__lines_born') }}

),

by_change as (

    select
        team,
        {{ shipworthy.week_start_on('landed_at') }} as week_start_on,
        repository,
        added_sha,
        sum(lines) as lines_added,
        sum(case when recorded_authorship = 'ai' then lines else 0 end) as ai_tagged_lines,
        sum(case when is_refilled then lines else 0 end) as refilled_lines,
        sum(case when is_refilled is not null then lines else 0 end) as lines_compared

    from births

    where
        is_counted
        and not is_moved

    group by team, {{ shipworthy.week_start_on('landed_at') }}, repository, added_sha

),

final as (

    select
        team,
        week_start_on,
        cast(sum(lines_added) as {{ dbt.type_bigint() }}) as lines_added,
        cast(sum(ai_tagged_lines) as {{ dbt.type_bigint() }}) as ai_tagged_lines,
        cast(sum(least(ai_tagged_lines, {{ var('shipworthy__turnover_line_cap') }})) as {{ dbt.type_bigint() }})
            as ai_tagged_lines_capped,
        cast(sum(refilled_lines) as {{ dbt.type_bigint() }}) as refilled_lines,
        cast(sum(lines_compared) as {{ dbt.type_bigint() }}) as lines_compared

    from by_change

    group by team, week_start_on

)

select * from final
