-- Guards shipworthy__severity_weighted_failure_rate: an incident that is neither blamed on a release nor in its
-- team-week's unattributed_incidents would have vanished between the two.
with

counted as (

    select count(*) as incidents from {{ ref('shipworthy', 'fct_shipworthy__incidents') }}

),

attributed as (

    select count(*) as incidents

    from {{ ref('shipworthy', 'int_shipworthy__failures') }}

    where failure = 'incident'

),

unattributed as (

    select coalesce(sum(unattributed_incidents), 0) as incidents

    from {{ ref('shipworthy', 'shipworthy__severity_weighted_failure_rate') }}

)

select
    counted.incidents as counted_incidents,
    attributed.incidents as attributed_incidents,
    unattributed.incidents as unattributed_incidents

from counted

cross join attributed

cross join unattributed

where counted.incidents is distinct from attributed.incidents + unattributed.incidents
