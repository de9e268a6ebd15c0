{#- Which service a deployment or an incident means by a name: the one that `services` calls so. -#}
{% macro service_name(name) -%}
    {{ return(adapter.dispatch('service_name', 'shipworthy')(name)) }}
{%- endmacro %}

{% macro default__service_name(name) -%}
    {{ name }}
{%- endmacro %}
