with

source as {{ shipworthy.inlined() }}(

    {{ shipworthy.read_input('incidents') }}

),

renamed as {{ shipworthy.inlined() }}(

    select
        ---------- ids
        cast(incident_id as {{ dbt.type_string() }}) as incident_id,
        cast(caused_by_deployment_id as {{ dbt.type_string() }}) as caused_by_deployment_id,
        cast(caused_by_sha as {{ dbt.type_string() }}) as caused_by_sha,
        cast(fixed_by_sha as {{ dbt.type_string() }}) as fixed_by_sha,
        cast(merged_into_id as {{ dbt.type_string() }}) as merged_into_id,

        ---------- text
        cast(service as {{ dbt.type_string() }}) as service,
        cast(severity_label as {{ dbt.type_string() }}) as severity_label,
        cast(source as {{ dbt.type_string() }}) as source,

        ---------- booleans
        {{ shipworthy.read_as('is_false_alarm', dbt.type_boolean()) }} as is_false_alarm,
        {{ shipworthy.read_as('is_maintenance', dbt.type_boolean()) }} as is_maintenance,

        ---------- times (UTC)
        {{ shipworthy.plausible_time('opened_at') }} as opened_at,
        {{ shipworthy.plausible_time('acknowledged_at') }} as acknowledged_at,
        {{ shipworthy.plausible_time('resolved_at') }} as resolved_at

    from source

),

final as (

    {{ shipworthy.one_row_per_key('incidents', 'renamed', 'resolved_at') }}

)

select * from final
