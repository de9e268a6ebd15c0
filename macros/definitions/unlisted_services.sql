{#- The service that has what no listed service has, of each repository that has an unlisted one: of several, the first by
    name that is no slip. Stands for the body of a CTE; `service_paths` is one that has the rows of service_paths. -#}
{% macro unlisted_services(service_paths) -%}
    select
        repository,
        coalesce(min(case when not is_slip then service end), min(service)) as service

    from {{ service_paths }}

    where not is_listed

    group by repository
{%- endmacro %}
