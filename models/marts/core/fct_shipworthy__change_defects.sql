{{ config(alias='change_defects', post_hook='{{ shipworthy.refuse_repeated_keys() }}') }}

with

repairing as (

    select * from {{ ref('shipworthy', 'int_shipworthy__changes_repairing') }}

),

incident_fixes as (

    select * from {{ ref('shipworthy', 'int_shipworthy__incident_fixes') }}

),

deaths as (

    select * from {{ ref('shipworthy', 'int_shipworthy__lines_died') }}

),

-- A fix can be the named fix of several incidents: the one that opened first stands for them.
incidents_ranked as (

    select
        repository,
        sha,
        incident_id,
        count(*) over (partition by repository, sha) as incidents,
        row_number() over (partition by repository, sha order by opened_at, incident_id) as place

    from incident_fixes

),

-- The lines that a fix removed were wrong, or stood where something was wrong.
introduced as (

    select
        repairing.repository,
        repairing.sha as fixing_sha,
        deaths.added_sha as introducing_sha,
        deaths.birth_service as service,
        repairing.landed_at as fixed_at,
        deaths.landed_at as introduced_at,
        sum(deaths.lines) as lines,
        {%- for authorship in ('ai', 'human', 'automation', 'unknown') %}
        sum(case when deaths.authorship = '{{ authorship }}' then deaths.lines else 0 end) as {{ authorship }}_lines,
        {%- endfor %}
        sum(case when deaths.birth_is_moved then deaths.lines else 0 end) as moved_lines

    from repairing

    inner join deaths
        on
            repairing.repository = deaths.repository
            and repairing.sha = deaths.removed_sha

    where
        deaths.is_counted
        and not deaths.is_moved

    group by
        repairing.repository,
        repairing.sha,
        deaths.added_sha,
        deaths.birth_service,
        repairing.landed_at,
        deaths.landed_at

),

final as (

    select
        ---------- row
        introduced.repository,
        introduced.fixing_sha,
        introduced.introducing_sha,
        introduced.service,

        ---------- how long it was there
        introduced.introduced_at,
        introduced.fixed_at,
        {{ shipworthy.week_start_on('introduced.fixed_at') }} as week_start_on,
        cast(
            {{ shipworthy.hours_between('introduced.introduced_at', 'introduced.fixed_at') }}
            as {{ shipworthy.type_double() }}
        ) as age_hours,
        {{ shipworthy.age_days('introduced.introduced_at', 'introduced.fixed_at') }} as age_days,

        ---------- whose lines
        {{ shipworthy.majority_authorship(
            'introduced.ai_lines',
            'introduced.human_lines',
            'introduced.automation_lines',
            'introduced.unknown_lines',
            "'unknown'"
        ) | indent(8) }} as authorship,
        cast(introduced.lines as {{ dbt.type_bigint() }}) as lines,
        {%- for authorship in ('ai', 'human', 'automation', 'unknown') %}
        cast(introduced.{{ authorship }}_lines as {{ dbt.type_bigint() }}) as {{ authorship }}_lines,
        {%- endfor %}
        cast(introduced.moved_lines as {{ dbt.type_bigint() }}) as moved_lines,

        ---------- what it broke
        incidents_ranked.incident_id is not null as is_incident_fix,
        incidents_ranked.incident_id,
        cast(coalesce(incidents_ranked.incidents, 0) as {{ dbt.type_bigint() }}) as incidents

    from introduced

    left join incidents_ranked
        on
            introduced.repository = incidents_ranked.repository
            and introduced.fixing_sha = incidents_ranked.sha
            and incidents_ranked.place = 1

)

select * from final
