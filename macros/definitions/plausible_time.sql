{#- Times that can be meant: docs/metrics.md, "Plausible times". -#}
{% macro is_plausible_time(moment) -%}
    ({{ moment }} >= timestamp '1970-01-01 00:00:00' and {{ moment }} < timestamp '2100-01-01 00:00:00')
{%- endmacro %}

{#- A time that cannot be meant is unknown. -#}
{% macro plausible_time(column) -%}
    {%- set moment = 'cast(' ~ column ~ ' as ' ~ dbt.type_timestamp() ~ ')' -%}
    case when {{ shipworthy.is_plausible_time(moment) }} then {{ moment }} end
{%- endmacro %}

{#- First day of a validity; null: always. -#}
{% macro valid_from(column) -%}
    case when cast({{ column }} as date) >= date '1970-01-01' then cast({{ column }} as date) end
{%- endmacro %}

{#- Day on which a validity is over; null: still. -#}
{% macro valid_to(column) -%}
    case when cast({{ column }} as date) < date '2100-01-01' then cast({{ column }} as date) end
{%- endmacro %}

{#- The times of an input that staging reads by this rule. -#}
{% macro times_of(input) -%}
    {%- set times = [] -%}
    {%- for column, data_type in shipworthy.input_columns(input).items() -%}
        {%- if data_type == dbt.type_timestamp() and input not in ('load_watermarks', 'load_findings') -%}
            {%- do times.append(column) -%}
        {%- endif -%}
    {%- endfor -%}
    {{ return(times) }}
{%- endmacro %}

{% macro has_implausible_time(input) -%}
    {%- for column in shipworthy.times_of(input) %}
    {{ "or " if not loop.first }}not {{ shipworthy.is_plausible_time('cast(' ~ column ~ ' as ' ~ dbt.type_timestamp() ~ ')') }}
    {%- endfor -%}
{%- endmacro %}
