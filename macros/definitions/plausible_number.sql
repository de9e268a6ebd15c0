{#- Numbers that can be meant: docs/metrics.md, "Plausible numbers". Any other, and what is no number, is unknown. -#}
{% macro plausible_count(column) -%}
    {%- set number = shipworthy.number_of(column) -%}
    case
        when {{ number }} between 0 and {{ shipworthy.input_bounds()['largest_count'] }}
            then cast({{ number }} as {{ dbt.type_bigint() }})
    end
{%- endmacro %}

{#- An amount may be negative: a credit note. -#}
{% macro plausible_amount(column) -%}
    {%- set number = shipworthy.number_of(column) -%}
    case
        when abs({{ number }}) <= {{ shipworthy.input_bounds()['largest_amount'] }}
            then cast({{ number }} as {{ shipworthy.type_double() }})
    end
{%- endmacro %}
