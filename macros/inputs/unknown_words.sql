{#- What becomes of a row with another word in a column: how it is handled, and in words. -#}
{% macro unknown_word_handling(column) -%}
    {%- set handlings = {
        'author_kind': ['handled', 'neither a human nor an agent'],
        'authorship': ['handled', 'read as untagged'],
        'attribution_method': ['as_is', 'shown as it is'],
        'path_class': ['as_is', 'counted at weight 1'],
        'closed_by_kind': ['handled', 'not closed by a human'],
        'reviewer_kind': ['handled', 'not a human review'],
        'state': ['handled', 'no approval and no request for changes'],
        'status': ['left_out', 'not successful'],
        'kind': ['handled', 'read as deploy'],
        'category': ['left_out', 'a cost of no known kind'],
        'bucket_hours': ['as_is', 'a bucket of so many hours']
    } -%}
    {{ return(handlings[column]) }}
{%- endmacro %}

{% macro is_unknown_word(column, words) -%}
    {{ return('cast(' ~ column ~ ' as ' ~ dbt.type_string() ~ ") not in ('" ~ words | join("', '") ~ "')") }}
{%- endmacro %}
