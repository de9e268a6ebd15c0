with

commits as (

    select * from {{ ref('shipworthy', 'stg_shipworthy__commits') }}

),

deployments as (

    select * from {{ ref('shipworthy', 'stg_shipworthy__deployments') }}

),

incidents as (

    select * from {{ ref('shipworthy', 'stg_shipworthy__incidents') }}

),

ai_usage as (

    select * from {{ ref('shipworthy', 'stg_shipworthy__ai_usage') }}

),

people as (

    select * from {{ ref('shipworthy', 'stg_shipworthy__people') }}

),

services as (

    select * from {{ ref('shipworthy', 'stg_shipworthy__services') }}

),

line_births as (

    select * from {{ ref('shipworthy', 'stg_shipworthy__line_births') }}

),

load_watermarks as (

    select * from {{ ref('shipworthy', 'stg_shipworthy__load_watermarks') }}

),

inputs_summed as (

    select
        'commits' as input_name,
        count(*) as row_count,
        max(case when mainline_position is not null then landed_at end) as newest_at

    from commits

    union all

    select
        'deployments' as input_name,
        count(*) as row_count,
        max(finished_at) as newest_at

    from deployments

    union all

    select
        'incidents' as input_name,
        count(*) as row_count,
        max(opened_at) as newest_at

    from incidents

    union all

    select
        'ai_usage' as input_name,
        count(*) as row_count,
        cast(null as {{ dbt.type_timestamp() }}) as newest_at

    from ai_usage

),

-- A watermark of an input that is switched off says nothing.
oldest_watermarks as (

    select
        input_name,
        min(loaded_through) as loaded_through

    from load_watermarks

    where input_name in ({{ shipworthy.inputs_switched_on() }})

    group by input_name

),

inputs_dated as (

    select
        inputs_summed.input_name,
        inputs_summed.row_count > 0 or oldest_watermarks.loaded_through is not null as is_loaded,
        -- how fresh AI usage is does not decide what counts as over
        case
            when inputs_summed.input_name <> 'ai_usage'
                then coalesce(oldest_watermarks.loaded_through, inputs_summed.newest_at)
        end as complete_through

    from inputs_summed

    left join oldest_watermarks
        on inputs_summed.input_name = oldest_watermarks.input_name

),

final as (

    select
        {% if var('shipworthy__as_of') -%}
        timestamp '{{ (var('shipworthy__as_of') | string).replace('T', ' ') }}'
        {%- else -%}
        min(complete_through)
        {%- endif %} as as_of_at,
        max(case when input_name = 'deployments' and is_loaded then 1 else 0 end) = 1 as has_deployments,
        max(case when input_name = 'incidents' and is_loaded then 1 else 0 end) = 1 as has_incidents,
        max(case when input_name = 'ai_usage' and is_loaded then 1 else 0 end) = 1 as has_ai_usage,
        exists(select 1 as found from people) as has_people,
        exists(select 1 as found from services) as has_services,
        exists(select 1 as found from line_births) as has_line_lifetimes

    from inputs_dated

)

select * from final
