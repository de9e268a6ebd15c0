{%- set load_watermarks_checks = [
    ['no_loaded_through', 'loaded_through is null', 'handled', 'the newest event stands in']
] -%}

with

rows_left_out as (

    select * from {{ ref('shipworthy', 'stg_shipworthy__rows_left_out') }}

),

load_watermarks as (

    select * from {{ ref('shipworthy', 'stg_shipworthy__load_watermarks') }}

),

load_findings as (

    select * from {{ ref('shipworthy', 'stg_shipworthy__load_findings') }}

),

parts_known as (

    select * from {{ ref('shipworthy', 'int_shipworthy__parts_known') }}

),

load_watermarks_checked as (

    select * from load_watermarks

),

load_findings_checked as (

    select * from load_findings

),

-- Sources are counted here, not rows; a source that was read to several moments lags when one of them does.
sources as (

    select
        input_name,
        source,
        max(case when is_lagging then 1 else 0 end) as lags,
        min(known_through) as known_through

    from parts_known

    group by input_name, source

),

oldest_first as (

    select
        *,
        row_number() over (
            partition by input_name
            order by known_through nulls last, source
        ) as place

    from sources

),

lagging as (

    select
        input_name,
        'source_lags' as reason,
        'handled' as handling,
        'sources read to a moment more than 7 days before as_of: rows that rest on them are not final' as what_happens,
        count(*) as rows_checked,
        sum(lags) as row_count,
        max(case when place = 1 and lags = 1 then source end) as example_key,
        cast(null as {{ dbt.type_bigint() }}) as tokens

    from oldest_first

    group by input_name

),

-- What a load found odd is as many as it says, at a subject for example; of several sources, together.
found_by_loads as (

    select
        input_name,
        reason,
        case when reason in ('rejected_row', 'passed_over') then 'left_out' else 'as_is' end as handling,
        'found by the load: ' || replace(reason, '_', ' ') as what_happens,
        sum(coalesce(row_count, 1)) as rows_checked,
        sum(coalesce(row_count, 1)) as row_count,
        min(subject) as example_key,
        cast(null as {{ dbt.type_bigint() }}) as tokens

    from load_findings

    group by input_name, reason

),

final as (

    {{ shipworthy.quality_checks(
        'load_watermarks', "input_name || ' ' || source", load_watermarks_checks
    ) | indent(4) }}

    union all

    {{ shipworthy.quality_checks('load_findings', "input_name || ' ' || source") | indent(4) }}

    union all

    select * from lagging

    union all

    select * from found_by_loads

)

select * from final
