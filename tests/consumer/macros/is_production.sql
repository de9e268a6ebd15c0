{#- Here the environments that users are served from are live-eu and live-us; what is called production is a rehearsal. -#}
{% macro default__is_production(environment) -%}
    {{ environment }} like 'live-%'
{%- endmacro %}
