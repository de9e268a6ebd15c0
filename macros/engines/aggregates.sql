{#- The value below which a share of the values lies, between two of them in proportion; nulls do not count. -#}
{% macro percentile(value, share) -%}
    {{ return(adapter.dispatch('percentile', 'shipworthy')(value, share)) }}
{%- endmacro %}

{% macro default__percentile(value, share) -%}
    percentile_cont({{ share }}) within group (order by {{ value }})
{%- endmacro %}

{#- Standard deviation of a whole population. -#}
{% macro population_deviation(value) -%}
    {{ return(adapter.dispatch('population_deviation', 'shipworthy')(value)) }}
{%- endmacro %}

{% macro default__population_deviation(value) -%}
    stddev_pop({{ value }})
{%- endmacro %}

{#- The value at a share of the values, the lower one where it would lie between two. -#}
{% macro lower_percentile(value, share) -%}
    {{ return(adapter.dispatch('lower_percentile', 'shipworthy')(value, share)) }}
{%- endmacro %}

{% macro default__lower_percentile(value, share) -%}
    percentile_disc({{ share }}) within group (order by {{ value }})
{%- endmacro %}

{#- Values as one text, in their order, commas between. -#}
{% macro listed(value) -%}
    {{ return(adapter.dispatch('listed', 'shipworthy')(value)) }}
{%- endmacro %}

{% macro default__listed(value) -%}
    string_agg({{ value }}, ', ' order by {{ value }})
{%- endmacro %}

{% macro spark__listed(value) -%}
    array_join(array_sort(collect_list({{ value }})), ', ')
{%- endmacro %}
