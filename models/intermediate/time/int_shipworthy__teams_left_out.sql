with

teams_known as (

    select * from {{ ref('shipworthy', 'int_shipworthy__teams_known') }}

    where not is_organisation

),

as_of as (

    select * from {{ ref('shipworthy', 'int_shipworthy__as_of') }}

),

teams_late as (

    select
        teams_known.team,
        {{ shipworthy.add_days('teams_known.shipping_known_through', shipworthy.window('left_out_after_days')) }}
        < as_of.as_of_at as is_late

    from teams_known

    cross join as_of

),

-- A team that a source holds back for long would hold back everybody, so the others are counted without it. Where all
-- are late, nobody is left.
final as (

    select
        team,
        is_late and min(case when is_late then 1 else 0 end) over () = 0 as is_left_out

    from teams_late

)

select * from final
