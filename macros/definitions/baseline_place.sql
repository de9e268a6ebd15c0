{#- The how manieth of a team's weeks this is in which a measure is final and has a value; null in all other weeks. The
    first `shipworthy.window('baseline_weeks')` of them are its baseline, and stay what they were. -#}
{% macro baseline_place(has_value, team='team', week='week_start_on') -%}
    case
        when {{ has_value }}
            then sum(case when {{ has_value }} then 1 else 0 end) over (partition by {{ team }} order by {{ week }})
    end
{%- endmacro %}
