with

commits as (

    select * from {{ ref('shipworthy', 'stg_shipworthy__commits') }}

),

line_births as (

    select * from {{ ref('shipworthy', 'stg_shipworthy__line_births') }}

),

identities as (

    select * from {{ ref('shipworthy', 'stg_shipworthy__identities') }}

),

people as (

    select * from {{ ref('shipworthy', 'stg_shipworthy__people') }}

),

ai_usage as (

    select * from {{ ref('shipworthy', 'stg_shipworthy__ai_usage') }}

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

    union

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
        coalesce(identities.person_key, writing.author_key) as person_key

    from written

    inner join landed
        on
            written.repository = landed.repository
            and written.change_sha = landed.sha

    left join commits as writing
        on
            written.repository = writing.repository
            and written.author_sha = writing.sha

    left join identities
        on writing.author_key = identities.alias_key

),

memberships as (

    select
        people.team,
        people.valid_from_on,
        people.valid_to_on,
        coalesce(identities.person_key, people.person_key) as person_key

    from people

    left join identities
        on people.person_key = identities.alias_key

),

-- Of several teams, the first by name.
teams_at_landing as (

    select
        identified.repository,
        identified.change_sha,
        identified.author_sha,
        min(memberships.team) as author_team

    from identified

    inner join memberships
        on
            identified.person_key = memberships.person_key
            and (
                memberships.valid_from_on is null
                or memberships.valid_from_on <= cast(identified.landed_at as date)
            )
            and (
                memberships.valid_to_on is null
                or cast(identified.landed_at as date) < memberships.valid_to_on
            )

    group by
        identified.repository,
        identified.change_sha,
        identified.author_sha

),

usage_buckets as (

    select distinct
        ai_usage.bucket_started_at,
        {{ shipworthy.add_hours('ai_usage.bucket_started_at', 'coalesce(ai_usage.bucket_hours, 24)') }}
            as bucket_ended_at,
        coalesce(identities.person_key, ai_usage.person_key) as person_key

    from ai_usage

    left join identities
        on ai_usage.person_key = identities.alias_key

),

ai_users_before_landing as (

    select distinct
        identified.repository,
        identified.change_sha,
        identified.author_sha

    from identified

    inner join usage_buckets
        on
            identified.person_key = usage_buckets.person_key
            and usage_buckets.bucket_started_at < identified.landed_at
            and usage_buckets.bucket_ended_at > {{ shipworthy.add_days('identified.landed_at', -7) }}

),

final as (

    select
        identified.repository,
        identified.change_sha,
        identified.author_sha,
        identified.landed_at,
        identified.person_key,
        identified.author_kind,
        teams_at_landing.author_team,
        ai_users_before_landing.author_sha is not null as used_ai_before_landing

    from identified

    left join teams_at_landing
        on
            identified.repository = teams_at_landing.repository
            and identified.change_sha = teams_at_landing.change_sha
            and identified.author_sha = teams_at_landing.author_sha

    left join ai_users_before_landing
        on
            identified.repository = ai_users_before_landing.repository
            and identified.change_sha = ai_users_before_landing.change_sha
            and identified.author_sha = ai_users_before_landing.author_sha

)

select * from final
