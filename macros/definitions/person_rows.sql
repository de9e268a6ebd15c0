{#- How a model of person rows is kept: not at all (its SQL goes into the models that read it), or, where the user asks
    for people, as a table of schema `restricted`. -#}
{% macro person_rows() -%}
    {{ return('table' if var('shipworthy__show_people') == true else shipworthy.passing_rows()) }}
{%- endmacro %}
