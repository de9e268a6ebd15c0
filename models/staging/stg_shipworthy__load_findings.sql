with

source as (

    {{ shipworthy.read_input('load_findings') }}

),

renamed as (

    select
        ---------- ids
        cast(input as {{ dbt.type_string() }}) as input_name,
        cast(source as {{ dbt.type_string() }}) as source,
        cast(reason as {{ dbt.type_string() }}) as reason,
        cast(subject as {{ dbt.type_string() }}) as subject,

        ---------- measures
        cast(row_count as {{ dbt.type_bigint() }}) as row_count,

        ---------- times (UTC)
        cast(found_at as {{ dbt.type_timestamp() }}) as found_at

    from source

),

final as (

    {{ shipworthy.one_row_per_key('load_findings', 'renamed', 'found_at') }}

)

select * from final
