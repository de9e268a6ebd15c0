{#- Which listed service a path prefix belongs to, and when: always to one. -#}

with

services_listed as (

    select * from {{ ref('shipworthy', 'int_shipworthy__services_listed') }}

),

claimed as (

    select
        repository,
        path_prefix,
        service,
        coalesce(valid_from_on, date '0001-01-01') as claimed_on,
        row_number() over (
            partition by repository, path_prefix, coalesce(valid_from_on, date '0001-01-01')
            order by service
        ) as place

    from services_listed

),

-- A period says when a prefix goes from one service to another. Before the first claim and after the last period it
-- stays with who claimed it first, and last.
final as (

    select
        repository,
        path_prefix,
        service,
        case
            when lag(claimed_on) over (partition by repository, path_prefix order by claimed_on) is not null
                then claimed_on
        end as valid_from_on,
        lead(claimed_on) over (partition by repository, path_prefix order by claimed_on) as valid_to_on

    from claimed

    where place = 1

)

select * from final
