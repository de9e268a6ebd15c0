-- Guards int_shipworthy__changes_put_live: a change that is put live again while it is live would ship twice, and its
-- held lines and failures would count double.
with

put_live as (

    select * from {{ ref('shipworthy', 'int_shipworthy__changes_put_live') }}

)

select
    earlier.service,
    earlier.repository,
    earlier.sha,
    earlier.deployment_id,
    later.deployment_id as later_deployment_id

from put_live as earlier

inner join put_live as later
    on
        earlier.service = later.service
        and earlier.repository = later.repository
        and earlier.sha = later.sha
        and earlier.shipping_order < later.shipping_order

where (earlier.taken_off_order <= later.shipping_order) is not true
