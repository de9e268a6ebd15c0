{%- set services_checks = [
    ['no_team', 'team is null', 'handled', 'belongs to its repository'],
    ['no_repository', 'repository is null', 'left_out', 'owns no path'],
    ['repository_without_commits', 'repository is not null and not has_commits', 'as_is', 'owns no line'],
    ['ends_before_it_starts', 'valid_to_on <= valid_from_on', 'left_out', 'owned by nobody on no day']
] -%}
{%- set product_metrics_checks = [
    ['no_value', 'value is null', 'left_out', 'a day without a value']
] -%}
{%- set costs_checks = [
    ['negative_amount', 'amount_usd < 0', 'as_is', 'a credit note']
] -%}

with

rows_left_out as (

    select * from {{ ref('shipworthy', 'stg_shipworthy__rows_left_out') }}

),

services as (

    select * from {{ ref('shipworthy', 'stg_shipworthy__services') }}

),

product_metrics as (

    select * from {{ ref('shipworthy', 'stg_shipworthy__product_metrics') }}

),

costs as (

    select * from {{ ref('shipworthy', 'stg_shipworthy__costs') }}

),

changes as (

    select * from {{ ref('shipworthy', 'int_shipworthy__changes_landed') }}

),

repositories_with_commits as (

    select distinct repository from changes

),

services_checked as (

    select
        services.*,
        repositories_with_commits.repository is not null as has_commits

    from services

    left join repositories_with_commits
        on services.repository = repositories_with_commits.repository

),

product_metrics_checked as (

    select * from product_metrics

),

costs_checked as (

    select * from costs

),

final as (

    {{ shipworthy.quality_checks('services', 'service', services_checks) | indent(4) }}

    union all

    {{ shipworthy.quality_checks(
        'product_metrics', "service || ' ' || metric", product_metrics_checks
    ) | indent(4) }}

    union all

    {{ shipworthy.quality_checks('costs', "team || ' ' || category", costs_checks) | indent(4) }}

)

select * from final
