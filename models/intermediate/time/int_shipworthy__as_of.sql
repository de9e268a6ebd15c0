with

parts_read as (

    select * from {{ ref('shipworthy', 'int_shipworthy__parts_read') }}

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

-- People that are loaded may be none.
people_loaded as (

    select 'row' as loaded_as from people

    union all

    select 'watermark' as loaded_as from load_watermarks

    where
        input_name = 'people'
        and {{ '1 = 1' if shipworthy.input_is_on('people') else '1 = 0' }}

),

-- Commits decide what counts as over; without any, whatever was read last.
read_last as (

    select
        coalesce(
            max(case when input_name = 'commits' then read_through end),
            max(read_through)
        ) as read_through

    from parts_read

),

judged as (

    select
        {{ shipworthy.as_of_given() or 'read_through' }} as as_of_at

    from read_last

),

-- A source that has ended has said all that it ever will.
parts_known as (

    select
        parts_read.input_name,
        case
            when {{ shipworthy.has_ended('parts_read.source') }} then judged.as_of_at
            else least(parts_read.read_through, judged.as_of_at)
        end as known_through

    from parts_read

    cross join judged

),

-- What everybody's rows rest on is known until the oldest of its sources; null: not loaded.
final as (

    select
        judged.as_of_at,
        {%- for input in ('deployments', 'incidents', 'ai_usage') %}
        coalesce(max(case when parts_known.input_name = '{{ input }}' then 1 else 0 end), 0) = 1 as has_{{ input }},
        {%- endfor %}
        exists(select 1 as found from people_loaded) as has_people,
        exists(select 1 as found from services) as has_services,
        exists(select 1 as found from line_births) as has_line_births,
        {%- for input in ('incidents', 'ai_usage', 'product_metrics') %}
        min(case when parts_known.input_name = '{{ input }}' then parts_known.known_through end)
            as {{ input }}_known_through,
        {%- endfor %}
        min(
            case
                when parts_known.input_name in ('pull_requests', 'reviews', 'review_threads')
                    then parts_known.known_through
            end
        ) as requests_known_through

    from judged

    left join parts_known
        on 1 = 1

    group by judged.as_of_at

)

select * from final
