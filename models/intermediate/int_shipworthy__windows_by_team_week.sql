with

windows as (

    select * from {{ ref('shipworthy', 'int_shipworthy__team_windows') }}

),

-- A window in which next to nothing went live and nothing went wrong is no chance to fail.
final as (

    select
        team,
        week_start_on,
        sum(case when is_closed and is_counted then 1 else 0 end) as closed_windows,
        sum(case when is_closed and is_failed then 1 else 0 end) as failed_windows,
        sum(case when is_closed then failure_weight else 0.0 end) as failure_weight,
        sum(case when is_closed then harm_weight else 0.0 end) as harm_weight,
        sum(case when is_closed then harm_weight * harm_weight else 0.0 end) as harm_weight_squares,
        max(closed_at) as closed_at,
        min(case when is_closed then 1 else 0 end) as are_all_closed,
        max(last_evidence_at) as last_evidence_at

    from windows

    group by team, week_start_on

)

select * from final
