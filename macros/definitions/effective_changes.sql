{#- Lines of one change after the cap: a huge change must not decide a rate. -#}
{% macro capped_lines(lines, change_lines) -%}
    (
        cast({{ lines }} as {{ shipworthy.type_double() }})
        * least(1.0, {{ var('shipworthy__turnover_line_cap') }} / nullif(cast({{ change_lines }} as {{ shipworthy.type_double() }}), 0))
    )
{%- endmacro %}

{#- Kish's effective sample size: lines of one change live and die together, so changes are the units, weighted by
    their capped lines. An aggregate expression. -#}
{% macro effective_changes(capped_lines) -%}
    sum({{ capped_lines }}) * sum({{ capped_lines }}) / nullif(sum({{ capped_lines }} * {{ capped_lines }}), 0)
{%- endmacro %}
