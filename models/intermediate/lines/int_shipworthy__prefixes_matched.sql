with

line_births as (

    select * from {{ ref('shipworthy', 'stg_shipworthy__line_births') }}

),

line_deaths as (

    select * from {{ ref('shipworthy', 'stg_shipworthy__line_deaths') }}

),

prefixes_held as (

    select * from {{ ref('shipworthy', 'int_shipworthy__prefixes_held') }}

),

paths as (

    select
        repository,
        path

    from line_births

    union distinct

    select
        repository,
        path

    from line_deaths

),

prefixes as (

    select distinct
        repository,
        path_prefix

    from prefixes_held

),

-- Prefixes end at a directory's border.
matching as (

    select
        paths.repository,
        paths.path,
        prefixes.path_prefix

    from paths

    inner join prefixes
        on
            paths.repository = prefixes.repository
            and (
                prefixes.path_prefix = ''
                or paths.path = prefixes.path_prefix
                or {{ shipworthy.starts_with('paths.path', "prefixes.path_prefix || '/'") }}
            )

),

final as (

    select
        repository,
        path,
        path_prefix,
        length(path_prefix) as prefix_length,
        max(length(path_prefix)) over (partition by repository, path) = length(path_prefix) as is_longest,
        count(*) over (partition by repository, path) as prefixes

    from matching

)

select * from final
