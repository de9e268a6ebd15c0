select
    team,
    sum(normalized_deployments) as normalized_deployments

from {{ ref('shipworthy', 'shipworthy__normalized_deployments') }}

where is_mature

group by team
