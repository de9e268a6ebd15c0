{#- How many of a service's changes lie at or below each position that its deployments moved to, so that what a
    deployment puts live is a range of whole numbers. -#}

with

deployments as (

    select * from {{ ref('shipworthy', 'int_shipworthy__deployments_ordered') }}

),

changes as (

    select * from {{ ref('shipworthy', 'int_shipworthy__changes_by_service') }}

),

marks as (

    select
        service,
        repository,
        mainline_position as position,
        1 as changes

    from changes

    union all

    select
        service,
        repository,
        position,
        0 as changes

    from deployments

    where
        is_first
        or is_forward
        or is_rollback

    union all

    select
        service,
        repository,
        first_position - 1 as position,
        0 as changes

    from deployments

    where is_first

),

counted as (

    select
        service,
        repository,
        position,
        sum(changes) over (partition by service, repository order by position) as changes_up_to

    from marks

),

final as (

    select distinct
        service,
        repository,
        position,
        cast(changes_up_to as {{ dbt.type_bigint() }}) as changes_up_to

    from counted

)

select * from final
