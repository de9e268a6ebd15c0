with

parts_known as (

    select * from {{ ref('shipworthy', 'int_shipworthy__parts_known') }}

),

-- The oldest of what was read of a repository decides, for its code and for its requests.
ranked as (

    select
        case when input_name = 'commits' then 'code' else 'requests' end as subject,
        repository,
        source,
        known_through,
        row_number() over (
            partition by repository, case when input_name = 'commits' then 1 else 0 end
            order by known_through nulls last, source
        ) as place

    from parts_known

    where
        repository is not null
        and input_name in ('commits', 'pull_requests', 'reviews', 'review_threads')

),

final as (

    select
        repository,
        max(case when subject = 'code' then known_through end) as code_known_through,
        max(case when subject = 'code' then source end) as code_source,
        max(case when subject = 'requests' then known_through end) as requests_known_through,
        max(case when subject = 'requests' then source end) as requests_source

    from ranked

    where place = 1

    group by repository

)

select * from final
