{#- The band of a DORA metric in the report that shipworthy__dora_band_year names: the best one whose worst edge the value
    reaches (seed shipworthy__dora_bands), so that the gaps which the reports leave belong to a band too. Needs a CTE
    `dora_bands` of that year's rows. -#}
{% macro dora_band(measure, value, more_is_better=false) -%}
    {{ return(adapter.dispatch('dora_band', 'shipworthy')(measure, value, more_is_better)) }}
{%- endmacro %}

{% macro default__dora_band(measure, value, more_is_better) -%}
    case
        (
            select min(dora_bands.band_rank)
            from dora_bands
            where
                dora_bands.measure = '{{ measure }}'
                and {{ value }} is not null
                and (
                    dora_bands.worst_value is null
                    or {{ value }} {{ '>' if more_is_better else '<' }} dora_bands.worst_value
                    or (dora_bands.is_worst_value_included and {{ value }} = dora_bands.worst_value)
                )
        )
        when 1 then 'elite'
        when 2 then 'high'
        when 3 then 'medium'
        when 4 then 'low'
    end
{%- endmacro %}
