with

source as (

    {{ shipworthy.read_input('ai_usage') }}

),

renamed as (

    select
        ---------- ids
        cast(usage_id as {{ dbt.type_string() }}) as usage_id,
        cast(person_key as {{ dbt.type_string() }}) as person_key,

        ---------- text
        cast(source as {{ dbt.type_string() }}) as source,
        cast(tool as {{ dbt.type_string() }}) as tool,
        cast(model as {{ dbt.type_string() }}) as model,

        ---------- measures
        cast(bucket_hours as {{ dbt.type_bigint() }}) as bucket_hours,
        cast(sessions as {{ dbt.type_bigint() }}) as sessions,
        cast(requests as {{ dbt.type_bigint() }}) as requests,
        cast(uncached_input_tokens as {{ dbt.type_bigint() }}) as uncached_input_tokens,
        cast(cache_read_tokens as {{ dbt.type_bigint() }}) as cache_read_tokens,
        cast(cache_write_tokens as {{ dbt.type_bigint() }}) as cache_write_tokens,
        cast(output_tokens as {{ dbt.type_bigint() }}) as output_tokens,
        cast(billed_usd as {{ shipworthy.type_double() }}) as billed_usd,
        cast(credits as {{ shipworthy.type_double() }}) as credits,
        cast(suggested_lines as {{ dbt.type_bigint() }}) as suggested_lines,
        cast(accepted_lines as {{ dbt.type_bigint() }}) as accepted_lines,

        ---------- booleans
        cast(is_automated as {{ dbt.type_boolean() }}) as is_automated,

        ---------- times (UTC)
        {{ shipworthy.plausible_time('bucket_started_at') }} as bucket_started_at

    from source

),

final as (

    {{ shipworthy.one_row_per_key('ai_usage', 'renamed', 'output_tokens') }}

)

select * from final
