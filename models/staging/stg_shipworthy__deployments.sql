with

source as {{ shipworthy.inlined() }}(

    {{ shipworthy.read_input('deployments') }}

),

renamed as {{ shipworthy.inlined() }}(

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
        {{ shipworthy.read_as('is_rollback', dbt.type_boolean()) }} as is_rollback,

        ---------- times (UTC)
        {{ shipworthy.plausible_time('created_at') }} as created_at,
        {{ shipworthy.plausible_time('started_at') }} as started_at,
        {{ shipworthy.plausible_time('finished_at') }} as finished_at

    from source

),

final as (

    {{ shipworthy.one_row_per_key('deployments', 'renamed', 'finished_at') }}

)

select * from final
