with

requests as (

    select * from {{ ref('shipworthy', 'int_shipworthy__requests_placed') }}

),

human_reviews as (

    select * from {{ ref('shipworthy', 'int_shipworthy__human_reviews') }}

),

scopes as (

    {{ shipworthy.team_and_organisation() | indent(4) }}

),

reviewed as (

    select
        {{ shipworthy.team_or_all('requests.team') }} as team,
        scopes.is_organisation,
        {{ shipworthy.week_start_on('human_reviews.submitted_at') }} as week_start_on,
        requests.repository || '#' || cast(requests.number as {{ dbt.type_string() }}) as request,
        human_reviews.reviewer_key

    from human_reviews

    inner join requests
        on
            human_reviews.repository = requests.repository
            and human_reviews.number = requests.number

    cross join scopes

),

final as (

    select
        team,
        is_organisation,
        week_start_on,
        count(distinct request) as reviewed_requests,
        count(distinct reviewer_key) as reviewers

    from reviewed

    group by team, is_organisation, week_start_on

)

select * from final
