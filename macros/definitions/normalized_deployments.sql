{#- Builders times the third root (by default) of the held lines per builder at the reference pace: eight times the
    lines count twice, so padding is poor business. Null without builders. -#}
{% macro normalized_deployments(stable_held_lines, builders) -%}
    {{ return(adapter.dispatch('normalized_deployments', 'shipworthy')(stable_held_lines, builders)) }}
{%- endmacro %}

{% macro default__normalized_deployments(stable_held_lines, builders) -%}
    {{ builders }} * power(
        {{ stable_held_lines }}
        / (cast({{ var('shipworthy__lines_per_unit') }} as {{ shipworthy.type_double() }}) * nullif({{ builders }}, 0)),
        1.0 / cast({{ var('shipworthy__lines_root') }} as {{ shipworthy.type_double() }})
    )
{%- endmacro %}
