{%- set look = ['team', 'is_organisation', 'week_start_on', 'window_weeks'] -%}
{%- set sides = ['ai', 'human'] -%}

-- noqa: disable=LT02
with

authors as (

    select * from {{ ref('shipworthy', 'int_shipworthy__harm_by_author_look') }}

),

totals as (

    select
        {{ look | join(', ') }},
        {%- for side in sides %}
        sum({{ side }}_held_lines) as {{ side }}_held_lines,
        sum({{ side }}_fixed_lines) as {{ side }}_fixed_lines,
        sum(case when {{ side }}_held_lines > 0 then 1 else 0 end) as {{ side }}_authors,
        {%- endfor %}
        sum(case when ai_held_lines > 0 or human_held_lines > 0 then 1 else 0 end) as people

    from authors

    group by {{ look | join(', ') }}

),

-- By how much the logarithm of a side's rate would change without the author.
changes as (

    select
        {%- for column in look %}
        authors.{{ column }},
        {%- endfor %}
        {%- for side in sides %}
        {%- set held_share = 'authors.' ~ side ~ '_held_lines / nullif(totals.' ~ side ~ '_held_lines, 0)' %}
        case
            when totals.{{ side }}_authors > 1
                then
                    sqrt(
                        cast(totals.{{ side }}_authors - 1 as {{ shipworthy.type_double() }})
                        / totals.{{ side }}_authors
                    )
                    * (
                        authors.{{ side }}_fixed_lines / nullif(totals.{{ side }}_fixed_lines, 0)
                        - {{ held_share }}
                    )
                    / nullif(1.0 - {{ held_share }}, 0)
        end as {{ side }}_change{{ ',' if not loop.last }}
        {%- endfor %}

    from authors

    inner join totals
        on
            {%- for column in look %}
            {{ 'and ' if not loop.first }}authors.{{ column }} = totals.{{ column }}
            {%- endfor %}

),

spread as (

    select
        {{ look | join(', ') }},
        sum(ai_change * ai_change) as ai_variance,
        sum(human_change * human_change) as human_variance,
        sum((ai_change - human_change) * (ai_change - human_change)) as variance

    from changes

    group by {{ look | join(', ') }}

),

-- Degrees after Satterthwaite: the side of which less is known weighs more.
final as (

    select
        {%- for column in look %}
        totals.{{ column }},
        {%- endfor %}
        cast(totals.ai_authors as {{ dbt.type_bigint() }}) as ai_authors,
        cast(totals.human_authors as {{ dbt.type_bigint() }}) as human_authors,
        cast(totals.people as {{ dbt.type_bigint() }}) as people,
        spread.variance,
        power(spread.ai_variance + spread.human_variance, 2) / nullif(
            spread.ai_variance * spread.ai_variance / nullif(totals.ai_authors - 1, 0)
            + spread.human_variance * spread.human_variance / nullif(totals.human_authors - 1, 0),
            0
        ) as degrees

    from totals

    left join spread
        on
            {%- for column in look %}
            {{ 'and ' if not loop.first }}totals.{{ column }} = spread.{{ column }}
            {%- endfor %}

)

select * from final
