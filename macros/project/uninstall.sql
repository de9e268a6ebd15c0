{#- `dbt run-operation shipworthy.uninstall`: drops what the package built, before its row leaves packages.yml. Tables that
    loaders filled are not the package's, and stay. -#}
{% macro uninstall() -%}
    {%- set nodes = [] -%}
    {%- for node in graph.nodes.values()
        if node.package_name == 'shipworthy' and node.resource_type in ('model', 'seed')
        and node.config.materialized != 'ephemeral' -%}
        {%- do nodes.append(node) -%}
    {%- endfor -%}
    {%- set schemas = {} -%}
    {%- set dropped = [] -%}
    {%- set builds = shipworthy.builds_relation() -%}
    {%- set places = [[builds.database, builds.schema, builds.identifier]] -%}
    {%- for node in nodes -%}
        {%- do places.append([node.database, node.schema, node.alias]) -%}
    {%- endfor -%}
    {%- for database, schema, name in places -%}
        {%- set relation = adapter.get_relation(database=database, schema=schema, identifier=name) -%}
        {%- if relation is not none -%}
            {%- do adapter.drop_relation(relation) -%}
            {%- do dropped.append(name) -%}
        {%- endif -%}
        {%- do schemas.update({schema: api.Relation.create(database=database, schema=schema)}) -%}
    {%- endfor -%}
    {%- for schema, relation in schemas.items() if schema != target.schema -%}
        {%- if shipworthy.is_empty_schema(relation) -%}
            {%- do adapter.drop_schema(relation) -%}
        {%- endif -%}
    {%- endfor -%}
    {%- do adapter.commit() if target.type == 'postgres' else none -%}
    {%- do log(
        'shipworthy: dropped ' ~ dropped | length ~ ' tables and views; now remove the package from packages.yml.', info=true
    ) -%}
{%- endmacro %}
