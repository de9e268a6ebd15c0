{{ config(alias='turnover_signal') }}

with

compared as (

    select * from {{ ref('shipworthy', 'int_shipworthy__turnover_compared') }}

),

final as (

    select
        ---------- row
        team,
        is_organisation,
        week_start_on,
        window_start_on,
        {%- for side in ('ai', 'human') %}

        ---------- {{ side }} side
        {{ side }}_lines_added,
        {{ side }}_lines_removed,
        {{ side }}_capped_lines_added,
        {{ side }}_capped_lines_removed,
        {{ side }}_effective_changes,
        {{ side }}_turnover_rate_capped,
        {{ side }}_turnover_rate_low,
        {{ side }}_turnover_rate_high,
        {%- endfor %}

        ---------- signal
        turnover_signal,
        turnover_ratio,
        turnover_ratio_low,
        turnover_ratio_high,
        null_reason,
        basis,
        attribution_coverage,
        lagging_repositories

    from compared

    where window_weeks = {{ shipworthy.window('compared_weeks') }}

)

select * from final
