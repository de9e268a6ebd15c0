{#- Staging keeps one row of each key: what has a key beyond that are copies, and only then is it asked of which. -#}
{%- set inputs = shipworthy.input_keys() | list -%}

with

{% for input in inputs -%}
{{ input }}_read as {{ shipworthy.inlined() }}(

    {{ shipworthy.read_input(input) }}

),

{% set keys = shipworthy.keys_as_read(input) -%}
{%- set key_parts = shipworthy.key_expressions(input, keys) -%}
{%- set has_key = shipworthy.has_key(input, keys) -%}
{%- set key_text = shipworthy.key_text(input) -%}
{{ input }}_staged as (

    select count(*) as staged_rows

    from {{ ref('shipworthy', 'stg_shipworthy__' ~ input) }}

),

{{ input }}_checked as (

    select
        count(case when {{ has_key }} then 1 end) as keyed_rows,
        count(case when not ({{ has_key }}) then 1 end) as no_key_rows,
        {% for reason, condition in shipworthy.holds_what_is_read_as_unknown(input).items() -%}
        count(case when {{ condition }} then 1 end) as {{ reason }}_rows,
        min(case when {{ condition }} then {{ key_text }} end) as {{ reason }}_example,
        {% endfor -%}
        min(case when not ({{ has_key }}) then {{ key_text }} end) as no_key_example

    from {{ input }}_read

),

{{ input }}_counted as (

    select
        checked.*,
        greatest(checked.keyed_rows - staged.staged_rows, 0) as duplicate_key_rows

    from {{ input }}_checked as checked

    cross join {{ input }}_staged as staged

),

{{ input }}_suspected as {{ shipworthy.inlined() }}(

    select rows_read.*

    from {{ input }}_read as rows_read

    cross join {{ input }}_counted as counted

    where counted.duplicate_key_rows > 0

),

{{ input }}_repeated as (

    select min({{ key_text }}) as key_text

    from (
        {{ shipworthy.rows_that_may_repeat(input ~ '_suspected', key_parts, has_key) | indent(8) }}
    ) as rows_with_key

    group by {{ key_parts | join(', ') }}

    having count(*) > 1

),

{{ input }}_example as (

    select min(key_text) as key_text

    from {{ input }}_repeated

),

{% endfor -%}
found as (

    {% for input in inputs -%}
    select
        '{{ input }}' as input_name,
        'duplicate_key' as reason,
        cast(counted.duplicate_key_rows as {{ dbt.type_bigint() }}) as row_count,
        example.key_text as example_key

    from {{ input }}_counted as counted

    cross join {{ input }}_example as example
    {% for reason in ['no_key'] + shipworthy.holds_what_is_read_as_unknown(input).keys() | list %}
    union all

    select
        '{{ input }}' as input_name,
        '{{ reason }}' as reason,
        cast({{ reason }}_rows as {{ dbt.type_bigint() }}) as row_count,
        {{ reason }}_example as example_key

    from {{ input }}_counted
    {% endfor %}
    {% if not loop.last %}
    union all

    {% endif %}
    {%- endfor %}
),

-- A row that holds what nobody can mean is kept, without it.
final as (

    select
        input_name,
        reason,
        case when reason = 'no_key' then 'left_out' else 'handled' end as handling,
        case
            when reason = 'no_key' then 'part of its key is unknown'
            when reason = 'duplicate_key' then 'one row of each key is kept: the one that knows most'
            when reason = 'implausible_time' then 'a time before 1970 or from 2100 on is read as unknown'
            when reason = 'implausible_number'
                then 'a count below 0 or above 10^12, or an amount beyond 10^15, is read as unknown'
            else 'what is neither true nor false is read as unknown'
        end as what_happens,
        row_count,
        example_key,
        sum(case when reason in ('no_key', 'duplicate_key') then row_count else 0 end) over (partition by input_name)
            as rows_left_out

    from found

)

select * from final
