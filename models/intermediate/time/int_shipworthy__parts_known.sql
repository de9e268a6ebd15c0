with

parts_read as (

    select * from {{ ref('shipworthy', 'int_shipworthy__parts_read') }}

),

as_of as (

    select * from {{ ref('shipworthy', 'int_shipworthy__as_of') }}

),

known as (

    select
        parts_read.input_name,
        parts_read.row_source,
        parts_read.repository,
        parts_read.source,
        parts_read.is_stated,
        parts_read.has_rows,
        as_of.as_of_at,
        case
            when {{ shipworthy.has_ended('parts_read.source') }} then as_of.as_of_at
            else least(parts_read.read_through, as_of.as_of_at)
        end as known_through

    from parts_read

    cross join as_of

),

final as (

    select
        input_name,
        row_source,
        repository,
        source,
        is_stated,
        has_rows,
        known_through,
        coalesce(
            {{ shipworthy.add_days('known_through', shipworthy.window('lagging_after_days')) }} < as_of_at, false
        ) as is_lagging,
        -- what the headline tells a user to do
        case
            when not is_stated
                then
                    'no watermark says how far ' || source || ' was read, so its newest row stands in: '
                    || 'shipworthy load files DIR --through DATE'
            when source = 'files' then 'load a newer export: shipworthy load files DIR --through DATE'
            when {{ shipworthy.starts_with('source', "'git:'") }}
                then 'fetch the clone and load it again: git fetch; shipworthy load git PATH'
            else 'load it again: shipworthy load ' || split_part(source, ':', 1)
        end
        || '; if it has ended, name it in shipworthy__ended_sources' as hint

    from known

)

select * from final
