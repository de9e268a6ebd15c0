{#- Whether an environment's name means production: the seed shipworthy__environments says. A name it does not
    list is not production. -#}
{% macro is_production(environment) -%}
    {{ return(adapter.dispatch('is_production', 'shipworthy')(environment)) }}
{%- endmacro %}

{% macro default__is_production(environment) -%}
    lower(trim({{ environment }})) in (
        select production.environment
        from {{ ref('shipworthy', 'shipworthy__environments') }} as production
        where production.is_production
    )
{%- endmacro %}
