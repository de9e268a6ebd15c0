{#- Who an account is: human, agent or automation. What its source says, unless a project knows better; `key` is the
    salted hash of the account. Asked of authors, reviewers, and who closed a request. -#}
{% macro author_kind(kind, key) -%}
    {{ return(adapter.dispatch('author_kind', 'shipworthy')(kind, key)) }}
{%- endmacro %}

{% macro default__author_kind(kind, key) -%}
    {{ kind }}
{%- endmacro %}
