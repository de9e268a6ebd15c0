with

source as (

    {{ shipworthy.read_input('deployment_commits') }}

),

renamed as (

    select
        ---------- ids
        cast(deployment_id as {{ dbt.type_string() }}) as deployment_id,
        cast(repository as {{ dbt.type_string() }}) as repository,
        cast(sha as {{ dbt.type_string() }}) as sha

    from source

),

final as (

    {{ shipworthy.one_row_per_key('deployment_commits', 'renamed') }}

)

select * from final
