with

requests_by_change as (

    select * from {{ ref('shipworthy', 'int_shipworthy__requests_by_change') }}

),

pull_requests as (

    {{ shipworthy.with_people_resolved(
        'stg_shipworthy__pull_requests', {'driver_key': 'driver', 'merged_by_key': 'merger'}
    ) | indent(4) }}

),

-- Behind an agent stands who drove its request: the assignee, else who merged it.
final as (

    select
        requests_by_change.repository,
        requests_by_change.sha,
        coalesce(pull_requests.driver, pull_requests.merger) as person_key

    from requests_by_change

    inner join pull_requests
        on
            requests_by_change.repository = pull_requests.repository
            and requests_by_change.number = pull_requests.number

    where requests_by_change.is_first_of_change

)

select * from final
