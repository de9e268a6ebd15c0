{#- The rows of a model, and beside each key of somebody the person it stands for, aliases resolved: the one place that
    reads identities. `people` names the new columns by the column with the key, as {'author_key': 'author_person_key'}.
    Stands for the body of a CTE. -#}
{% macro with_people_resolved(model, people) -%}
    select
        rows_of_model.*,
        {%- for key, person in people.items() %}
        coalesce({{ person }}_aliases.person_key, rows_of_model.{{ key }}) as {{ person }}{{ "," if not loop.last }}
        {%- endfor %}

    from {{ ref('shipworthy', model) }} as rows_of_model
    {% for key, person in people.items() %}
    left join {{ ref('shipworthy', 'stg_shipworthy__identities') }} as {{ person }}_aliases
        on rows_of_model.{{ key }} = {{ person }}_aliases.alias_key
    {% endfor %}
{%- endmacro %}
