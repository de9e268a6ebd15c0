{#- Times that can be meant: docs/metrics.md, "Plausible times". -#}
{% macro is_plausible_time(moment) -%}
    {%- set bounds = shipworthy.input_bounds() -%}
    ({{ moment }} >= timestamp '{{ bounds['first_time'] }}' and {{ moment }} < timestamp '{{ bounds['end_of_time'] }}')
{%- endmacro %}

{#- A time that cannot be meant is unknown. -#}
{% macro plausible_time(column) -%}
    {%- set moment = shipworthy.read_as(column, dbt.type_timestamp()) -%}
    case when {{ shipworthy.is_plausible_time(moment) }} then {{ moment }} end
{%- endmacro %}

{% macro plausible_day(column) -%}
    {%- set day = shipworthy.read_as(column, 'date') -%}
    {%- set bounds = shipworthy.input_bounds() -%}
    case
        when {{ day }} >= date '{{ bounds['first_time'][:10] }}' and {{ day }} < date '{{ bounds['end_of_time'][:10] }}'
            then {{ day }}
    end
{%- endmacro %}

{#- First day of a validity; null: always. -#}
{% macro valid_from(column) -%}
    {%- set day = shipworthy.read_as(column, 'date') -%}
    case when {{ day }} >= date '{{ shipworthy.input_bounds()['first_time'][:10] }}' then {{ day }} end
{%- endmacro %}

{#- Day on which a validity is over; null: still. -#}
{% macro valid_to(column) -%}
    {%- set day = shipworthy.read_as(column, 'date') -%}
    case when {{ day }} < date '{{ shipworthy.input_bounds()['end_of_time'][:10] }}' then {{ day }} end
{%- endmacro %}
