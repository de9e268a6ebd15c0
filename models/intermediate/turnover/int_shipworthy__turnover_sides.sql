{%- set look = ['comparison', 'team', 'is_organisation', 'week_start_on', 'window_weeks'] -%}
{%- set z = shipworthy.normal_quantile(shipworthy.checked_variable('shipworthy__confidence_level')) -%}
{%- set t_coefficients = shipworthy.t_quantile_coefficients() -%}

-- noqa: disable=LT02
with

author_looks as (

    select * from {{ ref('shipworthy', 'int_shipworthy__turnover_by_author_look') }}

),

side_totals as (

    select
        {{ look | join(', ') }},
        repository,
        side,
        sum(capped_lines_added) as side_added,
        sum(capped_lines_removed) as side_removed

    from author_looks

    group by {{ look | join(', ') }}, repository, side

),

-- A repository is a stratum; it compares something where both sides have lines in it.
repositories as (

    select
        {{ look | join(', ') }},
        repository,
        {%- for place, sides in [('first', "'ai', 'user'"), ('second', "'human', 'other'")] %}
        sum(case when side in ({{ sides }}) then side_added else 0.0 end) as {{ place }}_added{{ ',' if not loop.last }}
        {%- endfor %}

    from side_totals

    group by {{ look | join(', ') }}, repository

),

weighed as (

    select
        side_totals.*,
        case
            when
                side_totals.side in ('ai', 'user', 'human', 'other')
                and repositories.first_added > 0
                and repositories.second_added > 0
                then
                    repositories.first_added * repositories.second_added
                    / (repositories.first_added + repositories.second_added)
            else 0.0
        end as repository_weight

    from side_totals

    inner join repositories
        on
            {%- for column in look + ['repository'] %}
            {{ 'and ' if not loop.first }}side_totals.{{ column }} = repositories.{{ column }}
            {%- endfor %}

),

-- What a line weighs in the side's rate.
line_weights as (

    select
        *,
        repository_weight
        / nullif(sum(repository_weight) over (partition by {{ look | join(', ') }}, side), 0)
        / side_added as line_weight

    from weighed

),

shares as (

    select
        author_looks.*,
        line_weights.side_added,
        line_weights.side_removed,
        line_weights.repository_weight,
        line_weights.line_weight

    from author_looks

    inner join line_weights
        on
            {%- for column in look + ['repository', 'side'] %}
            {{ 'and ' if not loop.first }}author_looks.{{ column }} = line_weights.{{ column }}
            {%- endfor %}

),

by_author as (

    select
        {{ look | join(', ') }},
        side,
        person_key,
        sum(lines_added) as lines_added,
        sum(lines_removed) as lines_removed,
        sum(tagged_lines) as tagged_lines,
        sum(case when repository_weight > 0 then lines_added else 0 end) as compared_lines,
        sum(case when repository_weight > 0 then capped_lines_added else 0.0 end) as capped_lines_added,
        sum(case when repository_weight > 0 then capped_lines_removed else 0.0 end) as capped_lines_removed,
        sum(line_weight * capped_lines_added) as author_share,
        sum(line_weight * capped_lines_removed) as rate_part,
        sum(line_weight * (capped_lines_removed - capped_lines_added * side_removed / side_added)) as residual,
        sum(line_weight * line_weight * squared_lines) as square_part

    from shares

    group by {{ look | join(', ') }}, side, person_key

),

people_compared as (

    select
        {{ look | join(', ') }},
        count(distinct person_key) as people

    from by_author

    where author_share > 0

    group by {{ look | join(', ') }}

),

by_side as (

    select
        {{ look | join(', ') }},
        side,
        sum(lines_added) as lines_added,
        sum(lines_removed) as lines_removed,
        sum(tagged_lines) as tagged_lines,
        sum(compared_lines) as compared_lines,
        sum(capped_lines_added) as capped_lines_added,
        sum(capped_lines_removed) as capped_lines_removed,
        case
            when sum(capped_lines_removed) = 0 then 0.0
            when sum(capped_lines_removed) = sum(capped_lines_added) then 1.0
            else sum(rate_part)
        end as turnover_rate,
        1.0 / nullif(sum(square_part), 0) as effective_changes,
        count(case when author_share > 0 then 1 end) as authors,
        cast(count(case when author_share > 0 then 1 end) - 1 as {{ shipworthy.type_double() }}) as degrees,
        sum(power(residual / nullif(1.0 - author_share, 0), 2)) as variance

    from by_author

    group by {{ look | join(', ') }}, side

),

-- The smaller of two samples: of changes, and of authors, by how much these differ. One author of several says nothing
-- of how people differ; where one person wrote both sides, there is nothing to differ by.
final as (

    select
        {%- for column in look %}
        by_side.{{ column }},
        {%- endfor %}
        by_side.side,
        cast(by_side.lines_added as {{ dbt.type_bigint() }}) as lines_added,
        cast(by_side.lines_removed as {{ dbt.type_bigint() }}) as lines_removed,
        cast(by_side.tagged_lines as {{ dbt.type_bigint() }}) as tagged_lines,
        cast(by_side.compared_lines as {{ dbt.type_bigint() }}) as compared_lines,
        by_side.capped_lines_added,
        by_side.capped_lines_removed,
        case when by_side.compared_lines > 0 then by_side.turnover_rate end as turnover_rate,
        by_side.effective_changes,
        by_side.authors,
        case
            when by_side.authors = 1 and people_compared.people > 1 then null
            when by_side.authors = 1 or by_side.turnover_rate = 0 or by_side.turnover_rate = 1
                then by_side.effective_changes
            else least(
                by_side.effective_changes,
                by_side.turnover_rate * (1 - by_side.turnover_rate) / nullif(by_side.variance, 0)
                * by_side.authors / by_side.degrees
                * power({{ z }} / ({{ shipworthy.t_quantile('by_side.degrees', t_coefficients) }}), 2)
            )
        end as effective_sample

    from by_side

    left join people_compared
        on
            {%- for column in look %}
            {{ 'and ' if not loop.first }}by_side.{{ column }} = people_compared.{{ column }}
            {%- endfor %}

)

select * from final
