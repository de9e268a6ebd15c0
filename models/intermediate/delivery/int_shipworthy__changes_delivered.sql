with

shipped as {{ shipworthy.inlined() }}(

    select * from {{ ref('shipworthy', 'int_shipworthy__changes_shipped') }}

),

deployments as (

    select * from {{ ref('shipworthy', 'int_shipworthy__deployments_ordered') }}

),

changes as (

    select * from {{ ref('shipworthy', 'int_shipworthy__changes_landed') }}

),

requests_by_change as {{ shipworthy.inlined() }}(

    select * from {{ ref('shipworthy', 'int_shipworthy__requests_by_change') }}

),

requests as {{ shipworthy.inlined() }}(

    select * from {{ ref('shipworthy', 'int_shipworthy__requests_decided') }}

),

-- A change of several requests has the reviews of all, and the decisions of those that it landed last.
judged as (

    select
        requests_by_change.repository,
        requests_by_change.sha,
        sum(case when requests_by_change.is_last_to_land then requests.decisions else 0 end) as decisions,
        sum(requests.human_reviews) as human_reviews,
        sum(requests.rubber_stamps) as rubber_stamps

    from requests_by_change

    inner join requests
        on
            requests_by_change.repository = requests.repository
            and requests_by_change.number = requests.number

    group by requests_by_change.repository, requests_by_change.sha

),

begun as (

    select
        requests_by_change.repository,
        requests_by_change.sha,
        requests.first_commit_at,
        requests.opened_at,
        requests.first_human_review_at,
        requests.merged_at

    from requests_by_change

    inner join requests
        on
            requests_by_change.repository = requests.repository
            and requests_by_change.number = requests.number

    where requests_by_change.is_first_of_change

),

spanned as (

    select
        shipped.service,
        shipped.repository,
        shipped.sha,
        shipped.deployment_id,
        deployments.team,
        {{ shipworthy.week_start_on('deployments.window_started_at') }} as week_start_on,
        shipped.shipped_at,
        row_number() over (
            partition by shipped.repository, shipped.sha
            order by deployments.shipping_order
        ) = 1 as is_earliest,
        shipped.authorship,
        coalesce(changes.is_fix, false) as is_fix,
        coalesce(judged.decisions, 0) as decisions,
        coalesce(judged.human_reviews, 0) as human_reviews,
        coalesce(judged.rubber_stamps, 0) as rubber_stamps,
        {{ shipworthy.hours_between('coalesce(begun.first_commit_at, changes.authored_at)', 'shipped.shipped_at') }}
            as lead_time_span,
        {{ shipworthy.hours_between('begun.first_commit_at', 'begun.opened_at') }} as coding_span,
        {{ shipworthy.hours_between('begun.opened_at', 'begun.first_human_review_at') }} as pickup_span,
        {{ shipworthy.hours_between('begun.first_human_review_at', 'begun.merged_at') }} as review_span,
        {{ shipworthy.hours_between('coalesce(begun.merged_at, changes.landed_at)', 'shipped.shipped_at') }}
            as deploy_span,
        {{ shipworthy.hours_between('begun.opened_at', 'shipped.shipped_at') }} as outer_loop_span

    from shipped

    inner join deployments
        on shipped.deployment_id = deployments.deployment_id

    inner join changes
        on
            shipped.repository = changes.repository
            and shipped.sha = changes.sha

    left join judged
        on
            shipped.repository = judged.repository
            and shipped.sha = judged.sha

    left join begun
        on
            shipped.repository = begun.repository
            and shipped.sha = begun.sha

),

-- A span that ends before it began says that a clock or a source is wrong, not that the work was fast.
{% set spans = ['lead_time', 'coding', 'pickup', 'review', 'deploy', 'outer_loop'] -%}
final as (

    select
        service,
        repository,
        sha,
        deployment_id,
        team,
        week_start_on,
        shipped_at,
        is_earliest,
        authorship,
        is_fix,
        cast(decisions as {{ dbt.type_bigint() }}) as decisions,
        cast(human_reviews as {{ dbt.type_bigint() }}) as human_reviews,
        human_reviews > 0 and human_reviews = rubber_stamps as is_rubber_stamped,
        {%- for span in spans %}
        cast(case when {{ span }}_span >= 0 then {{ span }}_span end as {{ shipworthy.type_double() }})
            as {{ span }}_hours,
        {%- endfor %}
        cast(
            {%- for span in spans[:5] %}
            case when {{ span }}_span is not null then 1 else 0 end{{ ' +' if not loop.last }}
            {%- endfor %} as {{ dbt.type_bigint() }}
        ) as spans,
        cast(
            {%- for span in spans[:5] %}
            case when {{ span }}_span < 0 then 1 else 0 end{{ ' +' if not loop.last }}
            {%- endfor %} as {{ dbt.type_bigint() }}
        ) as negative_spans

    from spanned

)

select * from final
