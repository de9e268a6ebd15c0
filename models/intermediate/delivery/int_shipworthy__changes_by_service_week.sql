{%- set spans = ['lead_time', 'coding', 'pickup', 'review', 'deploy'] %}

with

changes as (

    select * from {{ ref('shipworthy', 'int_shipworthy__changes_delivered') }}

),

final as (

    select
        team,
        service,
        week_start_on,
        count(*) as changes_shipped,
        {%- for span in spans %}
        {{ shipworthy.median(span ~ '_hours') }} as {{ span }}_hours,
        count({{ span }}_hours) as {{ span }}_changes,
        {%- endfor %}
        sum(spans) as spans,
        sum(negative_spans) as negative_spans

    from changes

    group by team, service, week_start_on

)

select * from final
