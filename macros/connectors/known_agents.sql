{#- The accounts and words of known agents and bots, for the models of GitHub's tables: those that are matched on `login`,
    `email` or `subject_prefix`. Stands for the body of a CTE. -#}
{% macro known_agents(match_on) -%}
    select
        match_on,
        lower(value) as value,
        author_kind,
        ai_tool,
        counts_as_coauthor,
        coalesce(trailers_count, false) as trailers_count

    from {{ ref('shipworthy', 'shipworthy__known_agents') }}

    where match_on in ('{{ match_on | join("', '") }}')
{%- endmacro %}
