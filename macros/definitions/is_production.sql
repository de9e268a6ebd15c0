{#- Whether an environment's name means production; null where nothing says it. The seed shipworthy__environments says
    it of whole names, else the name's words do (digits part words, too): prod-eu, Production (EU), not pre-prod. -#}
{% macro is_production(environment) -%}
    {{ return(adapter.dispatch('is_production', 'shipworthy')(environment)) }}
{%- endmacro %}

{% macro default__is_production(environment) -%}
    {%- set users_are_served = ['production', 'prod', 'prd', 'live'] -%}
    {%- set nobody_is_served = [
        'pre', 'non', 'not', 'no', 'preproduction', 'preprod', 'nonproduction', 'nonprod', 'staging', 'stage', 'stg',
        'uat', 'qa', 'test', 'testing', 'development', 'dev', 'preview', 'review', 'sandbox', 'demo', 'shadow', 'mirror'
    ] -%}
    {%- set listed = 'select seed.environment from ' ~ ref('shipworthy', 'shipworthy__environments')
        ~ ' as seed where ' -%}
    {%- set words = shipworthy.words_of("translate(" ~ environment ~ ", '0123456789', '          ')") -%}
    case
        when lower(trim({{ environment }})) in ({{ listed }}seed.is_production) then true
        when lower(trim({{ environment }})) in ({{ listed }}not seed.is_production) then false
        {%- for word in nobody_is_served %}
        when {{ words }} like '% {{ word }} %' then false
        {%- endfor %}
        {%- for word in users_are_served %}
        when {{ words }} like '% {{ word }} %' then true
        {%- endfor %}
    end
{%- endmacro %}
