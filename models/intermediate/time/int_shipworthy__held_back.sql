{%- set measures = {
    'normalized_deployments': ['shipping', 'incidents'],
    'severity_weighted_failure_rate': ['shipping', 'incidents'],
    'turnover_ratio': ['code']
} %}

with

parts_known as (

    select * from {{ ref('shipworthy', 'int_shipworthy__parts_known') }}

),

teams_known as (

    select * from {{ ref('shipworthy', 'int_shipworthy__teams_known') }}

    where not is_organisation

),

teams_left_out as (

    select * from {{ ref('shipworthy', 'int_shipworthy__teams_left_out') }}

),

-- What lags, and what of the headline rests on it: failures on all incident sources, shipping on what a team waits for.
lagging as (

    select distinct
        'incidents' as subject,
        source,
        known_through,
        hint,
        false as is_left_out

    from parts_known

    where
        is_lagging
        and input_name = 'incidents'

    union distinct

    select distinct
        'code' as subject,
        source,
        known_through,
        hint,
        false as is_left_out

    from parts_known

    where
        is_lagging
        and has_rows
        and input_name = 'commits'

    union distinct

    select distinct
        'shipping' as subject,
        parts_known.source,
        parts_known.known_through,
        parts_known.hint,
        teams_left_out.is_left_out

    from parts_known

    inner join teams_known
        on
            parts_known.source = teams_known.shipping_source
            and parts_known.known_through = teams_known.shipping_known_through

    inner join teams_left_out
        on teams_known.team = teams_left_out.team

    where
        parts_known.is_lagging
        and parts_known.input_name in ('commits', 'deployments')

),

-- What a team waits for that is left out holds nothing back, so it is named where nothing else is.
ranked as (
    {% for measure, subjects in measures.items() %}
    select
        '{{ measure }}' as measure,
        source,
        known_through,
        hint,
        row_number() over (order by is_left_out, known_through nulls last, source, hint) as place

    from lagging

    where subject in ('{{ subjects | join("', '") }}')
    {{ "union all" if not loop.last }}
    {% endfor %}
),

final as (

    select
        measure,
        source as held_back_by,
        known_through as held_back_since,
        hint

    from ranked

    where place = 1

)

select * from final
