{#- What a text that names a change says: the number of a request (`#12`, `!12`, `owner/name#12`, its address), the hash of
    a commit (alone, after `owner/name@`, or in its address), and the repository, in lower case, where it says so. -#}
{% macro referenced_number(reference) -%}
    cast(
        coalesce(
            {{ shipworthy.matched_part(
                'lower(trim(' ~ reference ~ '))',
                '^https?://.*/(pull|pulls|merge_requests|pull-requests|pullrequest)/([0-9]{1,18})', 2
            ) }},
            {{ shipworthy.matched_part('trim(' ~ reference ~ ')', '^[^ #!:]*[#!]([0-9]{1,18})$') }}
        ) as {{ dbt.type_bigint() }}
    )
{%- endmacro %}

{% macro referenced_repository(reference) -%}
    {%- set text = 'lower(trim(' ~ reference ~ '))' -%}
    coalesce(
        {{ shipworthy.matched_part(text, '^([^ #!:]+)[#!][0-9]{1,18}$') }},
        {{ shipworthy.matched_part(text, '^([^ @:]+)@[0-9a-f]{7,64}$') }},
        replace(
            {{ shipworthy.matched_part(
                text,
                '^https?://[^/]+/(api/v3/repos/|repos/)?([^?#]+)'
                ~ '/(pull|pulls|merge_requests|pull-requests|pullrequest|commit|commits)/[0-9a-f]+', 2
            ) }} || '/',
            '/-/',
            ''
        )
    )
{%- endmacro %}

{% macro referenced_commit(reference) -%}
    {%- set text = 'lower(trim(' ~ reference ~ '))' -%}
    coalesce(
        {{ shipworthy.matched_part(text, '^https?://.*/commits?/([0-9a-f]{7,64})') }},
        {{ shipworthy.matched_part(text, '^[^ @:]+@([0-9a-f]{7,64})$') }},
        {{ text }}
    )
{%- endmacro %}
