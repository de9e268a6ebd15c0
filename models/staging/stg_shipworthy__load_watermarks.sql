with

source as (

    {{ shipworthy.read_input('load_watermarks') }}

),

renamed as (

    select
        ---------- ids
        cast(input as {{ dbt.type_string() }}) as input_name,
        cast(source as {{ dbt.type_string() }}) as source,

        ---------- measures
        cast(rows as {{ dbt.type_bigint() }}) as loaded_rows,
        cast(rejected_rows as {{ dbt.type_bigint() }}) as rejected_rows,

        ---------- times (UTC)
        cast(loaded_through as {{ dbt.type_timestamp() }}) as loaded_through,
        cast(loaded_at as {{ dbt.type_timestamp() }}) as loaded_at

    from source

),

final as (

    {{ shipworthy.one_row_per_key('load_watermarks', 'renamed', 'loaded_at') }}

)

select * from final
