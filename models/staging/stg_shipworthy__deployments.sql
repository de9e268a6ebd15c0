with

source as (

    {{ shipworthy.read_input('deployments') }}

),

renamed as (

    select
        ---------- ids
        cast(deployment_id as {{ dbt.type_string() }}) as deployment_id,
        cast(repository as {{ dbt.type_string() }}) as repository,
        cast(sha as {{ dbt.type_string() }}) as sha,

        ---------- text
        cast({{ shipworthy.service_name('service') }} as {{ dbt.type_string() }}) as service,
        cast(environment as {{ dbt.type_string() }}) as environment,
        cast(status as {{ dbt.type_string() }}) as status,
        cast(deployed_by_kind as {{ dbt.type_string() }}) as deployed_by_kind,
        cast(kind as {{ dbt.type_string() }}) as kind,
        cast(source as {{ dbt.type_string() }}) as source,

        ---------- booleans
        cast(is_rollback as {{ dbt.type_boolean() }}) as is_rollback,

        ---------- times (UTC)
        cast(created_at as {{ dbt.type_timestamp() }}) as created_at,
        cast(started_at as {{ dbt.type_timestamp() }}) as started_at,
        cast(finished_at as {{ dbt.type_timestamp() }}) as finished_at

    from source

),

final as (

    {{ shipworthy.one_row_per_key('deployments', 'renamed', 'finished_at') }}

)

select * from final
