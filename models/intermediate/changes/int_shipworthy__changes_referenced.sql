{#- The changes on the mainline that reverts and incidents name: the one home of what such a reference means. -#}

with

commits_referenced as (

    select * from {{ ref('shipworthy', 'int_shipworthy__commits_referenced') }}

),

requests_referenced as (

    select * from {{ ref('shipworthy', 'int_shipworthy__requests_referenced') }}

),

changes as (

    select * from {{ ref('shipworthy', 'int_shipworthy__changes_landed') }}

),

resolved as (

    select
        asked_by,
        asked_repository,
        asked_id,
        repository,
        named_sha,
        change_sha

    from commits_referenced

    union distinct

    select
        asked_by,
        asked_repository,
        asked_id,
        repository,
        cast(null as {{ dbt.type_string() }}) as named_sha,
        change_sha

    from requests_referenced

),

final as (

    select
        resolved.asked_by,
        resolved.asked_repository,
        resolved.asked_id,
        resolved.repository,
        resolved.named_sha,
        changes.sha,
        changes.landed_at,
        changes.mainline_position

    from resolved

    inner join changes
        on
            resolved.repository = changes.repository
            and resolved.change_sha = changes.sha

)

select * from final
