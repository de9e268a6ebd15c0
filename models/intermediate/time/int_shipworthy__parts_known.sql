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
        coalesce({{ shipworthy.add_days('known_through', 7) }} < as_of_at, false) as is_lagging

    from known

)

select * from final
