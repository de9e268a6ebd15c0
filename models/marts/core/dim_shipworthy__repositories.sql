{{ config(alias='dim_repositories') }}

with

changes as (

    select * from {{ ref('shipworthy', 'int_shipworthy__changes_landed') }}

),

births as (

    select * from {{ ref('shipworthy', 'int_shipworthy__lines_born') }}

),

deaths as (

    select * from {{ ref('shipworthy', 'int_shipworthy__lines_died') }}

),

repositories as (

    select * from {{ ref('shipworthy', 'stg_shipworthy__repositories') }}

),

changes_counted as (

    select
        repository,
        count(*) as changes,
        min(landed_at) as first_landed_at,
        max(landed_at) as last_landed_at

    from changes

    group by repository

),

lines_added as (

    select
        repository,
        sum(lines) as lines_born,
        sum(case when is_counted then 0 else lines end) as lines_born_left_out,
        sum(case when recorded_authorship <> 'untagged' then lines else 0 end) as tagged_lines

    from births

    group by repository

),

lines_removed as (

    select
        repository,
        sum(lines) as lines_died

    from deaths

    group by repository

),

final as (

    select
        changes_counted.repository,
        repositories.default_branch,
        cast(changes_counted.changes as {{ dbt.type_bigint() }}) as changes,
        changes_counted.first_landed_at,
        changes_counted.last_landed_at,
        cast(lines_added.lines_born as {{ dbt.type_bigint() }}) as lines_born,
        cast(
            case when lines_added.lines_born is not null then coalesce(lines_removed.lines_died, 0) end
            as {{ dbt.type_bigint() }}
        ) as lines_died,
        cast(lines_added.lines_born - coalesce(lines_removed.lines_died, 0) as {{ dbt.type_bigint() }}) as lines_living,
        {{ shipworthy.safe_ratio('lines_added.lines_born_left_out', 'lines_added.lines_born') }} as left_out_share,
        {{ shipworthy.safe_ratio('lines_added.tagged_lines', 'lines_added.lines_born') }} as attribution_coverage,
        case when lines_added.lines_born is null then 'line_lifetimes_not_loaded' end as lines_null_reason,
        case when repositories.default_branch is null then 'repository_not_loaded' end as default_branch_null_reason

    from changes_counted

    left join repositories
        on changes_counted.repository = repositories.repository

    left join lines_added
        on changes_counted.repository = lines_added.repository

    left join lines_removed
        on changes_counted.repository = lines_removed.repository

)

select * from final
