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

-- Many services may share a repository, but their prefixes have few lengths.
lengths as (

    select distinct
        repository,
        length(path_prefix) as prefix_length

    from prefixes

),

-- Prefixes end at a directory's border.
beginnings as (

    select
        paths.repository,
        paths.path,
        substring(paths.path, 1, lengths.prefix_length) as beginning

    from paths

    inner join lengths
        on paths.repository = lengths.repository

    where
        lengths.prefix_length = 0
        or length(paths.path) = lengths.prefix_length
        or substring(paths.path, lengths.prefix_length + 1, 1) = '/'

),

matching as (

    select
        beginnings.repository,
        beginnings.path,
        prefixes.path_prefix

    from beginnings

    inner join prefixes
        on
            beginnings.repository = prefixes.repository
            and beginnings.beginning = prefixes.path_prefix

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
