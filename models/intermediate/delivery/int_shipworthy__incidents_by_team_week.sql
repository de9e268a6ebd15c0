with

incidents as (

    select * from {{ ref('shipworthy', 'int_shipworthy__incidents_placed') }}

),

scopes as (

    {{ shipworthy.team_and_organisation() | indent(4) }}

),

final as (

    select
        {{ shipworthy.team_or_all('incidents.team') }} as team,
        scopes.is_organisation,
        incidents.opened_week_start_on as week_start_on,
        count(*) as incidents

    from incidents

    cross join scopes

    group by {{ shipworthy.team_or_all('incidents.team') }}, scopes.is_organisation, incidents.opened_week_start_on

)

select * from final
