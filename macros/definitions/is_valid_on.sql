{#- Whether a row with a period (valid_from_on included, valid_to_on not; null: open) is valid on a day.
    `relation` is the row's name in the query, `day` a date. -#}
{% macro is_valid_on(relation, day) -%}
    (
        ({{ relation }}.valid_from_on is null or {{ relation }}.valid_from_on <= {{ day }})
        and ({{ relation }}.valid_to_on is null or {{ day }} < {{ relation }}.valid_to_on)
    )
{%- endmacro %}
