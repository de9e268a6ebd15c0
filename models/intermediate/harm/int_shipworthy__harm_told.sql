{%- set measures = ['fixed_lines', 'failed_releases'] -%}

-- noqa: disable=LT02
with

harm as (

    select * from {{ ref('shipworthy', 'int_shipworthy__harm_compared') }}

    where is_organisation

),

newest as (

    select * from harm

    where week_start_on = (select max(weeks.week_start_on) from harm as weeks)

),

-- The shortest look back that decides; where none does, the longest.
ranked as (

    select
        *,
        {%- for measure in measures %}
        row_number() over (
            order by
                case when {{ measure }}_signal in ('more', 'less') then window_weeks else 1000 end,
                window_weeks desc
        ) as {{ measure }}_place{{ ',' if not loop.last }}
        {%- endfor %}

    from newest

),

final as (

    select
        1 as rows_told,
        max(week_start_on) as harm_last_week_start_on,
        {%- for measure in measures %}
        {%- for part in ('ratio', 'ratio_low', 'ratio_high', 'signal', 'null_reason') %}
        max(case when {{ measure }}_place = 1 then {{ measure }}_{{ part }} end) as {{ measure }}_{{ part }},
        {%- endfor %}
        max(case when {{ measure }}_place = 1 then window_weeks end)
            as {{ measure }}_weeks{{ ',' if not loop.last }}
        {%- endfor %}

    from ranked

)

select * from final
