{#- One row a check, to be added to others: how many rows of <input>_checked there are, how many are bad, and one of them. -#}
{% macro checked_rows(input, key, checks) -%}
    {{ return(adapter.dispatch('checked_rows', 'shipworthy')(input, key, checks)) }}
{%- endmacro %}

{% macro default__checked_rows(input, key, checks) -%}
    {%- for reason, condition, handling, what_happens in checks %}

    union all

    select
        '{{ input }}' as input_name,
        '{{ reason }}' as reason,
        '{{ handling }}' as handling,
        '{{ what_happens }}' as what_happens,
        count(*) as rows_checked,
        sum(case when {{ condition }} then 1 else 0 end) as row_count,
        min(case when {{ condition }} then {{ key }} end) as example_key,
        cast(null as {{ dbt.type_bigint() }}) as tokens

    from {{ input }}_checked
    {%- endfor %}
{%- endmacro %}

{#- Spark would read the input, and all that it is made of, once a check. -#}
{% macro spark__checked_rows(input, key, checks) -%}
    union all

    select
        '{{ input }}' as input_name,
        stack(
            {{ checks | length }}
            {%- for reason, condition, handling, what_happens in checks %},
            '{{ reason }}', '{{ handling }}', '{{ what_happens }}',
            rows_checked, row_count_{{ loop.index }}, example_key_{{ loop.index }}
            {%- endfor %}
        ) as (reason, handling, what_happens, rows_checked, row_count, example_key),
        cast(null as bigint) as tokens

    from (
        select
            count(*) as rows_checked
            {%- for reason, condition, handling, what_happens in checks %},
            sum(case when {{ condition }} then 1 else 0 end) as row_count_{{ loop.index }},
            min(case when {{ condition }} then {{ key }} end) as example_key_{{ loop.index }}
            {%- endfor %}
        from {{ input }}_checked
    )
{%- endmacro %}
