{#- What stands between `as` and the query of a CTE that must not be written down before it is read: a view that names it
    more than once reads of it what its own reader asks for, and no more. -#}
{% macro inlined() -%}
    {{ return(adapter.dispatch('inlined', 'shipworthy')()) }}
{%- endmacro %}

{% macro default__inlined() -%}
    {{ return('') }}
{%- endmacro %}

{% macro duckdb__inlined() -%}
    {{ return('not materialized ') }}
{%- endmacro %}

{#- The contrary: a CTE that is computed before anything is joined to it. DuckDB otherwise joins two tables that share their
    keys with a third to each other first, also where that gives the square of their rows. -#}
{% macro computed_first() -%}
    {{ return(adapter.dispatch('computed_first', 'shipworthy')()) }}
{%- endmacro %}

{% macro default__computed_first() -%}
    {{ return('') }}
{%- endmacro %}

{% macro duckdb__computed_first() -%}
    {{ return('materialized ') }}
{%- endmacro %}

{#- One row of each key, the first in the order that is given. `keys` are expressions on a row of `relation`. -#}
{% macro first_row_per_key(relation, columns, keys, has_key, ordering) -%}
    {{ return(adapter.dispatch('first_row_per_key', 'shipworthy')(relation, columns, keys, has_key, ordering)) }}
{%- endmacro %}

{% macro default__first_row_per_key(relation, columns, keys, has_key, ordering) %}
    select
        {{ columns | join(',\n        ') }}

    from (
        select
            *,
            row_number() over (
                partition by {{ keys | join(', ') }}
                order by {{ ordering | join(' desc nulls last, ') }} desc nulls last
            ) as copy

        from {{ relation }}

        where {{ has_key }}
    ) as numbered

    where copy = 1
{%- endmacro %}

{#- Rows with a key, of which those whose key repeats are looked for: all of them, or, where few can be told apart cheaply,
    those alone. -#}
{% macro rows_that_may_repeat(relation, keys, has_key) -%}
    {{ return(adapter.dispatch('rows_that_may_repeat', 'shipworthy')(relation, keys, has_key)) }}
{%- endmacro %}

{% macro default__rows_that_may_repeat(relation, keys, has_key) -%}
    select * from {{ relation }}

    where {{ has_key }}
{%- endmacro %}

{% macro duckdb__rows_that_may_repeat(relation, keys, has_key) %}
    {%- set key_hash = 'hash(' ~ keys | join(', ') ~ ')' -%}
    select * from {{ relation }}

    where
        {{ has_key }}
        and {{ key_hash }} in (
            select {{ key_hash }} from {{ relation }}

            where {{ has_key }}

            group by {{ key_hash }}

            having count(*) > 1
        )
{%- endmacro %}

{#- Putting all rows in order costs three times what finding keys that repeat does, and reads every column. Few keys
    repeat if any, so only their rows are put in order. Keys are compared by their hash: of two with one hash, both take
    the slow way. -#}
{% macro duckdb__first_row_per_key(relation, columns, keys, has_key, ordering) %}
    {%- set key_hash = 'hash(' ~ keys | join(', ') ~ ')' %}
    with

    repeated as materialized (

        select {{ key_hash }} as key_hash

        from {{ relation }}

        where {{ has_key }}

        group by {{ key_hash }}

        having count(*) > 1

    )

    select
        {{ columns | join(',\n        ') }}

    from {{ relation }}

    where
        {{ has_key }}
        and {{ key_hash }} not in (select key_hash from repeated)

    union all
    {{ shipworthy.default__first_row_per_key(
        relation,
        columns,
        keys,
        has_key ~ ' and ' ~ key_hash ~ ' in (select key_hash from repeated)',
        ordering
    ) }}
{%- endmacro %}
