{#- A row is mature when its time is over in what is known: up to as_of, and up to where everything that it rests on was
    read. A moment that is null (nothing of the kind is loaded) holds nobody back. -#}
{% macro is_mature(matures_at, as_of_at, known_through) -%}
    coalesce({{ matures_at }} <= least({{ as_of_at }}, {{ known_through }}), false)
{%- endmacro %}

{#- Why a row is not mature, in the words of docs/metrics.md; null where it is. -#}
{% macro immature_reason(matures_at, as_of_at, known_through) -%}
    case
        when coalesce({{ matures_at }} > {{ as_of_at }}, true) then 'window_open'
        when {{ matures_at }} > {{ known_through }} then 'source_lags'
    end
{%- endmacro %}

{#- Whether a source is named as one that has ended. -#}
{% macro has_ended(source) -%}
    {%- set names = var('shipworthy__ended_sources') -%}
    {%- if not names -%}
        {{ return('1 = 0') }}
    {%- endif -%}
    {%- set literals = [] -%}
    {%- for name in names -%}
        {%- do literals.append("'" ~ name.replace("'", "''") ~ "'") -%}
    {%- endfor -%}
    {{ return(source ~ ' in (' ~ literals | join(', ') ~ ')') }}
{%- endmacro %}


{#- `shipworthy__as_of` as a moment; nothing where it is not set. -#}
{% macro as_of_given() -%}
    {%- if var('shipworthy__as_of') -%}
    timestamp '{{ (var('shipworthy__as_of') | string).replace('T', ' ') }}'
    {%- endif -%}
{%- endmacro %}
