with

commits as (

    {{ shipworthy.with_people_resolved('stg_shipworthy__commits', {'author_key': 'person_key'}) | indent(4) }}

),

line_births as (

    select * from {{ ref('shipworthy', 'stg_shipworthy__line_births') }}

),

memberships as (

    select * from {{ ref('shipworthy', 'int_shipworthy__memberships') }}

),

ai_usage as (

    {{ shipworthy.with_people_resolved('stg_shipworthy__ai_usage', {'person_key': 'known_person_key'}) | indent(4) }}

),

as_of as (

    select * from {{ ref('shipworthy', 'int_shipworthy__as_of') }}

),

landed as (

    select commits.*

    from commits

    cross join as_of

    where
        commits.mainline_position is not null
        and commits.landed_at <= as_of.as_of_at

),

-- The author of a change, and in a merge the authors of its lines: the branch commits that wrote them.
written as (

    select
        repository,
        sha as change_sha,
        sha as author_sha

    from landed

    union distinct

    select
        repository,
        added_sha as change_sha,
        author_sha

    from line_births

),

identified as (

    select
        written.repository,
        written.change_sha,
        written.author_sha,
        landed.landed_at,
        writing.author_kind,
        writing.person_key

    from written

    inner join landed
        on
            written.repository = landed.repository
            and written.change_sha = landed.sha

    left join commits as writing
        on
            written.repository = writing.repository
            and written.author_sha = writing.sha

),

landings as (

    select
        person_key,
        landed_at,
        cast(landed_at as date) as landed_on

    from identified

    where person_key is not null

    group by person_key, landed_at

),

-- Of several teams, the first by name.
teams_of_day as (

    select
        landings.person_key,
        landings.landed_on,
        min(memberships.team) as author_team

    from landings

    inner join memberships
        on
            landings.person_key = memberships.person_key
            and {{ shipworthy.is_valid_on('memberships', 'landings.landed_on') | indent(12) }}

    group by landings.person_key, landings.landed_on

),

-- Of the usage of a day it is enough to know when it began and how far it went: what began on the day of a landing, and
-- before it, is within the 7 days.
usage_days as (

    select
        known_person_key as person_key,
        min(bucket_started_at) as bucket_started_at,
        max({{ shipworthy.add_hours('bucket_started_at', 'coalesce(bucket_hours, 24)') }}) as bucket_ended_at

    from ai_usage

    where known_person_key is not null

    group by known_person_key, cast(bucket_started_at as date)

),

-- Usage and landings of each person in the order of time: a landing sees how far the usage that began before it went.
moments as (

    select
        person_key,
        bucket_started_at as moment,
        1 as is_usage,
        bucket_ended_at

    from usage_days

    union all

    select
        person_key,
        landed_at as moment,
        0 as is_usage,
        cast(null as {{ dbt.type_timestamp() }}) as bucket_ended_at

    from landings

),

looked_back as (

    select
        person_key,
        moment,
        is_usage,
        max(bucket_ended_at) over (
            partition by person_key order by moment, is_usage rows between unbounded preceding and current row
        ) as used_until

    from moments

),

landings_of_ai_users as (

    select
        person_key,
        moment as landed_at

    from looked_back

    where
        is_usage = 0
        and used_until > {{ shipworthy.add_days('moment', -7) }}

),

final as (

    select
        identified.repository,
        identified.change_sha,
        identified.author_sha,
        identified.landed_at,
        identified.person_key,
        identified.author_kind,
        teams_of_day.author_team,
        landings_of_ai_users.person_key is not null as used_ai_before_landing

    from identified

    left join teams_of_day
        on
            identified.person_key = teams_of_day.person_key
            and cast(identified.landed_at as date) = teams_of_day.landed_on

    left join landings_of_ai_users
        on
            identified.person_key = landings_of_ai_users.person_key
            and identified.landed_at = landings_of_ai_users.landed_at

)

select * from final
