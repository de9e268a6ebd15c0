{#- Stops a model whose keys repeat before its transaction ends, where there is one, by one question and no index. For a
    mart of millions of rows: there an index costs several times what the rows do, in time and in the file. A post-hook;
    the key is the grain that the model states. -#}
{% macro refuse_repeated_keys() -%}
    {%- if execute -%}
        {%- set key = model.config.meta.grain | join(', ') -%}
        {%- set repeated = run_query(
            'select ' ~ key ~ ', count(*) as copies from ' ~ this ~ ' group by ' ~ key ~ ' having count(*) > 1 limit 1'
        ).rows -%}
        {%- if repeated | length > 0 -%}
            {%- do exceptions.raise_compiler_error(
                this ~ ': there are ' ~ repeated[0]['copies'] ~ ' rows of one key (' ~ key ~ '): '
                ~ repeated[0].values()[:-1] | join(', ') ~ '.'
            ) -%}
        {%- endif -%}
    {%- endif -%}
    {{ return('') }}
{%- endmacro %}
