with

source as {{ shipworthy.inlined() }}(

    {{ shipworthy.read_input('ai_usage') }}

),

renamed as {{ shipworthy.inlined() }}(

    select
        ---------- ids
        cast(usage_id as {{ dbt.type_string() }}) as usage_id,
        cast(person_key as {{ dbt.type_string() }}) as person_key,

        ---------- text
        cast(source as {{ dbt.type_string() }}) as source,
        cast(tool as {{ dbt.type_string() }}) as tool,
        cast(model as {{ dbt.type_string() }}) as model,

        ---------- measures
        {{ shipworthy.plausible_count('bucket_hours') }} as bucket_hours,
        {{ shipworthy.plausible_count('sessions') }} as sessions,
        {{ shipworthy.plausible_count('requests') }} as requests,
        {{ shipworthy.plausible_count('uncached_input_tokens') }} as uncached_input_tokens,
        {{ shipworthy.plausible_count('cache_read_tokens') }} as cache_read_tokens,
        {{ shipworthy.plausible_count('cache_write_tokens') }} as cache_write_tokens,
        {{ shipworthy.plausible_count('output_tokens') }} as output_tokens,
        {{ shipworthy.plausible_amount('billed_usd') }} as billed_usd,
        {{ shipworthy.plausible_amount('credits') }} as credits,
        {{ shipworthy.plausible_count('suggested_lines') }} as suggested_lines,
        {{ shipworthy.plausible_count('accepted_lines') }} as accepted_lines,

        ---------- booleans
        {{ shipworthy.read_as('is_automated', dbt.type_boolean()) }} as is_automated,

        ---------- times (UTC)
        {{ shipworthy.plausible_time('bucket_started_at') }} as bucket_started_at

    from source

),

final as (

    {{ shipworthy.one_row_per_key('ai_usage', 'renamed', 'output_tokens') }}

)

select * from final
