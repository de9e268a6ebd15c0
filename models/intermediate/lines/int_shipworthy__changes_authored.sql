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
        changes.*,
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
