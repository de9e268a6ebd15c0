{{ config(alias='ai_missing_prices') }}

with

usage_priced as (

    select * from {{ shipworthy.read_person_rows('int_shipworthy__ai_usage_priced') }}

),

final as (

    select
        coalesce(model, case when has_credits then coalesce(tool || ' ', '') || 'credits' end, 'unknown') as model,
        min(used_on) as first_used_on,
        max(used_on) as last_used_on

    from usage_priced

    where
        billed_usd is null
        and (has_tokens or has_credits)
        and list_usd is null

    group by coalesce(model, case when has_credits then coalesce(tool || ' ', '') || 'credits' end, 'unknown')

)

select * from final
