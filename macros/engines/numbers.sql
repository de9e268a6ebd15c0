{#- One row a whole number, from 0 to the last one. -#}
{% macro numbers_up_to(last) -%}
    {{ return(adapter.dispatch('numbers_up_to', 'shipworthy')(last)) }}
{%- endmacro %}

{% macro default__numbers_up_to(last) -%}
    unnest(generate_series(0, {{ last }}))
{%- endmacro %}

{% macro postgres__numbers_up_to(last) -%}
    generate_series(0, {{ last }})
{%- endmacro %}

{#- sequence() counts down where the last is negative. -#}
{% macro spark__numbers_up_to(last) -%}
    explode(case when {{ last }} >= 0 then sequence(cast(0 as bigint), cast({{ last }} as bigint)) end)
{%- endmacro %}
