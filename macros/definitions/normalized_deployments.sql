{#- Builders times the root of the held lines per builder at the reference pace: four times the lines count
    twice, so padding is poor business. Null without builders. -#}
{% macro normalized_deployments(stable_held_lines, builders) -%}
    {{ return(adapter.dispatch('normalized_deployments', 'shipworthy')(stable_held_lines, builders)) }}
{%- endmacro %}

{% macro default__normalized_deployments(stable_held_lines, builders) -%}
    sqrt({{ stable_held_lines }} * nullif({{ builders }}, 0) / cast({{ var('shipworthy__lines_per_unit') }} as {{ shipworthy.type_double() }}))
{%- endmacro %}
