{%- set pairs = {'authorship': ('ai', 'human'), 'usage': ('user', 'other')} -%}

with

looks as (

    select * from {{ ref('shipworthy', 'int_shipworthy__turnover_looks') }}

),

sides as (

    select * from {{ ref('shipworthy', 'int_shipworthy__turnover_sides') }}

),

comparisons as (
    {% for comparison in pairs %}
    select '{{ comparison }}' as comparison
    {{ "union all" if not loop.last }}
    {% endfor %}
),

limited as (

    select
        *,
        {{ shipworthy.wilson_low('turnover_rate', 'effective_sample') }} as turnover_rate_low,
        {{ shipworthy.wilson_high('turnover_rate', 'effective_sample') }} as turnover_rate_high

    from sides

),

-- The limits stand before the sum, which a database computes as it is written: it would otherwise copy their formula
-- into each place of the ratio's interval that names them, and those into the signal.
paired as (

    select
        comparison,
        team,
        is_organisation,
        week_start_on,
        window_weeks,
        {%- for place in ('first', 'second') %}
        {%- set names = "('" ~ pairs.values() | map(attribute=loop.index0) | join("', '") ~ "')" %}
        {%- for measure in ('lines_added', 'lines_removed', 'compared_lines', 'authors') %}
        coalesce(sum(case when side in {{ names }} then {{ measure }} end), 0) as {{ place }}_{{ measure }},
        {%- endfor %}
        {%- for measure in (
            'capped_lines_added', 'capped_lines_removed', 'effective_changes', 'effective_sample', 'turnover_rate',
            'turnover_rate_low', 'turnover_rate_high'
        ) %}
        cast(sum(case when side in {{ names }} then {{ measure }} end) as {{ shipworthy.type_double() }})
            as {{ place }}_{{ measure }},
        {%- endfor %}
        {%- endfor %}
        sum(lines_added) as lines_added,
        sum(tagged_lines) as tagged_lines

    from limited

    group by comparison, team, is_organisation, week_start_on, window_weeks

),

compared as (

    select
        *,
        first_turnover_rate / nullif(second_turnover_rate, 0) as turnover_ratio,
        {{ shipworthy.ratio_interval_low(
            'first_turnover_rate', 'first_turnover_rate_low', 'second_turnover_rate', 'second_turnover_rate_high'
        ) | indent(8) }} as turnover_ratio_low,
        {{ shipworthy.ratio_interval_high(
            'first_turnover_rate', 'first_turnover_rate_high', 'second_turnover_rate', 'second_turnover_rate_low'
        ) | indent(8) }} as turnover_ratio_high

    from paired

),

final as (

    select
        ---------- row
        comparisons.comparison,
        looks.team,
        looks.is_organisation,
        looks.week_start_on,
        looks.window_weeks,
        looks.window_start_on,
        {%- for place in ('first', 'second') %}

        ---------- {{ place }} side
        {%- for measure in ('lines_added', 'lines_removed', 'authors') %}
        cast(coalesce(compared.{{ place }}_{{ measure }}, 0) as {{ dbt.type_bigint() }}) as {{ place }}_{{ measure }},
        {%- endfor %}
        {%- for measure in ('capped_lines_added', 'capped_lines_removed', 'effective_changes') %}
        coalesce(compared.{{ place }}_{{ measure }}, 0.0) as {{ place }}_{{ measure }},
        {%- endfor %}
        {%- for measure in ('effective_sample', 'turnover_rate', 'turnover_rate_low', 'turnover_rate_high') %}
        compared.{{ place }}_{{ measure }},
        {%- endfor %}
        {%- endfor %}

        ---------- signal
        {{ shipworthy.turnover_signal(
            'compared.turnover_ratio',
            'compared.turnover_ratio_low',
            'compared.turnover_ratio_high',
            'compared.first_effective_changes',
            'compared.second_effective_changes'
        ) | indent(8) }} as turnover_signal,
        compared.turnover_ratio,
        cast(compared.turnover_ratio_low as {{ shipworthy.type_double() }}) as turnover_ratio_low,
        cast(compared.turnover_ratio_high as {{ shipworthy.type_double() }}) as turnover_ratio_high,
        case
            when coalesce(compared.first_lines_added, 0) = 0 then 'no_first_lines'
            when coalesce(compared.second_lines_added, 0) = 0 then 'no_second_lines'
            when compared.first_compared_lines = 0 then 'no_shared_repository'
            when compared.first_effective_sample is null or compared.second_effective_sample is null then 'one_author'
            when compared.second_turnover_rate = 0 then 'no_second_line_removed'
        end as null_reason,
        {{ shipworthy.safe_ratio(
            'compared.first_lines_added + compared.second_lines_added'
            ~ ' - compared.first_compared_lines - compared.second_compared_lines',
            'compared.first_lines_added + compared.second_lines_added'
        ) }} as one_sided_share,
        {{ shipworthy.safe_ratio('compared.tagged_lines', 'compared.lines_added') }} as attribution_coverage,
        looks.lagging_repositories

    from looks

    cross join comparisons

    left join compared
        on
            looks.team = compared.team
            and looks.is_organisation = compared.is_organisation
            and looks.week_start_on = compared.week_start_on
            and looks.window_weeks = compared.window_weeks
            and comparisons.comparison = compared.comparison

)

select * from final
