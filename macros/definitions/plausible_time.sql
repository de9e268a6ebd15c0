{#- Times that can be meant: docs/metrics.md, "Plausible times". -#}
{% macro is_plausible_time(moment) -%}
    ({{ moment }} >= timestamp '1970-01-01 00:00:00' and {{ moment }} < timestamp '2100-01-01 00:00:00')
{%- endmacro %}

{#- A time that cannot be meant is unknown. -#}
{% macro plausible_time(column) -%}
    {%- set moment = shipworthy.read_as(column, dbt.type_timestamp()) -%}
    case when {{ shipworthy.is_plausible_time(moment) }} then {{ moment }} end
{%- endmacro %}

{% macro plausible_day(column) -%}
    {%- set day = shipworthy.read_as(column, 'date') -%}
    case when {{ day }} >= date '1970-01-01' and {{ day }} < date '2100-01-01' then {{ day }} end
{%- endmacro %}

{#- First day of a validity; null: always. -#}
{% macro valid_from(column) -%}
    {%- set day = shipworthy.read_as(column, 'date') -%}
    case when {{ day }} >= date '1970-01-01' then {{ day }} end
{%- endmacro %}

{#- Day on which a validity is over; null: still. -#}
{% macro valid_to(column) -%}
    {%- set day = shipworthy.read_as(column, 'date') -%}
    case when {{ day }} < date '2100-01-01' then {{ day }} end
{%- endmacro %}
