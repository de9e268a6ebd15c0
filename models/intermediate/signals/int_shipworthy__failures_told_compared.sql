{#- How much of its failures a team hides: the last quarter beside its baseline and beside the other teams. -#}

with

judged as (

    select * from {{ ref('shipworthy', 'int_shipworthy__team_weeks_judged') }}

    where is_shipping

),

failures_told as (

    select * from {{ ref('shipworthy', 'int_shipworthy__failures_told') }}

),

kinds as (

    select 'unfiled_failures' as what

    union all

    select 'dismissed_incidents' as what

),

team_weeks as (

    select
        kinds.what,
        judged.team,
        judged.week_start_on,
        coalesce(failures_told.told, 0) as told,
        coalesce(failures_told.hidden, 0) as hidden,
        {{ shipworthy.baseline_place(
            'judged.is_shipping_final', 'kinds.what, judged.team', 'judged.week_start_on'
        ) | indent(8) }} as place

    from judged

    cross join kinds

    left join failures_told
        on
            kinds.what = failures_told.what
            and judged.team = failures_told.team
            and judged.week_start_on = failures_told.week_start_on

),

baselines as (

    select
        what,
        team,
        max(week_start_on) as complete_on,
        {{ shipworthy.safe_ratio('sum(hidden)', 'sum(told)') }} as hidden_share

    from team_weeks

    where place <= {{ shipworthy.window('baseline_weeks') }}

    group by what, team

    having count(*) = {{ shipworthy.window('baseline_weeks') }}

),

organisation_weeks as (

    select
        what,
        week_start_on,
        sum(told) as told,
        sum(hidden) as hidden

    from team_weeks

    group by what, week_start_on

),

looked_back_on as (

    select
        team_weeks.what,
        team_weeks.team,
        {{ shipworthy.weeks_looking_back(
            'team_weeks.week_start_on', shipworthy.window('incident_weeks')
        ) | indent(8) }} as week_start_on,
        team_weeks.told,
        team_weeks.hidden,
        organisation_weeks.told - team_weeks.told as told_by_others,
        organisation_weeks.hidden - team_weeks.hidden as hidden_by_others

    from team_weeks

    inner join baselines
        on
            team_weeks.what = baselines.what
            and team_weeks.team = baselines.team
            and team_weeks.week_start_on > baselines.complete_on

    inner join organisation_weeks
        on
            team_weeks.what = organisation_weeks.what
            and team_weeks.week_start_on = organisation_weeks.week_start_on

),

final as (

    select
        looked_back_on.what,
        looked_back_on.team,
        looked_back_on.week_start_on,
        sum(looked_back_on.told) as told,
        sum(looked_back_on.hidden) as hidden,
        {{ shipworthy.safe_ratio('sum(looked_back_on.hidden)', 'sum(looked_back_on.told)') }} as hidden_share,
        coalesce(max(baselines.hidden_share), 0.0) as baseline_hidden_share,
        coalesce(
            {{ shipworthy.safe_ratio(
                'sum(looked_back_on.hidden_by_others)', 'sum(looked_back_on.told_by_others)'
            ) }}, 0.0
        ) as others_hidden_share

    from looked_back_on

    inner join baselines
        on
            looked_back_on.what = baselines.what
            and looked_back_on.team = baselines.team

    -- no row for weeks that are still to come
    inner join team_weeks
        on
            looked_back_on.what = team_weeks.what
            and looked_back_on.team = team_weeks.team
            and looked_back_on.week_start_on = team_weeks.week_start_on

    group by looked_back_on.what, looked_back_on.team, looked_back_on.week_start_on

)

select * from final
