with

changes as (

    select * from {{ ref('shipworthy', 'int_shipworthy__changes_delivered') }}

),

scopes as (

    {{ shipworthy.team_and_organisation() | indent(4) }}

),

sums as (

    select true as is_of_any_authorship

    union all

    select false as is_of_any_authorship

),

-- Each change once, in the week and team of its earliest shipping; in four sums: by team and over all, by authorship
-- and of any.
counted as (

    select
        {{ shipworthy.team_or_all('changes.team') }} as team,
        scopes.is_organisation,
        changes.week_start_on,
        case when sums.is_of_any_authorship then 'all' else changes.authorship end as authorship,
        changes.decisions,
        changes.human_reviews,
        changes.is_rubber_stamped,
        changes.is_fix,
        changes.coding_hours,
        changes.outer_loop_hours

    from changes

    cross join scopes

    cross join sums

    where changes.is_earliest

),

final as (

    select
        team,
        is_organisation,
        week_start_on,
        authorship,
        count(*) as changes_shipped,
        sum(decisions) as shipped_decisions,
        sum(case when decisions > 0 then 1 else 0 end) as directed_changes,
        sum(case when human_reviews = 0 then 1 else 0 end) as unreviewed_changes,
        sum(case when human_reviews > 0 then 1 else 0 end) as reviewed_changes,
        sum(case when is_rubber_stamped then 1 else 0 end) as rubber_stamped_changes,
        sum(case when is_fix then 1 else 0 end) as defects,
        {{ shipworthy.median('coding_hours') }} as inner_loop_hours,
        {{ shipworthy.median('outer_loop_hours') }} as outer_loop_hours

    from counted

    group by team, is_organisation, week_start_on, authorship

)

select * from final
