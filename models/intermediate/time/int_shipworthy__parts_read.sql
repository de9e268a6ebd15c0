with

parts as (

    select * from {{ ref('shipworthy', 'int_shipworthy__parts_loaded') }}

),

load_watermarks as (

    select * from {{ ref('shipworthy', 'stg_shipworthy__load_watermarks') }}

),

row_sources as (

    select distinct
        input_name,
        row_source

    from parts

    where row_source is not null

),

-- `github:acme/shop` is tool github and repository acme/shop. That of an input that is switched off says nothing.
watermarks as (

    select
        load_watermarks.input_name,
        load_watermarks.source,
        split_part(load_watermarks.source, ':', 1) as tool,
        nullif(split_part(load_watermarks.source, ':', 2), '') as repository,
        load_watermarks.loaded_through,
        row_sources.row_source is null and load_watermarks.source not like '%:%' as stands_in

    from load_watermarks

    left join row_sources
        on
            load_watermarks.input_name = row_sources.input_name
            and load_watermarks.source = row_sources.row_source

    where
        load_watermarks.loaded_through is not null
        and load_watermarks.input_name in ({{ shipworthy.dated_inputs_switched_on() }})

),

-- Of several watermarks that fit alike, the oldest.
ranked as (

    select
        *,
        row_number() over (
            partition by input_name, repository
            order by loaded_through nulls last, source
        ) as place_in_repository,
        row_number() over (
            partition by input_name, tool
            order by loaded_through nulls last, source
        ) as place_in_tool,
        row_number() over (
            partition by input_name, stands_in
            order by loaded_through nulls last, source
        ) as place_in_input

    from watermarks

),

matched as (

    select
        parts.input_name,
        parts.row_source,
        parts.repository,
        parts.row_count,
        parts.newest_at,
        coalesce(exact.source, own.source, of_repository.source, of_tool.source, standing_in.source)
            as watermark_source,
        coalesce(
            exact.loaded_through,
            own.loaded_through,
            of_repository.loaded_through,
            of_tool.loaded_through,
            standing_in.loaded_through
        ) as loaded_through

    from parts

    left join ranked as exact
        on
            parts.input_name = exact.input_name
            and parts.row_source || ':' || parts.repository = exact.source

    left join ranked as own
        on
            parts.input_name = own.input_name
            and parts.row_source = own.source

    left join ranked as of_repository
        on
            parts.input_name = of_repository.input_name
            and parts.repository = of_repository.repository
            and of_repository.place_in_repository = 1
            and coalesce(parts.row_source, 'git_tag') = 'git_tag'

    left join ranked as of_tool
        on
            parts.input_name = of_tool.input_name
            and parts.row_source = of_tool.tool
            and of_tool.place_in_tool = 1

    left join ranked as standing_in
        on
            parts.input_name = standing_in.input_name
            and standing_in.stands_in
            and standing_in.place_in_input = 1

),

sized as (

    select
        *,
        100 * sum(case when watermark_source is null then row_count end) over (partition by input_name, row_source)
        < sum(row_count) over (partition by input_name)
        or (
            row_source is not null
            and sum(case when watermark_source is null then row_count end) over (partition by input_name, row_source)
            = 1
        ) as is_handful,
        first_value(watermark_source) over (
            partition by input_name
            order by loaded_through nulls last, watermark_source
        ) as oldest_source,
        min(loaded_through) over (partition by input_name) as oldest_through

    from matched

),

-- A handful of rows beside others that watermarks name is no source of its own, but a slip of a name.
fitted as (

    select
        input_name,
        row_source,
        repository,
        newest_at,
        case when watermark_source is null and is_handful then oldest_source else watermark_source end
            as watermark_source,
        case when watermark_source is null and is_handful then oldest_through else loaded_through end
            as loaded_through

    from sized

),

-- Where no watermark says it, whoever set as_of does; else the newest row of the source, whatever repository it is of.
dated as (

    select
        input_name,
        row_source,
        repository,
        coalesce(watermark_source, row_source, input_name) as source,
        watermark_source is not null as is_stated,
        coalesce(
            loaded_through,
            {% if shipworthy.as_of_given() -%}
            {{ shipworthy.as_of_given() }}
            {%- else -%}
            max(case when watermark_source is null then newest_at end) over (partition by input_name, row_source)
            {%- endif %}
        ) as read_through

    from fitted

),

-- A feed without rows is a source too: of incidents, say, that nobody had.
feeds_without_rows as (

    select
        watermarks.input_name,
        cast(null as {{ dbt.type_string() }}) as row_source,
        watermarks.repository,
        watermarks.source,
        true as is_stated,
        watermarks.loaded_through as read_through

    from watermarks

    left join dated
        on
            watermarks.input_name = dated.input_name
            and watermarks.source = dated.source

    where dated.source is null

),

final as (

    select
        *,
        true as has_rows

    from dated

    union all

    select
        *,
        false as has_rows

    from feeds_without_rows

)

select * from final
