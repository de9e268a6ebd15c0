{#- The demo's tables are not written where the models do not read them, and DuckDB reads them itself: dbt takes some
    seconds more to read them row by row. dbt takes this materialization in this repository alone: a project that installs the
    package keeps dbt's own. -#}
{% materialization seed, default %}
    {%- set is_needed = model.fqn[1] != 'demo' or shipworthy.is_demo() -%}
    {%- if is_needed and not (model.fqn[1] == 'demo' and target.type == 'duckdb') -%}
        {{ return(dbt.materialization_seed_default()) }}
    {%- endif -%}
    {%- do store_result('agate_table', response='OK', agate_table=run_query('select 1 as one where 1 = 0')) -%}
    {%- if not is_needed -%}
        {%- call noop_statement('main', 'NOT NEEDED') -%}{%- endcall -%}
        {{ return({'relations': []}) }}
    {%- endif -%}
    {%- set columns = [] -%}
    {%- for name, data_type in model.config.column_types.items() -%}
        {%- do columns.append("'" ~ name ~ "': '" ~ data_type ~ "'") -%}
    {%- endfor -%}
    {%- set file = (model.root_path ~ '/' ~ model.original_file_path) | replace("'", "''") -%}
    {%- call statement('main') -%}
        create or replace table {{ this }} as
        select * from read_csv('{{ file }}', header = true, auto_detect = false, columns = { {{ columns | join(', ') }} })
    {%- endcall -%}
    {%- do adapter.commit() -%}
    {{ return({'relations': [this.incorporate(type='table')]}) }}
{% endmaterialization %}
