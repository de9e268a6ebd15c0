with

changes_by_service as (

    select * from {{ ref('shipworthy', 'int_shipworthy__changes_by_service') }}

),

changes as (

    select * from {{ ref('shipworthy', 'int_shipworthy__changes_landed') }}

),

births as {{ shipworthy.inlined() }}(

    select * from {{ ref('shipworthy', 'int_shipworthy__lines_born') }}

),

deaths as (

    select * from {{ ref('shipworthy', 'int_shipworthy__lines_died') }}

),

repositories_with_lines as (

    select distinct repository from births

),

counted as (

    select
        service,
        repository,
        added_sha as sha,
        lines

    from births

    where
        is_counted
        and not is_moved

    union all

    select
        removal_service as service,
        repository,
        removed_sha as sha,
        lines

    from deaths

    where
        is_counted
        and not is_moved

),

summed as (

    select
        service,
        repository,
        sha,
        sum(lines) as lines

    from counted

    group by service, repository, sha

),

measured as (

    select
        changes_by_service.service,
        changes_by_service.repository,
        changes_by_service.sha,
        cast(
            case
                when repositories_with_lines.repository is null then coalesce(changes.lines_added, 0)
                else coalesce(summed.lines, 0)
            end as {{ shipworthy.type_double() }}
        ) as lines

    from changes_by_service

    inner join changes
        on
            changes_by_service.repository = changes.repository
            and changes_by_service.sha = changes.sha

    left join summed
        on
            changes_by_service.service = summed.service
            and changes_by_service.repository = summed.repository
            and changes_by_service.sha = summed.sha

    left join repositories_with_lines
        on changes_by_service.repository = repositories_with_lines.repository

),

-- Known as soon as the change lands, unlike what of it is held. Services share the cap of a change by its lines there.
shared as (

    select
        *,
        {{ var('shipworthy__change_line_cap') }}
        * lines / nullif(sum(lines) over (partition by repository, sha), 0) as line_cap

    from measured

),

final as (

    select
        service,
        repository,
        sha,
        lines,
        line_cap,
        coalesce(least(lines, line_cap), 0.0) as capped_lines

    from shared

)

select * from final
