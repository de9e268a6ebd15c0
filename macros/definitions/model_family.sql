{#- A model by the name that all sources share: without a gateway's or cloud's prefix (`bedrock/us.anthropic.`), the date
    of a snapshot (`-20260205`) or what follows it (`-v1:0`). -#}
{% macro model_family(model) -%}
    {%- set name = shipworthy.matched_part(
        'lower(trim(' ~ model ~ '))', '^([^/]*/)*((us|eu|jp|au|apac|global|anthropic|amazon|openai)[.])*(.+)$', 4
    ) -%}
    coalesce(
        {{ shipworthy.matched_part(
            name, '^(.*[^-@:])[-@:](20[0-9][0-9]-?[01][0-9]-?[0-3][0-9]|v[0-9]+|latest)([-@:].*)?$'
        ) }},
        {{ name }}
    )
{%- endmacro %}
