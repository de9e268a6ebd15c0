{#- Authorship as comparisons read it: ai, human, automation or unknown.

    Code that landed before the first AI assistant was on the market is human unless it is automation. Untagged
    code is what shipworthy__untagged_counts_as says; under `auto` it is human where its author is known and had no
    AI usage in the 7 days before landing, or where no AI usage is loaded at all. -#}
{% macro read_authorship(authorship, landed_at, author_key, author_used_ai, has_ai_usage) -%}
    {{ return(adapter.dispatch('read_authorship', 'shipworthy')(
        authorship, landed_at, author_key, author_used_ai, has_ai_usage
    )) }}
{%- endmacro %}

{% macro default__read_authorship(authorship, landed_at, author_key, author_used_ai, has_ai_usage) -%}
    case
        when {{ authorship }} = 'automation' then 'automation'
        when {{ landed_at }} < timestamp '2021-06-29 00:00:00' then 'human'
        when {{ authorship }} in ('ai', 'human') then {{ authorship }}
        {%- if var('shipworthy__untagged_counts_as') in ('human', 'unknown') %}
        else '{{ var('shipworthy__untagged_counts_as') }}'
        {%- else %}
        when not {{ has_ai_usage }} then 'human'
        when {{ author_key }} is not null and not {{ author_used_ai }} then 'human'
        else 'unknown'
        {%- endif %}
    end
{%- endmacro %}

{#- What the human side of a comparison rests on. -#}
{% macro comparison_basis(has_ai_usage) -%}
    {%- if var('shipworthy__untagged_counts_as') == 'auto' -%}
        case when {{ has_ai_usage }} then 'ai_usage' else 'trailers_only' end
    {%- else -%}
        'untagged_as_{{ var('shipworthy__untagged_counts_as') }}'
    {%- endif -%}
{%- endmacro %}

{#- Authorship of a whole change from its added lines: ai from one half on, else the largest of the others, ties
    in the order human, automation, unknown; without added lines, the commit's own. -#}
{% macro majority_authorship(ai_lines, human_lines, automation_lines, unknown_lines, own_authorship) -%}
    case
        when coalesce({{ ai_lines }} + {{ human_lines }} + {{ automation_lines }} + {{ unknown_lines }}, 0) = 0
            then {{ own_authorship }}
        when 2 * {{ ai_lines }} >= {{ ai_lines }} + {{ human_lines }} + {{ automation_lines }} + {{ unknown_lines }}
            then 'ai'
        when {{ human_lines }} >= {{ automation_lines }} and {{ human_lines }} >= {{ unknown_lines }} then 'human'
        when {{ automation_lines }} >= {{ unknown_lines }} then 'automation'
        else 'unknown'
    end
{%- endmacro %}
