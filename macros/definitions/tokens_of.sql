{#- Tokens of all kinds in a usage bucket: those that are known. -#}
{% macro tokens_of(usage) -%}
    (
        coalesce({{ usage }}.uncached_input_tokens, 0)
        + coalesce({{ usage }}.cache_read_tokens, 0)
        + coalesce({{ usage }}.cache_write_tokens, 0)
        + coalesce({{ usage }}.output_tokens, 0)
    )
{%- endmacro %}
