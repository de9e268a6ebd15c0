{#- Which builds there were, and what became of them: the one place where the warehouse says whether its marts may be
    shown. A line when a run begins and one when it ends, so that a run that was cut short stays `running`. -#}

{#- Begins a run in the record; an on-run-start hook. -#}
{% macro record_start() -%}
    {%- if execute and shipworthy.touches_the_package() -%}
        {%- set builds = shipworthy.builds_relation() -%}
        {%- do adapter.create_schema(builds) -%}
        {%- call statement('shipworthy_builds', auto_begin=true) -%}
            create table if not exists {{ builds }} (
                {%- for column in shipworthy.builds_columns() %}
                {{ column.name }} {{ column.data_type }}{{ ',' if not loop.last }}
                {%- endfor %}
            )
        {%- endcall -%}
        {%- do shipworthy.record_state('running', none) -%}
    {%- endif -%}
    {{ return('') }}
{%- endmacro %}

{#- Ends it; an on-run-end hook. -#}
{% macro record_end(results) -%}
    {%- if execute and shipworthy.touches_the_package() -%}
        {%- set bad = [] -%}
        {%- for result in results -%}
            {%- if result.status | string not in ('success', 'pass', 'warn', 'no-op', 'reused')
                and shipworthy.concerns_the_package(result.node) -%}
                {%- do bad.append(result.node.name) -%}
            {%- endif -%}
        {%- endfor -%}
        {%- do shipworthy.record_state('failed' if bad else 'succeeded', bad | join(', ') if bad else none) -%}
    {%- endif -%}
    {{ return('') }}
{%- endmacro %}

{% macro record_state(state, failed) -%}
    {%- set columns = shipworthy.builds_columns() -%}
    {%- set values = {
        'run_id': invocation_id,
        'state': state,
        'command': 'dbt ' ~ flags.WHICH,
        'scope': shipworthy.scope_of_run(),
        'failed': failed,
        'marts': tojson(shipworthy.relations_of_marts())
    } -%}
    {%- call statement('shipworthy_builds', auto_begin=true) -%}
        insert into {{ shipworthy.builds_relation() }} ({{ columns | map(attribute='name') | join(', ') }})
        values (
            {%- for column in columns %}
            {% if column.name == 'recorded_at' -%}
                cast('{{ modules.datetime.datetime.now(modules.pytz.utc).strftime("%Y-%m-%d %H:%M:%S.%f") }}' as {{ column.data_type }})
            {%- elif values[column.name] is none -%}
                null
            {%- else -%}
                '{{ values[column.name] | string | replace("'", "''") }}'
            {%- endif -%}
            {{ ',' if not loop.last }}
            {%- endfor %}
        )
    {%- endcall -%}
    {%- do adapter.commit() -%}
{%- endmacro %}

{% macro builds_columns() -%}
    {{ return([
        {'name': 'run_id', 'data_type': dbt.type_string()},
        {'name': 'recorded_at', 'data_type': dbt.type_timestamp()},
        {'name': 'state', 'data_type': dbt.type_string()},
        {'name': 'command', 'data_type': dbt.type_string()},
        {'name': 'scope', 'data_type': dbt.type_string()},
        {'name': 'failed', 'data_type': dbt.type_string()},
        {'name': 'marts', 'data_type': dbt.type_string()}
    ]) }}
{%- endmacro %}

{#- Beside what else the warehouse knows of itself, under a name of the package's own: a project's rule may put all
    models into one schema. -#}
{% macro builds_relation() -%}
    {%- set node = graph.nodes['model.shipworthy.stg_shipworthy__data_source'] -%}
    {{ return(api.Relation.create(database=node.database, schema=node.schema, identifier='shipworthy_builds')) }}
{%- endmacro %}

{#- What the run covers: `all` models of the package, `part` of them, its `tests` alone, or the `rest` of the run before. -#}
{% macro scope_of_run() -%}
    {%- if shipworthy.is_retry() -%}
        {{ return('rest') }}
    {%- elif flags.WHICH == 'test' -%}
        {{ return('tests') }}
    {%- elif invocation_args_dict.get('empty') or invocation_args_dict.get('sample') -%}
        {{ return('part') }}
    {%- endif -%}
    {%- for node in shipworthy.own_models() if node.unique_id not in selected_resources -%}
        {{ return('part') }}
    {%- endfor -%}
    {{ return('all') }}
{%- endmacro %}

{#- Whether a run changes or tests what the package makes: not where it selects other models, or seeds alone. -#}
{% macro touches_the_package() -%}
    {%- if flags.WHICH not in ('build', 'run', 'test', 'retry') -%}
        {{ return(false) }}
    {%- endif -%}
    {%- for unique_id in selected_resources if unique_id.startswith('model.shipworthy.') or unique_id.startswith('test.') -%}
        {%- if shipworthy.concerns_the_package(graph.nodes[unique_id]) -%}
            {{ return(true) }}
        {%- endif -%}
    {%- endfor -%}
    {{ return(false) }}
{%- endmacro %}

{#- A node of the package, or a project's test of one of its models. -#}
{% macro concerns_the_package(node) -%}
    {%- if node.package_name == 'shipworthy' -%}
        {{ return(true) }}
    {%- elif node.resource_type == 'test' -%}
        {%- for parent in node.depends_on.nodes if parent.startswith('model.shipworthy.') -%}
            {{ return(true) }}
        {%- endfor -%}
    {%- endif -%}
    {{ return(false) }}
{%- endmacro %}

{#- The package's models that write something. -#}
{% macro own_models() -%}
    {{ return(
        graph.nodes.values()
        | selectattr('package_name', 'equalto', 'shipworthy')
        | selectattr('resource_type', 'equalto', 'model')
        | rejectattr('config.materialized', 'equalto', 'ephemeral')
        | list
    ) }}
{%- endmacro %}

{#- Schema and name of each mart, in the order of their names. -#}
{% macro relations_of_marts() -%}
    {%- set relations = [] -%}
    {%- for node in shipworthy.own_models() | sort(attribute='alias') if node.fqn[1] == 'marts' -%}
        {%- do relations.append([node.schema, node.alias]) -%}
    {%- endfor -%}
    {{ return(relations) }}
{%- endmacro %}

{#- Whether this is `dbt retry`, which says of itself that it is the command it repeats. -#}
{% macro is_retry() -%}
    {{ return(' retry' in (invocation_args_dict.get('invocation_command') or '')) }}
{%- endmacro %}
