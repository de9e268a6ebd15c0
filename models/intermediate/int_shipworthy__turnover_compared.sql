with

windows as (

    select * from {{ ref('shipworthy', 'int_shipworthy__turnover_by_team_window') }}

),

as_of as (

    select * from {{ ref('shipworthy', 'int_shipworthy__as_of') }}

),

rated as (

    select
        *,
        {{ shipworthy.safe_ratio('capped_lines_removed', 'capped_lines_added') }} as turnover_rate_capped

    from windows

),

limited as (

    select
        *,
        {{ shipworthy.wilson_low('turnover_rate_capped', 'effective_changes') }} as turnover_rate_low,
        {{ shipworthy.wilson_high('turnover_rate_capped', 'effective_changes') }} as turnover_rate_high

    from rated

),

-- The limits stand before the sum, which a database computes as it is written: it would otherwise copy their formula
-- into each place of the ratio's interval that names them, and those into the signal.
sides as (

    select
        team,
        is_organisation,
        week_start_on,
        window_weeks,
        window_start_on,
        {%- for side in ('ai', 'human') %}
        coalesce(sum(case when authorship = '{{ side }}' then lines_added end), 0) as {{ side }}_lines_added,
        coalesce(sum(case when authorship = '{{ side }}' then lines_removed end), 0) as {{ side }}_lines_removed,
        coalesce(sum(case when authorship = '{{ side }}' then capped_lines_added end), 0.0)
            as {{ side }}_capped_lines_added,
        coalesce(sum(case when authorship = '{{ side }}' then capped_lines_removed end), 0.0)
            as {{ side }}_capped_lines_removed,
        coalesce(sum(case when authorship = '{{ side }}' then effective_changes end), 0.0)
            as {{ side }}_effective_changes,
        {%- for measure in ('turnover_rate_capped', 'turnover_rate_low', 'turnover_rate_high') %}
        cast(max(case when authorship = '{{ side }}' then {{ measure }} end) as {{ shipworthy.type_double() }})
            as {{ side }}_{{ measure }},
        {%- endfor %}
        {%- endfor %}
        sum(lines_added) as lines_added,
        sum(tagged_lines) as tagged_lines,
        max(lagging_repositories) as lagging_repositories

    from limited

    group by team, is_organisation, week_start_on, window_weeks, window_start_on

),

compared as (

    select
        *,
        ai_turnover_rate_capped / nullif(human_turnover_rate_capped, 0) as turnover_ratio,
        {{ shipworthy.ratio_interval_low(
            'ai_turnover_rate_capped',
            'ai_turnover_rate_low',
            'human_turnover_rate_capped',
            'human_turnover_rate_high'
        ) | indent(8) }} as turnover_ratio_low,
        {{ shipworthy.ratio_interval_high(
            'ai_turnover_rate_capped',
            'ai_turnover_rate_high',
            'human_turnover_rate_capped',
            'human_turnover_rate_low'
        ) | indent(8) }} as turnover_ratio_high

    from sides

),

final as (

    select
        ---------- row
        compared.team,
        compared.is_organisation,
        compared.week_start_on,
        compared.window_weeks,
        compared.window_start_on,
        {%- for side in ('ai', 'human') %}

        ---------- {{ side }} side
        cast(compared.{{ side }}_lines_added as {{ dbt.type_bigint() }}) as {{ side }}_lines_added,
        cast(compared.{{ side }}_lines_removed as {{ dbt.type_bigint() }}) as {{ side }}_lines_removed,
        compared.{{ side }}_capped_lines_added,
        compared.{{ side }}_capped_lines_removed,
        compared.{{ side }}_effective_changes,
        compared.{{ side }}_turnover_rate_capped,
        compared.{{ side }}_turnover_rate_low,
        compared.{{ side }}_turnover_rate_high,
        {%- endfor %}

        ---------- signal
        {{ shipworthy.turnover_signal(
            'compared.turnover_ratio',
            'compared.turnover_ratio_low',
            'compared.turnover_ratio_high',
            'compared.ai_effective_changes',
            'compared.human_effective_changes'
        ) | indent(8) }} as turnover_signal,
        compared.turnover_ratio,
        cast(compared.turnover_ratio_low as {{ shipworthy.type_double() }}) as turnover_ratio_low,
        cast(compared.turnover_ratio_high as {{ shipworthy.type_double() }}) as turnover_ratio_high,
        case
            when compared.ai_lines_added = 0 then 'no_ai_lines'
            when compared.human_lines_added = 0 then 'no_human_lines'
            when compared.human_turnover_rate_capped = 0 then 'no_human_line_removed'
        end as null_reason,
        {{ shipworthy.comparison_basis('as_of.has_ai_usage') }} as basis,
        {{ shipworthy.safe_ratio('compared.tagged_lines', 'compared.lines_added') }} as attribution_coverage,
        compared.lagging_repositories

    from compared

    cross join as_of

)

select * from final
