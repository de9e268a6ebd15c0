{{ config(alias='data_quality') }}

{#- A new check stands beside its rows, in a model of models/intermediate/quality/. -#}
{%- set subjects = ['commits', 'lines', 'requests', 'deployments', 'incidents', 'people', 'services', 'sources'] %}

with

checked as (
    {% for subject in subjects %}
    select * from {{ ref('shipworthy', 'int_shipworthy__' ~ subject ~ '_checked') }}
    {{ "union all" if not loop.last }}
    {% endfor %}
),

-- A load may call what it finds as a check is called: they are one row then.
summed as (

    select
        input_name,
        reason,
        min(handling) as handling,
        min(what_happens) as what_happens,
        max(rows_checked) as rows_checked,
        sum(row_count) as row_count,
        min(example_key) as example_key,
        sum(tokens) as tokens

    from checked

    group by input_name, reason

),

-- Where there is no row to check, nobody knows how many would be bad.
final as (

    select
        input_name,
        reason,
        case when rows_checked > 0 then cast(row_count as {{ dbt.type_bigint() }}) end as row_count,
        cast(rows_checked as {{ dbt.type_bigint() }}) as rows_checked,
        example_key,
        cast(tokens as {{ dbt.type_bigint() }}) as tokens,
        handling,
        what_happens,
        case when rows_checked = 0 then 'no_rows' end as null_reason

    from summed

)

select * from final
