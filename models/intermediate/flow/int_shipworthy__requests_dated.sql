with

requests as (

    select * from {{ ref('shipworthy', 'int_shipworthy__requests_placed') }}

),

-- A request is over when it is merged or closed, whichever comes first.
final as (

    select
        repository,
        number,
        team,
        opened_at,
        coalesce(ready_at, opened_at) as ready_at,
        case
            when merged_at is null then closed_at
            when closed_at is null then merged_at
            else least(merged_at, closed_at)
        end as ended_at

    from requests

)

select * from final
