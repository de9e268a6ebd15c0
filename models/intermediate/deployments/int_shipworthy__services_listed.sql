with

services as (

    select * from {{ ref('shipworthy', 'stg_shipworthy__services') }}

),

listed as (

    select
        service,
        repository,
        case
            when path_prefix in ('.', './') then ''
            when path_prefix like './%' then substring(path_prefix, 3)
            else coalesce(path_prefix, '')
        end as path_prefix,
        coalesce(team, repository) as team,
        coalesce(delivery_unit, 'deployment') as delivery_unit,
        valid_from_on,
        valid_to_on

    from services

    where
        service is not null
        and repository is not null

),

final as (

    select
        service,
        repository,
        {#- 'services/api/', './services/api' and 'services/api' are one directory; '.' is the whole repository. #}
        {{ shipworthy.without_slashes('path_prefix') }} as path_prefix,
        team,
        delivery_unit,
        valid_from_on,
        valid_to_on

    from listed

)

select * from final
