with

people as (

    {{ shipworthy.with_people_resolved('stg_shipworthy__people', {'person_key': 'member_key'}) | indent(4) }}

),

final as (

    select distinct
        member_key as person_key,
        team,
        coalesce(kind, 'human') = 'human' as is_human,
        valid_from_on,
        valid_to_on

    from people

)

select * from final
