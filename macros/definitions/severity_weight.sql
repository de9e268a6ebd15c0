{#- What an incident of a severity weighs, from 0 to 1: what the seed shipworthy__severity_weights lists. `severity` is
    sev1 to sev5, or unknown, for which the seed's weight of sev3 is handed in. -#}
{% macro severity_weight(severity, listed_weight) -%}
    {{ return(adapter.dispatch('severity_weight', 'shipworthy')(severity, listed_weight)) }}
{%- endmacro %}

{% macro default__severity_weight(severity, listed_weight) -%}
    {{ listed_weight }}
{%- endmacro %}
