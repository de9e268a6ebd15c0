{#- Accounts of known agents and bots by their login, for the models of GitHub's tables. Stands for the body of a CTE. -#}
{% macro known_agent_logins() -%}
    select
        lower(value) as login,
        author_kind,
        ai_tool

    from {{ ref('shipworthy', 'shipworthy__known_agents') }}

    where match_on = 'login'
{%- endmacro %}
