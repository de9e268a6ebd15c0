{%- set look = ['group_number', 'week_start_on', 'window_weeks'] -%}
{%- set z = shipworthy.normal_quantile(shipworthy.checked_variable('shipworthy__confidence_level')) -%}
{%- set t_coefficients = shipworthy.t_quantile_coefficients() -%}

-- noqa: disable=LT02
with

repository_looks as (

    select * from {{ ref('shipworthy', 'int_shipworthy__turnover_by_repository_look') }}

),

author_looks as (

    select * from {{ ref('shipworthy', 'int_shipworthy__turnover_by_author_look') }}

),

group_names as (

    select
        group_number,
        comparison,
        team,
        is_organisation

    from repository_looks

    group by group_number, comparison, team, is_organisation

),

-- A repository is a stratum; it compares something where both sides have lines in it.
strata as (

    select
        stratum_number,
        week_start_on,
        window_weeks,
        {%- for place, sides in [('first', "'ai', 'user'"), ('second', "'human', 'other'")] %}
        sum(case when side in ({{ sides }}) then capped_lines_added else 0.0 end)
            as {{ place }}_added{{ ',' if not loop.last }}
        {%- endfor %}

    from repository_looks

    group by stratum_number, week_start_on, window_weeks

),

compared as (

    select
        stratum_number,
        week_start_on,
        window_weeks,
        first_added * second_added / (first_added + second_added) as repository_weight

    from strata

    where
        first_added > 0
        and second_added > 0

),

-- What a line weighs in the side's rate, but for what all weights of the side add up to.
weighed as (

    select
        repository_looks.*,
        coalesce(compared.repository_weight, 0.0) as repository_weight,
        coalesce(compared.repository_weight, 0.0) / repository_looks.capped_lines_added as line_weight

    from repository_looks

    left join compared
        on
            repository_looks.stratum_number = compared.stratum_number
            and repository_looks.week_start_on = compared.week_start_on
            and repository_looks.window_weeks = compared.window_weeks
            and repository_looks.side in ('ai', 'user', 'human', 'other')

),

by_side as (

    select
        {{ look | join(', ') }},
        side,
        sum(lines_added) as lines_added,
        sum(lines_removed) as lines_removed,
        sum(tagged_lines) as tagged_lines,
        sum(case when repository_weight > 0 then lines_added else 0 end) as compared_lines,
        sum(case when repository_weight > 0 then capped_lines_added else 0.0 end) as capped_lines_added,
        sum(case when repository_weight > 0 then capped_lines_removed else 0.0 end) as capped_lines_removed,
        sum(repository_weight) as side_weight,
        case
            when sum(case when repository_weight > 0 then capped_lines_removed else 0.0 end) = 0 then 0.0
            when
                sum(case when repository_weight > 0 then capped_lines_removed else 0.0 end)
                = sum(case when repository_weight > 0 then capped_lines_added else 0.0 end)
                then 1.0
            else sum(line_weight * capped_lines_removed) / nullif(sum(repository_weight), 0)
        end as turnover_rate,
        power(sum(repository_weight), 2) / nullif(sum(line_weight * line_weight * squared_lines), 0)
            as effective_changes

    from weighed

    group by {{ look | join(', ') }}, side

),

by_author as (

    select
        {%- for column in look + ['side'] %}
        weighed.{{ column }},
        {%- endfor %}
        author_looks.person_number,
        sum(weighed.line_weight * author_looks.capped_lines_added) as author_weight,
        sum(
            weighed.line_weight * (
                author_looks.capped_lines_removed
                - author_looks.capped_lines_added * weighed.capped_lines_removed / weighed.capped_lines_added
            )
        ) as residual

    from author_looks

    inner join weighed
        on
            author_looks.side_number = weighed.side_number
            and author_looks.week_start_on = weighed.week_start_on
            and author_looks.window_weeks = weighed.window_weeks

    where weighed.repository_weight > 0

    group by
        {%- for column in look + ['side'] %}
        weighed.{{ column }},
        {%- endfor %}
        author_looks.person_number

    having sum(weighed.line_weight * author_looks.capped_lines_added) > 0

),

spread as (

    select
        {%- for column in look + ['side'] %}
        by_author.{{ column }},
        {%- endfor %}
        count(*) as authors,
        cast(count(*) - 1 as {{ shipworthy.type_double() }}) as degrees,
        sum(power(by_author.residual / nullif(by_side.side_weight - by_author.author_weight, 0), 2)) as variance,
        min(by_author.person_number) as first_person_number,
        max(by_author.person_number) as last_person_number

    from by_author

    inner join by_side
        on
            {%- for column in look + ['side'] %}
            {{ 'and ' if not loop.first }}by_author.{{ column }} = by_side.{{ column }}
            {%- endfor %}

    group by
        {%- for column in look + ['side'] %}
        by_author.{{ column }}{{ ',' if not loop.last }}
        {%- endfor %}

),

people_compared as (

    select
        {{ look | join(', ') }},
        min(first_person_number) < max(last_person_number) as are_several

    from spread

    group by {{ look | join(', ') }}

),

-- The smaller of two samples: of changes, and of authors, by how much these differ. One author of several says nothing
-- of how people differ; where one person wrote both sides, there is nothing to differ by.
final as (

    select
        group_names.comparison,
        group_names.team,
        group_names.is_organisation,
        by_side.week_start_on,
        by_side.window_weeks,
        by_side.side,
        cast(by_side.lines_added as {{ dbt.type_bigint() }}) as lines_added,
        cast(by_side.lines_removed as {{ dbt.type_bigint() }}) as lines_removed,
        cast(by_side.tagged_lines as {{ dbt.type_bigint() }}) as tagged_lines,
        cast(by_side.compared_lines as {{ dbt.type_bigint() }}) as compared_lines,
        by_side.capped_lines_added,
        by_side.capped_lines_removed,
        case when by_side.compared_lines > 0 then by_side.turnover_rate end as turnover_rate,
        by_side.effective_changes,
        coalesce(spread.authors, 0) as authors,
        case
            when spread.authors = 1 and people_compared.are_several then null
            when spread.authors = 1 or by_side.turnover_rate = 0 or by_side.turnover_rate = 1
                then by_side.effective_changes
            else least(
                by_side.effective_changes,
                by_side.turnover_rate * (1 - by_side.turnover_rate) / nullif(spread.variance, 0)
                * spread.authors / spread.degrees
                * power({{ z }} / ({{ shipworthy.t_quantile('spread.degrees', t_coefficients) }}), 2)
            )
        end as effective_sample

    from by_side

    inner join group_names
        on by_side.group_number = group_names.group_number

    left join spread
        on
            {%- for column in look + ['side'] %}
            {{ 'and ' if not loop.first }}by_side.{{ column }} = spread.{{ column }}
            {%- endfor %}

    left join people_compared
        on
            {%- for column in look %}
            {{ 'and ' if not loop.first }}by_side.{{ column }} = people_compared.{{ column }}
            {%- endfor %}

)

select * from final
