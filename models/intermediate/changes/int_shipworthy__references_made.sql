{#- What reverts and incidents say of a change, taken apart: a request's number or a commit's name, and the repository
    where they say which. -#}

with

commits as (

    select * from {{ ref('shipworthy', 'stg_shipworthy__commits') }}

),

incidents as (

    select * from {{ ref('shipworthy', 'int_shipworthy__incidents_kept') }}

),

made as (

    select
        'revert' as asked_by,
        repository as asked_repository,
        sha as asked_id,
        {{ shipworthy.list_to_rows('reverts_sha') }} as reference

    from commits

    where reverts_sha is not null

    union all

    select
        'cause' as asked_by,
        '' as asked_repository,
        incident_id as asked_id,
        {{ shipworthy.list_to_rows('caused_by_sha') }} as reference

    from incidents

    where caused_by_sha is not null

    union all

    select
        'fix' as asked_by,
        '' as asked_repository,
        incident_id as asked_id,
        {{ shipworthy.list_to_rows('fixed_by_sha') }} as reference

    from incidents

    where fixed_by_sha is not null

),

parsed as (

    select distinct
        asked_by,
        asked_repository,
        asked_id,
        reference,
        {{ shipworthy.referenced_number('reference') | indent(8) }} as request_number,
        coalesce(
            {{ shipworthy.without_slashes(shipworthy.referenced_repository('reference')) | indent(12) }},
            lower(nullif(asked_repository, ''))
        ) as repository_key,
        {{ shipworthy.referenced_commit('reference') | indent(8) }} as commit_name

    from made

    where reference is not null

),

final as (

    select
        asked_by,
        asked_repository,
        asked_id,
        reference,
        request_number,
        repository_key,
        case when request_number is null then commit_name end as commit_name

    from parsed

)

select * from final
