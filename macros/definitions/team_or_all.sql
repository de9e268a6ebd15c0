{#- Rows of a team count for the team and for the organisation: a CTE `scopes` of both, to cross join with, so that what
    is summed by `team_or_all` needs no join on either of two conditions. -#}
{% macro team_and_organisation() -%}
    select false as is_organisation

    union all

    select true as is_organisation
{%- endmacro %}

{% macro team_or_all(team) -%}
    case when scopes.is_organisation then 'all teams' else {{ team }} end
{%- endmacro %}
