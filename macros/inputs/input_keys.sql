{% macro input_key(input) -%}
    {{ return(shipworthy.input_keys()[input]) }}
{%- endmacro %}

{#- Key columns in which null has a meaning: always, not moved. -#}
{% macro key_may_be_null(column) -%}
    {{ return(column in ('valid_from_on', 'is_moved', 'birth_is_moved')) }}
{%- endmacro %}

{#- Key columns as an expression each; a move that nobody recorded is none. -#}
{% macro key_expressions(input, names={}) -%}
    {%- set expressions = [] -%}
    {%- for column in shipworthy.input_key(input) -%}
        {%- set name = names.get(column, column) -%}
        {%- do expressions.append('coalesce(' ~ name ~ ', false)' if column in ('is_moved', 'birth_is_moved') else name) -%}
    {%- endfor -%}
    {{ return(expressions) }}
{%- endmacro %}

{#- Condition on a row: every part of its key is there that must be. -#}
{% macro has_key(input, names={}) -%}
    {%- set conditions = [] -%}
    {%- for column in shipworthy.input_key(input) if not shipworthy.key_may_be_null(column) -%}
        {%- do conditions.append(names.get(column, column) ~ ' is not null') -%}
    {%- endfor -%}
    {{ return(conditions | join(' and ')) }}
{%- endmacro %}

{#- The key of a row as text; a key that names a person is shown to nobody. -#}
{% macro key_text(input) -%}
    {%- if input in ('people', 'identities') -%}
        {{ return('cast(null as ' ~ dbt.type_string() ~ ')') }}
    {%- endif -%}
    {%- set parts = [] -%}
    {%- for column in shipworthy.input_key(input) -%}
        {%- do parts.append('coalesce(cast(' ~ column ~ ' as ' ~ dbt.type_string() ~ "), '-')") -%}
    {%- endfor -%}
    {{ return(parts | join(" || ' ' || ")) }}
{%- endmacro %}

{#- One row for each key, none without a key: loaders merge on the key, but a table that somebody else fills may repeat
    itself. Of several rows, the one that knows most is kept: the one with the latest `newest`, then the greatest values
    in the order of the contract, null last. Which one that is does not depend on the order of the table. -#}
{% macro one_row_per_key(input, relation, newest=none) -%}
    {%- set names = shipworthy.staged_names(input) -%}
    {%- set columns = [] -%}
    {%- for column in shipworthy.input_columns(input) -%}
        {%- do columns.append(names.get(column, column)) -%}
    {%- endfor -%}
    {%- set ordering = [] -%}
    {%- for column in ([newest] if newest else []) + columns if column not in ordering -%}
        {%- do ordering.append(column) -%}
    {%- endfor %}
    {{- shipworthy.first_row_per_key(
        relation, columns, shipworthy.key_expressions(input, names), shipworthy.has_key(input, names), ordering
    ) }}
{%- endmacro %}
