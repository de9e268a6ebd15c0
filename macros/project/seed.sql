{#- The demo's tables are not written where the models do not read them. dbt takes this materialization in this
    repository alone: a project that installs the package keeps dbt's own. -#}
{% materialization seed, default %}
    {%- if model.fqn[1] == 'demo' and not shipworthy.is_demo() -%}
        {%- do store_result('agate_table', response='OK', agate_table=run_query('select 1 as one where 1 = 0')) -%}
        {%- call noop_statement('main', 'NOT NEEDED') -%}{%- endcall -%}
        {{ return({'relations': []}) }}
    {%- endif -%}
    {{ return(dbt.materialization_seed_default()) }}
{% endmaterialization %}
