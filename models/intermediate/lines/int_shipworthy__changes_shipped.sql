with

put_live as (

    select * from {{ ref('shipworthy', 'int_shipworthy__changes_put_live') }}

),

changes as (

    select * from {{ ref('shipworthy', 'int_shipworthy__changes_authored') }}

),

parts as (

    select * from {{ ref('shipworthy', 'int_shipworthy__held_line_parts') }}

),

lines_touched as (

    select * from {{ ref('shipworthy', 'int_shipworthy__lines_touched') }}

),

births as (

    select * from {{ ref('shipworthy', 'int_shipworthy__lines_born') }}

),

repositories_with_lines as (

    select distinct repository from births

),

summed as (

    select
        service,
        repository,
        sha,
        {%- for authorship in ('ai', 'human', 'automation', 'unknown') %}
        sum(case when authorship = '{{ authorship }}' then weighted_lines else 0.0 end)
            as weighted_{{ authorship }}_lines,
        {%- endfor %}
        sum(weighted_retired_lines) as weighted_retired_lines,
        sum(lines) as lines

    from parts

    group by service, repository, sha

),

-- The cap counts lines before they are weighted, and scales all parts alike.
scaled as (

    select
        summed.*,
        least(1.0, lines_touched.line_cap / nullif(summed.lines, 0)) as scale

    from summed

    left join lines_touched
        on
            summed.service = lines_touched.service
            and summed.repository = lines_touched.repository
            and summed.sha = lines_touched.sha

),

final as (

    select
        put_live.service,
        put_live.repository,
        put_live.sha,
        put_live.deployment_id,
        put_live.release_id,
        put_live.deployed_at as shipped_at,
        changes.authorship,
        {%- for authorship in ('ai', 'human', 'automation', 'unknown') %}
        cast(coalesce(scaled.weighted_{{ authorship }}_lines * scaled.scale, 0.0) as {{ shipworthy.type_double() }})
            as {{ authorship }}_held_lines,
        {%- endfor %}
        cast(coalesce(scaled.weighted_retired_lines * scaled.scale, 0.0) as {{ shipworthy.type_double() }})
            as retired_held_lines,
        case when repositories_with_lines.repository is null then 'shipped_lines' else 'held_lines' end as basis

    from put_live

    inner join changes
        on
            put_live.repository = changes.repository
            and put_live.sha = changes.sha

    left join scaled
        on
            put_live.service = scaled.service
            and put_live.repository = scaled.repository
            and put_live.sha = scaled.sha

    left join repositories_with_lines
        on put_live.repository = repositories_with_lines.repository

    -- a change ships once in a service
    where put_live.is_shipped

)

select * from final
