{#- How far back the metrics look, each window named once. -#}
{% macro window(name) -%}
    {%- set windows = {
        'baseline_weeks': 13,
        'compared_weeks': 12,
        'authored_weeks': 4,
        'tagged_weeks': 4,
        'incident_weeks': 13,
        'spent_weeks': 8,
        'retired_after_days': 91,
        'looks': [12, 26, 52],
        'credited_after_days': 7,
        'feeding_days': 91,
        'lagging_after_days': 7,
        'left_out_after_days': 28
    } -%}
    {#- baseline_weeks: a quarter of a team's own past, which it is compared with
        compared_weeks: together they have enough changes for AI and human turnover, late turnover and the headline
        authored_weeks: who landed a change in them builds
        tagged_weeks: the lines of one week hang on a few changes
        incident_weeks: one week has too few incidents to miss any
        spent_weeks: one week of one person is little to judge by
        retired_after_days: a line that lived so long was old code when it went
        looks: a quarter, half a year and a year of turnover and harm, of which the shortest that decides is the verdict
        credited_after_days: what was live for longer has shipped, whatever is rolled back later
        feeding_days: a source that brought nothing for so long feeds a service no more
        lagging_after_days: vendors' reports are days late as a rule; a week is worth telling
        left_out_after_days: for so long the headline waits for a team whose source lags -#}
    {{ return(windows[name]) }}
{%- endmacro %}

{#- The Monday so many weeks before (or, negative, after) another. -#}
{% macro weeks_before(week_start_on, weeks) -%}
    cast({{ shipworthy.add_days('cast(' ~ week_start_on ~ ' as timestamp)', -7 * weeks) }} as date)
{%- endmacro %}

{#- One row for each of the so many weeks that look back on a week, itself the first of them: what is summed over them
    is joined by equality. -#}
{% macro weeks_looking_back(week_start_on, weeks) -%}
    {{ shipworthy.weeks_between(week_start_on, shipworthy.weeks_before(week_start_on, 1 - weeks)) }}
{%- endmacro %}
