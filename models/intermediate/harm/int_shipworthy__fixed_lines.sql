{%- set window_days = shipworthy.checked_variable('shipworthy__turnover_window_days') -%}

-- noqa: disable=LT02
with

fixes as (

    select * from {{ ref('shipworthy', 'int_shipworthy__changes_repairing') }}

    where is_hotfix

),

deaths as (

    select * from {{ ref('shipworthy', 'int_shipworthy__lines_died') }}

    where
        is_counted
        and not birth_is_moved
        and not is_moved

),

put_live as (

    select * from {{ ref('shipworthy', 'int_shipworthy__changes_put_live') }}

    where is_shipped

),

-- Only what had shipped could do harm, and only for so long as it takes to be held: both sides are watched alike.
final as (

    select
        put_live.release_id,
        fixes.repository,
        deaths.added_sha,
        deaths.author_sha,
        fixes.sha as fixing_sha,
        {%- for authorship in ('ai', 'human') %}
        cast(
            sum(case when deaths.authorship = '{{ authorship }}' then deaths.lines else 0 end)
            as {{ dbt.type_bigint() }}
        ) as {{ authorship }}_lines{{ ',' if not loop.last }}
        {%- endfor %}

    from fixes

    inner join deaths
        on
            fixes.repository = deaths.repository
            and fixes.sha = deaths.removed_sha

    inner join put_live
        on
            deaths.repository = put_live.repository
            and deaths.added_sha = put_live.sha
            and deaths.birth_service = put_live.service
            and deaths.removed_at >= put_live.deployed_at
            and deaths.removed_at < {{ shipworthy.add_days('put_live.deployed_at', window_days) }}

    where deaths.authorship in ('ai', 'human')

    group by put_live.release_id, fixes.repository, deaths.added_sha, deaths.author_sha, fixes.sha

)

select * from final
