{#- Two relations hold the same rows in the named columns, compared both ways and duplicates included. -#}
{% test same_rows_as(model, compare_to, columns) %}
{%- set names = columns | join(', ') -%}
select
    'missing' as problem,
    {{ names }}

from (select {{ names }} from {{ compare_to }} except all select {{ names }} from {{ model }}) as missing

union all

select
    'unexpected' as problem,
    {{ names }}

from (select {{ names }} from {{ model }} except all select {{ names }} from {{ compare_to }}) as unexpected
{% endtest %}
