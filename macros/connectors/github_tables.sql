{#- GitHub's tables as other tools land them: which tool is `shipworthy__github_tables`. Six macros here, one an
    entity, choose that tool's; each gives the same columns, from which models/staging/github makes inputs. -#}
{% macro github_tables() -%}
    {{ return(var('shipworthy__github_tables')) }}
{%- endmacro %}

{#- Whether an input comes from those tables. -#}
{% macro is_from_github_tables(input) -%}
    {{ return(shipworthy.github_tables() != 'none' and input in var('shipworthy__github_inputs')) }}
{%- endmacro %}

{#- One landed table with the columns asked for, each with its type. A column that the tool never made is null:
    connectors make a column when its first value arrives, merged_at with the first merge; some make tables so. -#}
{% macro github_table(table, columns, may_be_missing=false) -%}
    {%- do shipworthy.checked_variable('shipworthy__github_relations') -%}
    {%- set relation = source('shipworthy_github_' ~ shipworthy.github_tables(), table) -%}
    {%- set landed = {} -%}
    {%- if execute -%}
        {%- for column in adapter.get_columns_in_relation(relation) -%}
            {%- do landed.update({column.name | lower: column.dtype | lower}) -%}
        {%- endfor -%}
        {%- if not landed and not may_be_missing -%}
            {%- do exceptions.raise_compiler_error(
                "shipworthy: " ~ relation ~ " does not exist; name it in the variable shipworthy__github_relations ("
                ~ table ~ ": its name), or take the inputs that need it out of shipworthy__github_inputs."
            ) -%}
        {%- endif -%}
    {%- endif -%}
    (
        select
        {%- for name, data_type in columns.items() %}
            {%- set landed_type = landed.get(name, '') -%}
            {#- `user` is a word of SQL. -#}
            {%- set column = adapter.quote(name) if name == 'user' else name -%}
            {#- A plain cast of a time with a zone would move it to the session's. -#}
            {%- if data_type == dbt.type_timestamp() and ('with time zone' in landed_type or 'timestamptz' in landed_type) -%}
                {%- set column = "timezone('UTC', " ~ column ~ ")" -%}
            {%- elif execute and name not in landed -%}
                {%- set column = 'null' -%}
            {%- endif %}
            cast({{ column }} as {{ data_type }}) as {{ 'user_json' if name == 'user' else name }}
            {{- "," if not loop.last }}
        {%- endfor %}
        {% if landed or not execute %}from {{ relation }}{% else %}where 1 = 0{% endif %}
    )
{%- endmacro %}

{#- `acme/shop` and `12` out of https://api.github.com/repos/acme/shop/pulls/12, wherever the interface is. -#}
{% macro repository_in_url(url) -%}
    nullif(
        split_part(split_part({{ url }}, '/repos/', 2), '/', 1)
        || '/' || split_part(split_part({{ url }}, '/repos/', 2), '/', 2),
        '/'
    )
{%- endmacro %}

{% macro number_in_url(url) -%}
    cast(nullif(split_part(split_part({{ url }}, '/repos/', 2), '/', 4), '') as {{ dbt.type_bigint() }})
{%- endmacro %}

{#- The login in 123+login@users.noreply.github.com; null for other addresses. -#}
{% macro login_in_noreply_address(email) -%}
    case
        when lower({{ email }}) like '%+%@users.noreply.github.com'
            then split_part(split_part({{ email }}, '@', 1), '+', 2)
        when lower({{ email }}) like '%@users.noreply.github.com' then split_part({{ email }}, '@', 1)
    end
{%- endmacro %}

{#- What people are known by: GitHub's account number, which is no name and never changes hands. -#}
{% macro github_person_key(account_id) -%}
    'github-id:' || cast({{ account_id }} as {{ dbt.type_string() }})
{%- endmacro %}

{#- What an account is, from the reference seed of known agents, the suffix of apps, and GitHub's own word. -#}
{% macro github_account_kind(login, account_type, known_agent_kind) -%}
    case
        when {{ known_agent_kind }} is not null then {{ known_agent_kind }}
        when lower({{ login }}) like '%[bot]' or {{ account_type }} = 'Bot' then 'automation'
        when {{ login }} is not null then 'human'
    end
{%- endmacro %}

{#- The chosen tool's rows of one entity. -#}
{% macro github_entity(entity) -%}
    {%- set tools = {
        'fivetran': {
            'requests': shipworthy.fivetran_github_requests,
            'commits': shipworthy.fivetran_github_commits,
            'reviews': shipworthy.fivetran_github_reviews,
            'comments': shipworthy.fivetran_github_comments,
            'deployments': shipworthy.fivetran_github_deployments,
            'deployment_statuses': shipworthy.fivetran_github_deployment_statuses
        },
        'airbyte': {
            'requests': shipworthy.airbyte_github_requests,
            'commits': shipworthy.airbyte_github_commits,
            'reviews': shipworthy.airbyte_github_reviews,
            'comments': shipworthy.airbyte_github_comments,
            'deployments': shipworthy.airbyte_github_deployments,
            'deployment_statuses': shipworthy.airbyte_github_deployment_statuses
        },
        'dlt': {
            'requests': shipworthy.dlt_github_requests,
            'commits': shipworthy.dlt_github_commits,
            'reviews': shipworthy.dlt_github_reviews,
            'comments': shipworthy.dlt_github_comments,
            'deployments': shipworthy.dlt_github_deployments,
            'deployment_statuses': shipworthy.dlt_github_deployment_statuses
        }
    } -%}
    {#- A linter looks at switched-off models too. -#}
    {%- if shipworthy.github_tables() in tools -%}
    {{ tools[shipworthy.github_tables()][entity]() }}
    {%- endif -%}
{%- endmacro %}
