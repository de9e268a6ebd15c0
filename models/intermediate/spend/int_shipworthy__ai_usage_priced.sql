{#- A row describes one person: it is stored nowhere unless the user asks for it. -#}
{{ config(materialized=shipworthy.person_rows(), schema='restricted') }}

{%- set token_kinds = {
    'uncached_input_tokens': 'uncached_input_usd',
    'cache_read_tokens': 'cache_read_usd',
    'cache_write_tokens': 'cache_write_usd',
    'output_tokens': 'output_usd'
} %}

with

ai_usage as (

    select * from {{ shipworthy.read_person_rows('int_shipworthy__ai_usage_counted') }}

),

model_prices as (

    select * from {{ ref('shipworthy', 'shipworthy__model_prices') }}

),

credit_prices as (

    select * from {{ ref('shipworthy', 'shipworthy__credit_prices') }}

),

used as {{ shipworthy.inlined() }}(

    select
        *,
        {{ shipworthy.week_start_on('bucket_started_at') }} as week_start_on

    from ai_usage

    where is_counted

),

models_used as (

    select distinct
        model,
        used_on

    from used

),

-- Of several patterns that match a model, the longest.
prices_ranked as (

    select
        models_used.model,
        models_used.used_on,
        {%- for usd in token_kinds.values() %}
        model_prices.{{ usd }},
        {%- endfor %}
        row_number() over (
            partition by models_used.model, models_used.used_on
            order by
                length(model_prices.model_pattern) desc,
                model_prices.model_pattern,
                coalesce(model_prices.valid_from_on, date '0001-01-01') desc
        ) as place

    from models_used

    inner join model_prices
        on
            lower(models_used.model) like model_prices.model_pattern
            and {{ shipworthy.is_valid_on('model_prices', 'models_used.used_on') | indent(12) }}

),

-- Credits are the vendor's own measure of a bucket, so they price all of it. A price is only missing for what was used.
final as (

    select
        used.usage_id,
        used.known_person_key as person_key,
        used.model,
        used.bucket_started_at,
        used.bucket_hours,
        used.used_on,
        used.week_start_on,
        used.is_automated,
        used.sessions,
        used.requests,
        used.accepted_lines,
        used.billed_usd,
        used.tool,
        coalesce(
            {%- for tokens in token_kinds %}
            used.{{ tokens }}{{ "," if not loop.last }}
            {%- endfor %}
        ) is not null as has_tokens,
        used.credits is not null as has_credits,
        {{ shipworthy.tokens_of('used') | indent(8) }} as tokens,
        case
            when used.credits * credit_prices.credit_usd is not null then used.credits * credit_prices.credit_usd
            when
                coalesce(
                    {%- for tokens in token_kinds %}
                    used.{{ tokens }}{{ "," if not loop.last }}
                    {%- endfor %}
                ) is not null
                then
                    (
                        0.0e0
                        {%- for tokens, usd in token_kinds.items() %}
                        + case when used.{{ tokens }} <> 0 then used.{{ tokens }} * prices_ranked.{{ usd }} else 0e0 end
                        {%- endfor %}
                    ) / 1000000.0e0
        end as list_usd

    from used

    left join credit_prices
        on
            lower(used.tool) = credit_prices.tool
            and {{ shipworthy.is_valid_on('credit_prices', 'used.used_on') | indent(12) }}

    left join prices_ranked
        on
            used.model = prices_ranked.model
            and used.used_on = prices_ranked.used_on
            and prices_ranked.place = 1

)

select * from final
