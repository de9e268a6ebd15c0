{#- The words that the columns of an input may hold, as python/shipworthy/contract.py states them (a test keeps the two
    equal), and what the models make of any other. -#}
{% macro input_words(input) -%}
    {%- set kinds = ['human', 'agent', 'automation'] -%}
    {%- set authorships = ['ai', 'human', 'automation', 'untagged'] -%}
    {%- set methods = ['line_ranges', 'author', 'trailer', 'declared'] -%}
    {%- set classes = ['code', 'test', 'config', 'docs', 'data', 'generated', 'vendored'] -%}
    {%- set words = {
        'commits': {'author_kind': kinds, 'authorship': authorships, 'attribution_method': methods},
        'line_births': {'authorship': authorships, 'path_class': classes, 'attribution_method': methods},
        'line_deaths': {'authorship': authorships, 'path_class': classes},
        'pull_requests': {'author_kind': kinds, 'authorship': authorships, 'closed_by_kind': kinds},
        'reviews': {
            'reviewer_kind': kinds, 'state': ['approved', 'changes_requested', 'commented', 'dismissed']
        },
        'pull_request_commits': {'author_kind': kinds, 'authorship': authorships},
        'review_threads': {'author_kind': kinds},
        'costs': {'category': ['builders', 'ai', 'build_infrastructure']},
        'deployments': {
            'status': ['success', 'failure', 'cancelled', 'in_progress'], 'kind': ['deploy', 'flag']
        },
        'ai_usage': {'bucket_hours': ['1', '24']}
    } -%}
    {{ return(words.get(input, {})) }}
{%- endmacro %}

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
