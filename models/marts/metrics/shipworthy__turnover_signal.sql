{{ config(alias='turnover_signal') }}

with

compared as (

    select * from {{ ref('shipworthy', 'int_shipworthy__turnover_compared') }}

),

visibility as (

    select * from {{ ref('shipworthy', 'int_shipworthy__group_visibility') }}

),

as_of as (

    select * from {{ ref('shipworthy', 'int_shipworthy__as_of') }}

),

by_authorship as (

    select
        *,
        row_number() over (
            partition by team, is_organisation, week_start_on
            order by
                case when {{ shipworthy.turnover_decides('turnover_signal') }} then window_weeks else 1000 end,
                window_weeks desc
        ) as place

    from compared

    where comparison = 'authorship'

),

-- The shortest look back that decides; where none does, the longest.
verdicts as (

    select * from by_authorship

    where place = 1

),

by_usage as (

    select * from compared

    where comparison = 'usage'

),

-- How few people's code fares is theirs to know.
usage_judged as (

    select
        by_usage.*,
        case
            when by_usage.null_reason = 'no_first_lines' then 'no_lines_of_ai_users'
            when by_usage.null_reason = 'no_second_lines' then 'no_lines_of_others'
            when {{ shipworthy.is_suppressed('least(by_usage.first_authors, by_usage.second_authors)') }}
                then 'group_too_small'
            when {{ shipworthy.is_hidden('visibility') }} then {{ shipworthy.hidden_because('visibility') }}
            when by_usage.null_reason = 'no_second_line_removed' then 'no_line_of_others_removed'
            else by_usage.null_reason
        end as usage_null_reason

    from by_usage

    left join visibility
        on
            by_usage.team = visibility.team
            and by_usage.is_organisation = visibility.is_organisation
            and by_usage.week_start_on = visibility.week_start_on

),

usage_shown as (

    select
        *,
        usage_null_reason is null or usage_null_reason = 'no_line_of_others_removed' as is_shown

    from usage_judged

),

final as (

    select
        ---------- row
        verdicts.team,
        verdicts.is_organisation,
        verdicts.week_start_on,
        cast(verdicts.window_weeks as {{ dbt.type_bigint() }}) as window_weeks,
        verdicts.window_start_on,
        {%- for side, place in [('ai', 'first'), ('human', 'second')] %}

        ---------- {{ side }} side
        verdicts.{{ place }}_lines_added as {{ side }}_lines_added,
        verdicts.{{ place }}_lines_removed as {{ side }}_lines_removed,
        verdicts.{{ place }}_capped_lines_added as {{ side }}_capped_lines_added,
        verdicts.{{ place }}_capped_lines_removed as {{ side }}_capped_lines_removed,
        verdicts.{{ place }}_effective_changes as {{ side }}_effective_changes,
        verdicts.{{ place }}_authors as {{ side }}_authors,
        verdicts.{{ place }}_effective_sample as {{ side }}_effective_sample,
        verdicts.{{ place }}_turnover_rate as {{ side }}_turnover_rate_capped,
        verdicts.{{ place }}_turnover_rate_low as {{ side }}_turnover_rate_low,
        verdicts.{{ place }}_turnover_rate_high as {{ side }}_turnover_rate_high,
        {%- endfor %}

        ---------- signal
        verdicts.turnover_signal,
        verdicts.turnover_ratio,
        verdicts.turnover_ratio_low,
        verdicts.turnover_ratio_high,
        case verdicts.null_reason
            when 'no_first_lines' then 'no_ai_lines'
            when 'no_second_lines' then 'no_human_lines'
            when 'no_second_line_removed' then 'no_human_line_removed'
            else verdicts.null_reason
        end as null_reason,
        {{ shipworthy.comparison_basis('as_of.has_ai_usage') }} as basis,
        verdicts.one_sided_share,
        verdicts.attribution_coverage,
        verdicts.lagging_repositories,

        ---------- the same weeks without labels: code of people who used AI against that of others
        {%- for side, place in [('ai_user', 'first'), ('other', 'second')] %}
        case when usage_shown.is_shown then usage_shown.{{ place }}_turnover_rate end as {{ side }}_turnover_rate,
        {%- endfor %}
        {%- for column in ('turnover_ratio', 'turnover_ratio_low', 'turnover_ratio_high', 'turnover_signal') %}
        case when usage_shown.is_shown then usage_shown.{{ column }} end as usage_{{ column }},
        {%- endfor %}
        case when as_of.has_ai_usage then usage_shown.usage_null_reason else 'ai_usage_not_loaded' end
            as usage_null_reason

    from verdicts

    cross join as_of

    left join usage_shown
        on
            verdicts.team = usage_shown.team
            and verdicts.is_organisation = usage_shown.is_organisation
            and verdicts.week_start_on = usage_shown.week_start_on
            and verdicts.window_weeks = usage_shown.window_weeks

)

select * from final
