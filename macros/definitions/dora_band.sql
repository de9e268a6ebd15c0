{#- The band of a DORA metric in the report that shipworthy__dora_band_year names: the best one whose worst edge the value
    reaches (seed shipworthy__dora_bands), so that the gaps which the reports leave belong to a band too. Needs a CTE
    `dora_bands` of that year's rows. -#}
{% macro dora_band(measure, value, more_is_better=false) -%}
    {{ return(adapter.dispatch('dora_band', 'shipworthy')(measure, value, more_is_better)) }}
{%- endmacro %}

{% macro default__dora_band(measure, value, more_is_better) -%}
    {#- Each subquery stands on its own: Spark would copy the whole query into one that looks back at the row. -#}
    {%- set beyond_all = '-1e300' if more_is_better else '1e300' -%}
    case
        {%- for band in ['elite', 'high', 'medium', 'low'] %}
        {%- set edge -%}
            from dora_bands where dora_bands.measure = '{{ measure }}' and dora_bands.band = '{{ band }}'
        {%- endset %}
        when
            {{ value }} {{ '>' if more_is_better else '<' }} (select coalesce(dora_bands.worst_value, {{ beyond_all }}) {{ edge }})
            or {{ value }} = (select dora_bands.worst_value {{ edge }} and dora_bands.is_worst_value_included)
            then '{{ band }}'
        {%- endfor %}
    end
{%- endmacro %}
