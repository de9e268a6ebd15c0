with

source as (

    {{ shipworthy.read_input('repositories') }}

),

renamed as (

    select
        ---------- ids
        cast(repository as {{ dbt.type_string() }}) as repository,
        cast(head_sha as {{ dbt.type_string() }}) as head_sha,

        ---------- text
        cast(default_branch as {{ dbt.type_string() }}) as default_branch,

        ---------- booleans
        {{ shipworthy.read_as('is_shallow', dbt.type_boolean()) }} as is_shallow,

        ---------- times (UTC)
        {{ shipworthy.plausible_time('scanned_at') }} as scanned_at

    from source

),

final as (

    {{ shipworthy.one_row_per_key('repositories', 'renamed', 'scanned_at') }}

)

select * from final
