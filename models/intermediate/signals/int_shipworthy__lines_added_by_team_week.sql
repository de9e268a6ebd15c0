with

births as (

    select * from {{ ref('shipworthy', 'int_shipworthy__lines_born') }}

),

final as (

    select
        team,
        {{ shipworthy.week_start_on('landed_at') }} as week_start_on,
        cast(sum(lines) as {{ dbt.type_bigint() }}) as lines_added,
        cast(sum(case when recorded_authorship = 'ai' then lines else 0 end) as {{ dbt.type_bigint() }})
            as ai_tagged_lines,
        cast(sum(case when is_refilled then lines else 0 end) as {{ dbt.type_bigint() }}) as refilled_lines,
        cast(sum(case when is_refilled is not null then lines else 0 end) as {{ dbt.type_bigint() }})
            as lines_compared

    from births

    where
        is_counted
        and not is_moved

    group by team, {{ shipworthy.week_start_on('landed_at') }}

)

select * from final
