with

changes as (

    select * from {{ ref('shipworthy', 'int_shipworthy__changes_landed') }}

),

births as (

    select * from {{ ref('shipworthy', 'int_shipworthy__lines_born') }}

),

added as (

    select
        repository,
        {%- for authorship in ('ai', 'human', 'automation', 'unknown') %}
        sum(case when authorship = '{{ authorship }}' then lines else 0 end) as {{ authorship }}_lines,
        {%- endfor %}
        added_sha

    from births

    where
        is_counted
        and not is_moved

    group by repository, added_sha

),

final as (

    select
        changes.repository,
        changes.sha,
        changes.mainline_position,
        changes.landed_at,
        changes.authored_at,
        changes.pull_request_number,
        changes.reverts_sha,
        changes.is_fix,
        changes.lines_added,
        changes.lines_removed,
        changes.ai_lines_added,
        changes.ai_tool,
        changes.attribution_method,
        changes.author_kind,
        changes.author_team,
        changes.recorded_authorship,
        changes.own_authorship,
        {{ shipworthy.majority_authorship(
            'added.ai_lines',
            'added.human_lines',
            'added.automation_lines',
            'added.unknown_lines',
            'changes.own_authorship'
        ) | indent(8) }} as authorship

    from changes

    left join added
        on
            changes.repository = added.repository
            and changes.sha = added.added_sha

)

select * from final
