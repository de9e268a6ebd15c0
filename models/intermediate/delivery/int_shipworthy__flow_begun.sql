with

changes as (

    select * from {{ ref('shipworthy', 'int_shipworthy__changes_by_team_week') }}

),

requests as (

    select * from {{ ref('shipworthy', 'int_shipworthy__requests_placed') }}

),

reviews as (

    select * from {{ ref('shipworthy', 'int_shipworthy__reviews_by_team_week') }}

),

incidents as (

    select * from {{ ref('shipworthy', 'int_shipworthy__incidents_by_team_week') }}

),

spoken as (

    select
        'changes' as input_name,
        week_start_on

    from changes

    union all

    select
        'requests' as input_name,
        {{ shipworthy.week_start_on('opened_at') }} as week_start_on

    from requests

    union all

    select
        'reviews' as input_name,
        week_start_on

    from reviews

    union all

    select
        'incidents' as input_name,
        week_start_on

    from incidents

),

-- An input speaks from its first row on; one that is loaded and empty, always.
final as (

    select
        min(case when input_name = 'changes' then week_start_on end) as first_change_on,
        min(case when input_name = 'requests' then week_start_on end) as first_request_on,
        min(case when input_name = 'reviews' then week_start_on end) as first_review_on,
        min(case when input_name = 'incidents' then week_start_on end) as first_incident_on

    from spoken

)

select * from final
