{#- dbt-spark writes a seed's missing value as the text 'None', and breaks at quotes. Here the rows travel as JSON. -#}
{% macro spark__load_csv_rows(model, agate_table) -%}
    {%- set data_types = model['config'].get('column_types', {}) -%}
    {%- set statements = [] -%}
    {%- for chunk in agate_table.rows | batch(5000) -%}
        {%- set records = [] -%}
        {%- for row in chunk -%}
            {%- set record = [] -%}
            {%- for value in row -%}
                {%- do record.append(none if value is none else value | string) -%}
            {%- endfor -%}
            {%- do records.append(record) -%}
        {%- endfor -%}
        {%- set sql -%}
            insert into {{ this.render() }}
            select
                {%- for name in agate_table.column_names %}
                {%- set data_type = data_types.get(name, adapter.convert_type(agate_table, loop.index0)) %}
                cast(record[{{ loop.index0 }}] as {{ shipworthy.spark_type(data_type) }}) as {{ name }}{{ "," if not loop.last }}
                {%- endfor %}
            from (
                select explode(from_json(
                    '{{ tojson(records) | replace("\\", "\\\\") | replace("'", "\\'") }}', 'array<array<string>>'
                )) as record
            )
        {%- endset -%}
        {%- do adapter.add_query(sql, abridge_sql_log=True) -%}
        {%- do statements.append(sql) -%}
    {%- endfor -%}
    {{ return(statements[0]) }}
{%- endmacro %}

{% macro spark__create_csv_table(model, agate_table) -%}
    {%- set data_types = model['config'].get('column_types', {}) -%}
    {%- set sql -%}
        create table {{ this.render() }} (
            {%- for name in agate_table.column_names %}
            {%- set data_type = data_types.get(name, adapter.convert_type(agate_table, loop.index0)) %}
            {{ name }} {{ shipworthy.spark_type(data_type) }}{{ "," if not loop.last }}
            {%- endfor %}
        )
        {{ file_format_clause() }}
    {%- endset -%}
    {%- call statement('_') -%}
        {{ sql }}
    {%- endcall -%}
    {{ return(sql) }}
{%- endmacro %}
