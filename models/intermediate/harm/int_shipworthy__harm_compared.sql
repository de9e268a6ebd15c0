{%- set measures = ['fixed_lines', 'failed_releases'] -%}
{%- set z = shipworthy.normal_quantile(shipworthy.checked_variable('shipworthy__confidence_level')) -%}
{%- set t_coefficients = shipworthy.t_quantile_coefficients() -%}

-- noqa: disable=LT02
with

looks as (

    select * from {{ ref('shipworthy', 'int_shipworthy__harm_by_look') }}

),

fixes as (

    select * from {{ ref('shipworthy', 'int_shipworthy__fixes_by_look') }}

),

between_authors as (

    select * from {{ ref('shipworthy', 'int_shipworthy__harm_between_authors') }}

),

as_of as (

    select * from {{ ref('shipworthy', 'int_shipworthy__as_of') }}

),

joined as (

    select
        looks.*,
        coalesce(fixes.fixes, 0) as fixes,
        coalesce(fixes.effective_fixes, 0.0) as effective_fixes,
        coalesce(fixes.ai_fixed_lines, 0) as ai_fixed_lines,
        coalesce(fixes.human_fixed_lines, 0) as human_fixed_lines,
        coalesce(fixes.ai_capped_fixed_lines, 0.0) as ai_capped_fixed_lines,
        coalesce(fixes.human_capped_fixed_lines, 0.0) as human_capped_fixed_lines,
        coalesce(between_authors.ai_authors, 0) as ai_authors,
        coalesce(between_authors.human_authors, 0) as human_authors,
        coalesce(between_authors.people, 0) as people,
        between_authors.variance,
        between_authors.degrees

    from looks

    left join fixes
        on
            looks.team = fixes.team
            and looks.is_organisation = fixes.is_organisation
            and looks.week_start_on = fixes.week_start_on
            and looks.window_weeks = fixes.window_weeks

    left join between_authors
        on
            looks.team = between_authors.team
            and looks.is_organisation = between_authors.is_organisation
            and looks.week_start_on = between_authors.week_start_on
            and looks.window_weeks = between_authors.window_weeks

),

-- Of what went wrong, which share was AI-written, seen in so many independent cases?
shared as (

    select
        *,
        {{ shipworthy.safe_ratio(
            'ai_capped_fixed_lines', 'ai_capped_fixed_lines + human_capped_fixed_lines'
        ) }} as fixed_lines_ai_share,
        effective_fixes as fixed_lines_cases,
        {{ shipworthy.safe_ratio('ai_failed_releases', 'failed_releases') }} as failed_releases_ai_share,
        cast(failed_releases as {{ shipworthy.type_double() }}) as failed_releases_cases,
        {{ shipworthy.safe_ratio('human_held_lines', 'ai_held_lines') }} as human_lines_for_each_ai_line

    from joined

),

-- The smaller of two samples: of fixes, and of authors, by how much these differ. One author against others says
-- nothing of how people differ; where one person wrote both sides, there is nothing to differ by.
sampled as (

    select
        *,
        cast(failed_releases as {{ shipworthy.type_double() }}) as failed_releases_sample,
        case
            when least(ai_authors, human_authors) = 1 and people > 1 then null
            when least(ai_authors, human_authors) <= 1 or fixed_lines_ai_share = 0 or fixed_lines_ai_share = 1
                then effective_fixes
            else least(
                effective_fixes,
                1.0 / nullif(fixed_lines_ai_share * (1 - fixed_lines_ai_share) * variance, 0)
                * power({{ z }} / ({{ shipworthy.t_quantile('degrees', t_coefficients) }}), 2)
            )
        end as fixed_lines_sample

    from shared

),

limited as (

    select
        *,
        {%- for measure in measures %}
        {{ shipworthy.wilson_limits(measure ~ '_ai_share', measure ~ '_sample') | indent(8) }}
        {{- ',' if not loop.last }}
        {%- endfor %}

    from sampled

),

-- The odds of a share against the odds of the held lines are the ratio of the two rates per held line.
compared as (

    select
        *,
        {%- for measure in measures %}
        {%- for share, limit in [('', ''), ('_low', '_low'), ('_high', '_high')] %}
        case when human_held_lines > 0 and ai_held_lines > 0 then
            {{ measure }}_ai_share{{ share }} / nullif(1.0 - {{ measure }}_ai_share{{ share }}, 0)
            * human_lines_for_each_ai_line
        end as {{ measure }}_ratio{{ limit }},
        {%- endfor %}
        {%- endfor %}
        case
            when ai_held_lines = 0 then 'no_ai_lines'
            when human_held_lines = 0 then 'no_human_lines'
        end as lines_null_reason

    from limited

),

final as (

    select
        ---------- row
        compared.team,
        compared.is_organisation,
        compared.week_start_on,
        cast(compared.window_weeks as {{ dbt.type_bigint() }}) as window_weeks,
        compared.window_start_on,
        cast(compared.releases as {{ dbt.type_bigint() }}) as releases,
        cast(compared.releases_left_out as {{ dbt.type_bigint() }}) as releases_left_out,
        cast(compared.ai_held_lines as {{ shipworthy.type_double() }}) as ai_held_lines,
        cast(compared.human_held_lines as {{ shipworthy.type_double() }}) as human_held_lines,

        ---------- lines that fixes of incidents and hotfixes removed
        cast(compared.fixes as {{ dbt.type_bigint() }}) as fixes,
        cast(compared.effective_fixes as {{ shipworthy.type_double() }}) as effective_fixes,
        cast(compared.ai_fixed_lines as {{ dbt.type_bigint() }}) as ai_fixed_lines,
        cast(compared.human_fixed_lines as {{ dbt.type_bigint() }}) as human_fixed_lines,
        cast(compared.ai_authors as {{ dbt.type_bigint() }}) as ai_authors,
        cast(compared.human_authors as {{ dbt.type_bigint() }}) as human_authors,
        cast(
            case when compared.effective_fixes > 0 then compared.fixed_lines_sample end
            as {{ shipworthy.type_double() }}
        ) as fixed_lines_effective_sample,
        {%- for side in ('ai', 'human') %}
        1000 * {{ shipworthy.safe_ratio(
            'compared.' ~ side ~ '_capped_fixed_lines', 'compared.' ~ side ~ '_held_lines'
        ) }} as {{ side }}_fixed_lines_per_1000_held_lines,
        {%- endfor %}
        {{ shipworthy.harm_signal('fixed_lines') | indent(8) }},

        ---------- releases that failed
        cast(compared.failed_releases as {{ dbt.type_bigint() }}) as failed_releases,
        cast(compared.failed_releases_without_lines as {{ dbt.type_bigint() }}) as failed_releases_without_lines,
        cast(compared.ai_failed_releases as {{ shipworthy.type_double() }}) as ai_failed_releases,
        cast(compared.human_failed_releases as {{ shipworthy.type_double() }}) as human_failed_releases,
        {%- for side in ('ai', 'human') %}
        1000 * {{ shipworthy.safe_ratio(
            'compared.' ~ side ~ '_failed_releases', 'compared.' ~ side ~ '_held_lines'
        ) }} as {{ side }}_failed_releases_per_1000_held_lines,
        {%- endfor %}
        {{ shipworthy.harm_signal('failed_releases') | indent(8) }},
        {{ shipworthy.comparison_basis('as_of.has_ai_usage') }} as basis

    from compared

    cross join as_of

)

select * from final
