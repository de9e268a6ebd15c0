{#- Whether the demo may be read at all. It belongs to this repository: a project that installs the package never reads
    it. dbt asks this while it parses, before it could look into the warehouse. -#}
{% macro demo_may_be_read() -%}
    {{ return(project_name == 'shipworthy' and var('shipworthy__demo') in (true, 'auto')) }}
{%- endmacro %}

{#- Whether the demo is what the models read: where it is asked for by name and, left to itself, as long as nothing else
    is there. Never both. -#}
{% macro is_demo() -%}
    {%- if not shipworthy.demo_may_be_read() -%}
        {{ return(false) }}
    {%- elif var('shipworthy__demo') == true -%}
        {{ return(true) }}
    {%- endif -%}
    {{ return(not shipworthy.names_other_sources() and not shipworthy.raw_tables_hold_rows()) }}
{%- endmacro %}

{#- Whether variables point at models or tables of somebody's own. -#}
{% macro names_other_sources() -%}
    {{ return(
        (var('shipworthy__relations') or {}) | length > 0 or var('shipworthy__github_tables') != 'none'
    ) }}
{%- endmacro %}

{#- Whether any table of the source contract holds a row. The first one that does is the answer: each staging model asks. -#}
{% macro raw_tables_hold_rows() -%}
    {%- for input in shipworthy.input_keys() -%}
        {%- set relation = adapter.get_relation(
            database=target.database, schema=var('shipworthy__raw_schema'), identifier=input
        ) -%}
        {%- if relation is not none and run_query('select 1 as one from ' ~ relation ~ ' limit 1').rows | length > 0 -%}
            {{ return(true) }}
        {%- endif -%}
    {%- endfor -%}
    {{ return(false) }}
{%- endmacro %}

{#- What the rows are, as `headline.data_source` says it. -#}
{% macro data_source() -%}
    {{ return('DEMO' if execute and shipworthy.is_demo() else 'loaded') }}
{%- endmacro %}

{#- Refuses to build marts on staging that still reads the other source: somebody loaded the first rows, and then asked
    for a part of the models. Refuses, too, to put the demo unasked where marts of loaded rows are: somebody removed the
    rows, or forgot the variable that says where they are. -#}
{% macro check_data_source() -%}
    {%- set staged = [] -%}
    {%- set others = [] -%}
    {%- set node = graph.nodes['model.shipworthy.stg_shipworthy__data_source'] -%}
    {%- for model in shipworthy.own_models() -%}
        {%- set chosen = model.unique_id in selected_resources -%}
        {%- if model.path.startswith('staging') and not chosen -%}
            {%- do staged.append(model.name) -%}
        {%- elif chosen -%}
            {%- do others.append(model.name) -%}
        {%- endif -%}
    {%- endfor -%}
    {%- if not (shipworthy.demo_may_be_read() and others) -%}
        {{ return('') }}
    {%- endif -%}
    {%- set relation = adapter.get_relation(database=node.database, schema=node.schema, identifier=node.alias) -%}
    {%- if relation is none -%}
        {{ return('') }}
    {%- endif -%}
    {%- set before = run_query('select data_source from ' ~ relation).columns[0].values()[0] -%}
    {%- set now = shipworthy.data_source() -%}
    {%- if before == 'loaded' and now == 'DEMO' and var('shipworthy__demo') == 'auto' -%}
        {%- do shipworthy.refuse(
            "the models were last built from loaded tables, and no such table holds a row now: the demo would replace their "
            ~ "marts. Load something, repeat the variables that say where the rows are, or say what to build: "
            ~ "--vars 'shipworthy__demo: true' the demo, --vars 'shipworthy__demo: false' the empty tables."
        ) -%}
    {%- elif staged and before != now -%}
        {%- do shipworthy.refuse(
            "the models were last built from " ~ ('the demo' if before == 'DEMO' else 'loaded tables') ~ " and would now read "
            ~ ('the demo' if now == 'DEMO' else 'loaded tables')
            ~ "; run `dbt build` without a selection once, so that the two never mix."
        ) -%}
    {%- endif -%}
{%- endmacro %}

{#- Says at the end of a build what it was built from, where there is a choice. -#}
{% macro tell_data_source() -%}
    {%- if execute and flags.WHICH in ('build', 'run') and shipworthy.demo_may_be_read() -%}
        {%- set sentence = (
            'DEMO: an invented organisation; load something, and the next build reads that alone'
            if shipworthy.is_demo() else 'built from the tables of ' ~ var('shipworthy__raw_schema')
        ) -%}
        {%- do log('shipworthy: ' ~ sentence ~ '.', info=true) -%}
    {%- endif -%}
    {{ return('') }}
{%- endmacro %}
