{#- A sentence of SQL text with the names of columns in braces, which become numbers as people read them. -#}
{% macro evidence_in_words(sentence) -%}
    {%- set words = namespace(text=sentence) -%}
    {%- for column in (
        'value', 'numerator', 'denominator', 'baseline', 'held_lines', 'baseline_held_lines', 'spend_to_shipped',
        'incident_releases', 'incident_weeks', 'incident_chance_percent', 'tagged_share', 'spend_per_builder',
        'baseline_spend_per_builder'
    ) -%}
        {%- set words.text = words.text.replace('{' ~ column ~ '}', shipworthy.short_number(column)) -%}
    {%- endfor -%}
    {{ return(words.text) }}
{%- endmacro %}
