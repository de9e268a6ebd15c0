{#- A source's severity as the seed shipworthy__severity_labels spells it: lower case, no blanks, hyphens or
    underscores, so that SEV-1, sev_1 and Sev 1 are one label. -#}
{% macro severity_key(severity_label) -%}
    replace(replace(replace(lower(trim({{ severity_label }})), ' ', ''), '-', ''), '_', '')
{%- endmacro %}
