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
        {{ shipworthy.plausible_count('rows') }} as loaded_rows,
        {{ shipworthy.plausible_count('rejected_rows') }} as rejected_rows,

        ---------- times (UTC)
        {{ shipworthy.plausible_time('loaded_through') }} as loaded_through,
        {{ shipworthy.plausible_time('loaded_at') }} as loaded_at

    from source

),

final as (

    {{ shipworthy.one_row_per_key('load_watermarks', 'renamed', 'loaded_at') }}

)

select * from final
