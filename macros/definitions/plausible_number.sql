{#- Numbers that can be meant, the same as in python/shipworthy/contract.py: sums of what lies within overflow nothing.
    Any other, and what is no number, is unknown. -#}
{% macro plausible_count(column) -%}
    {%- set number = shipworthy.number_of(column) -%}
    case when {{ number }} between 0 and 1000000000000 then cast({{ number }} as {{ dbt.type_bigint() }}) end
{%- endmacro %}

{#- An amount may be negative: a credit note. -#}
{% macro plausible_amount(column) -%}
    {%- set number = shipworthy.number_of(column) -%}
    case when abs({{ number }}) <= 1000000000000000 then cast({{ number }} as {{ shipworthy.type_double() }}) end
{%- endmacro %}
