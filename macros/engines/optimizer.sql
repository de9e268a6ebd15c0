{#- What an engine's optimizer must not do in a run, because it gives wrong rows.

    DuckDB 2.0.0: where statistics prove that the right side of a left join is empty (`where is_flag` over a table without
    a true flag), a sum of whole numbers above it is taken for 0, so that `sum(n) > 0` is false and `nullif(sum(n), 0)`
    null. -#}
{% macro restrain_optimizer() -%}
    {{ return(adapter.dispatch('restrain_optimizer', 'shipworthy')()) }}
{%- endmacro %}

{% macro default__restrain_optimizer() -%}
{%- endmacro %}

{% macro duckdb__restrain_optimizer() -%}
    set global disabled_optimizers = 'statistics_propagation'
{%- endmacro %}
