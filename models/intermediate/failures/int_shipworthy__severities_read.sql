with

incidents as (

    select * from {{ ref('shipworthy', 'int_shipworthy__incidents_kept') }}

),

severity_labels as (

    select * from {{ ref('shipworthy', 'shipworthy__severity_labels') }}

),

labels as (

    select distinct
        coalesce(lower(trim(source)), '') as source_key,
        severity_label,
        {{ shipworthy.severity_key('severity_label') }} as severity_key,
        {{ shipworthy.severity_level('severity_label') }} as level_number,
        {{ shipworthy.words_of('severity_label') }} as words

    from incidents

    where severity_label is not null

),

-- A source that has a level 0 counts from 0: its P0 is a sev1, its P1 a sev2, and what is below P4 a sev5.
counted_from as (

    select
        *,
        case when min(level_number) over (partition by source_key) = 0 then 0 else 1 end as first_level

    from labels

),

levelled as (

    select
        source_key,
        severity_label,
        severity_key,
        words,
        case
            when level_number is not null
                then 'sev' || cast(least(5, level_number - first_level + 1) as {{ dbt.type_string() }})
        end as severity_by_level

    from counted_from

),

-- A word of the label that the seed knows: the source's own before most people's, then the first in the label.
worded as (

    select
        levelled.source_key,
        levelled.severity_label,
        severity_labels.severity,
        row_number() over (
            partition by levelled.source_key, levelled.severity_label
            order by
                case when severity_labels.source = 'any' then 1 else 0 end,
                {{ dbt.position("' ' || severity_labels.severity_label || ' '", 'levelled.words') }},
                severity_labels.severity_label
        ) as place

    from levelled

    inner join severity_labels
        on
            levelled.source_key = severity_labels.source
            or severity_labels.source = 'any'

    where
        {{ dbt.position("' ' || severity_labels.severity_label || ' '", 'levelled.words') }} > 0
        -- "not critical" says what it is not
        and {{ dbt.position("' not '", 'levelled.words') }} = 0
        and {{ dbt.position("' non '", 'levelled.words') }} = 0

),

-- What a source means by a word goes before what most mean by it, and a whole label before a part of it.
final as (

    select
        levelled.source_key,
        levelled.severity_label,
        coalesce(
            own_labels.severity, common_labels.severity, levelled.severity_by_level, worded.severity
        ) as severity

    from levelled

    left join severity_labels as own_labels
        on
            levelled.severity_key = own_labels.severity_label
            and levelled.source_key = own_labels.source

    left join severity_labels as common_labels
        on
            levelled.severity_key = common_labels.severity_label
            and common_labels.source = 'any'

    left join worded
        on
            levelled.source_key = worded.source_key
            and levelled.severity_label = worded.severity_label
            and worded.place = 1

)

select * from final
