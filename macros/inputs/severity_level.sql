{#- The digit of a severity that is counted: P0 to P5, S1, SEV-2, "Priority 3", "P1 - Critical", "1 - High"; null where
    the label has none. -#}
{% macro severity_level(severity_label) -%}
    {%- set label = 'lower(trim(' ~ severity_label ~ '))' -%}
    cast(
        coalesce(
            {{ shipworthy.matched_part(
                label, '(^|[^a-z0-9])(sev|severity|prio|priority|level)[ ._#:-]*([0-5])($|[^a-z0-9])', 3
            ) }},
            {{ shipworthy.matched_part(label, '(^|[^a-z0-9])[spl][_-]?([0-5])($|[^a-z0-9])', 2) }},
            {{ shipworthy.matched_part(label, '^([0-5])($|[^a-z0-9.])') }}
        ) as integer
    )
{%- endmacro %}
