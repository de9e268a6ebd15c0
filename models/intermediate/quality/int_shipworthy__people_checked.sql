{%- set ai_usage_checks = [
    ['no_time', 'bucket_started_at is null', 'left_out', 'a bucket of no week'],
    ['no_person', 'person_key is null', 'left_out', 'in no team'],
    ['person_in_no_team', 'is_in_no_team', 'left_out', 'in no team on the Monday of the week'],
    ['negative_spend', 'billed_usd < 0', 'as_is', 'a credit note'],
    ['no_model', 'model is null and output_tokens is not null', 'handled', 'a model of no known price']
] -%}
{%- set people_checks = [
    ['in_two_teams', 'is_in_two_teams', 'handled', 'counts in each as a builder, in the first by name as an author'],
    ['ends_before_it_starts', 'valid_to_on <= valid_from_on', 'left_out', 'no day in the team']
] -%}
{%- set used_in_week = shipworthy.week_start_on('ai_usage.bucket_started_at') -%}
{%- set identities_checks = [
    ['no_person', 'person_key is null', 'handled', 'the alias stands for itself'],
    ['alias_of_an_alias', 'is_alias_of_an_alias', 'handled', 'followed twice, and no further']
] -%}

with

as_of as (

    select * from {{ ref('shipworthy', 'int_shipworthy__as_of') }}

),

rows_left_out as (

    select * from {{ ref('shipworthy', 'stg_shipworthy__rows_left_out') }}

),

ai_usage as {{ shipworthy.inlined() }}(

    select * from {{ ref('shipworthy', 'stg_shipworthy__ai_usage') }}

),

ai_usage_counted as (

    select * from {{ shipworthy.read_person_rows('int_shipworthy__ai_usage_counted') }}

),

people as (

    select * from {{ ref('shipworthy', 'stg_shipworthy__people') }}

),

identities as (

    select * from {{ ref('shipworthy', 'stg_shipworthy__identities') }}

),

memberships as (

    {{ shipworthy.with_people_resolved('stg_shipworthy__people', {'person_key': 'member_key'}) | indent(4) }}

),

weeks_used as (

    select distinct
        person_key,
        {{ shipworthy.week_start_on('bucket_started_at') }} as week_start_on

    from ai_usage

    where
        person_key is not null
        and bucket_started_at is not null

),

weeks_in_a_team as (

    select distinct
        weeks_used.person_key,
        weeks_used.week_start_on

    from weeks_used

    left join identities
        on weeks_used.person_key = identities.alias_key

    inner join memberships
        on
            coalesce(identities.person_key, weeks_used.person_key) = memberships.member_key
            and {{ shipworthy.is_valid_on('memberships', 'weeks_used.week_start_on') | indent(12) }}

),

ai_usage_checked as (

    select
        ai_usage.*,
        as_of.has_people
        and ai_usage.person_key is not null
        and ai_usage.bucket_started_at is not null
        and weeks_in_a_team.person_key is null as is_in_no_team

    from ai_usage

    cross join as_of

    left join weeks_in_a_team
        on
            ai_usage.person_key = weeks_in_a_team.person_key
            and {{ used_in_week }} = weeks_in_a_team.week_start_on

    where coalesce(ai_usage.bucket_started_at <= as_of.as_of_at, true)

),

people_checked as (

    select
        people.*,
        exists(
            select 1 as found
            from memberships
            where
                memberships.member_key = coalesce(identities.person_key, people.person_key)
                and memberships.team <> people.team
                and coalesce(memberships.valid_from_on, date '0001-01-01')
                < coalesce(people.valid_to_on, date '9999-12-31')
                and coalesce(people.valid_from_on, date '0001-01-01')
                < coalesce(memberships.valid_to_on, date '9999-12-31')
        ) as is_in_two_teams

    from people

    left join identities
        on people.person_key = identities.alias_key

),

identities_checked as (

    select
        identities.*,
        followed.alias_key is not null and followed.person_key <> identities.person_key as is_alias_of_an_alias

    from identities

    left join identities as followed
        on identities.person_key = followed.alias_key

),

-- The same work, told by a source that another one knows better; an example of such a source.
seen_twice as (

    select
        'ai_usage' as input_name,
        'seen_by_a_better_source' as reason,
        'left_out' as handling,
        'the same person, tool and day from a source that knows more: counted from that one' as what_happens,
        count(*) as rows_checked,
        coalesce(sum(case when ai_usage_counted.is_counted then 0 else 1 end), 0) as row_count,
        min(case when not ai_usage_counted.is_counted then ai_usage_counted.source end) as example_key,
        cast(
            sum(case when not ai_usage_counted.is_counted then {{ shipworthy.tokens_of('ai_usage_counted') }} end)
            as {{ dbt.type_bigint() }}
        ) as tokens

    from ai_usage_counted

),

models_of_people as (

    select distinct
        used_on,
        model_family,
        coalesce(source, 'unknown') as source

    from ai_usage_counted

    where
        known_person_key is not null
        and model_family is not null

),

usage_of_nobody as (

    select
        ai_usage_counted.usage_id,
        {{ shipworthy.tokens_of('ai_usage_counted') }} as tokens,
        ai_usage_counted.known_person_key is null
        and exists (
            select 1 as found
            from models_of_people
            where
                models_of_people.used_on = ai_usage_counted.used_on
                and models_of_people.model_family = ai_usage_counted.model_family
                and models_of_people.source <> coalesce(ai_usage_counted.source, 'unknown')
        ) as may_be_seen_twice

    from ai_usage_counted

),

-- Who names nobody may tell again what another source tells of somebody: nothing says so, so it counts.
maybe_seen_twice as (

    select
        'ai_usage' as input_name,
        'may_be_seen_twice' as reason,
        'as_is' as handling,
        'of nobody, of a model that another source tells of people that day: may be the same' as what_happens,
        count(*) as rows_checked,
        coalesce(sum(case when may_be_seen_twice then 1 else 0 end), 0) as row_count,
        min(case when may_be_seen_twice then usage_id end) as example_key,
        cast(sum(case when may_be_seen_twice then tokens end) as {{ dbt.type_bigint() }}) as tokens

    from usage_of_nobody

),

final as (

    {{ shipworthy.quality_checks('ai_usage', 'usage_id', ai_usage_checks) | indent(4) }}

    union all

    select * from seen_twice

    union all

    select * from maybe_seen_twice

    union all

    {{ shipworthy.quality_checks('people', 'team', people_checks) | indent(4) }}

    union all

    {{ shipworthy.quality_checks(
        'identities', 'cast(null as ' ~ dbt.type_string() ~ ')', identities_checks
    ) | indent(4) }}

)

select * from final
