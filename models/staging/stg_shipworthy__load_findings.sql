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
        {{ shipworthy.plausible_count('row_count') }} as row_count,

        ---------- times (UTC)
        {{ shipworthy.plausible_time('found_at') }} as found_at

    from source

),

final as (

    {{ shipworthy.one_row_per_key('load_findings', 'renamed', 'found_at') }}

)

select * from final
