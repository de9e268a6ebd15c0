{#- Seconds since 1970, as a double. -#}
{% macro epoch_seconds(moment) -%}
    {{ return(adapter.dispatch('epoch_seconds', 'shipworthy')(moment)) }}
{%- endmacro %}

{% macro default__epoch_seconds(moment) -%}
    extract(epoch from {{ moment }})
{%- endmacro %}

{% macro spark__epoch_seconds(moment) -%}
    cast(cast({{ moment }} as timestamp) as double)
{%- endmacro %}

{% macro hours_between(earlier, later) -%}
    (({{ shipworthy.epoch_seconds(later) }} - {{ shipworthy.epoch_seconds(earlier) }}) / 3600.0)
{%- endmacro %}

{#- Whole-day age: floor(hours / 24). -#}
{% macro age_days(earlier, later) -%}
    cast(floor({{ shipworthy.hours_between(earlier, later) }} / 24.0) as {{ dbt.type_bigint() }})
{%- endmacro %}

{#- `hours` may be a column, a number or negative. -#}
{% macro add_hours(moment, hours) -%}
    {{ return(adapter.dispatch('add_hours', 'shipworthy')(moment, hours)) }}
{%- endmacro %}

{% macro default__add_hours(moment, hours) -%}
    ({{ moment }} + ({{ hours }}) * interval '1 hour')
{%- endmacro %}

{% macro add_days(moment, days) -%}
    {{ shipworthy.add_hours(moment, (days | string) ~ ' * 24') }}
{%- endmacro %}

{#- The first moment of the month after that of `moment`. -#}
{% macro next_month_started_at(moment) -%}
    (date_trunc('month', {{ moment }}) + interval '1 month')
{%- endmacro %}

{#- The first moment of a moment's hour. -#}
{% macro hour_started_at(moment) -%}
    date_trunc('hour', {{ moment }})
{%- endmacro %}

{#- The Monday of a moment's week. -#}
{% macro week_start_on(moment) -%}
    cast(date_trunc('week', {{ moment }}) as date)
{%- endmacro %}

{% macro quarter_start_on(moment) -%}
    cast(date_trunc('quarter', {{ moment }}) as date)
{%- endmacro %}

{#- The first moment of the window that `moment` falls in, windows counted from Monday 1970-01-05. -#}
{% macro window_started_at(moment, window_hours) -%}
    {{ shipworthy.add_hours(
        "timestamp '1970-01-05 00:00:00'",
        "cast(floor(" ~ shipworthy.hours_between("timestamp '1970-01-05 00:00:00'", moment) ~ " / "
        ~ window_hours ~ ") as " ~ dbt.type_bigint() ~ ") * " ~ window_hours
    ) }}
{%- endmacro %}

{#- One row a Monday, from the first to the last, both included; column week_start_on. -#}
{% macro weeks_between(first_week, last_week) -%}
    {{ return(adapter.dispatch('weeks_between', 'shipworthy')(first_week, last_week)) }}
{%- endmacro %}

{% macro default__weeks_between(first_week, last_week) -%}
    cast(
        unnest(generate_series(
            cast({{ first_week }} as timestamp), cast({{ last_week }} as timestamp), interval '7 days'
        )) as date
    )
{%- endmacro %}

{% macro postgres__weeks_between(first_week, last_week) -%}
    cast(
        generate_series(
            cast({{ first_week }} as timestamp), cast({{ last_week }} as timestamp), interval '7 days'
        ) as date
    )
{%- endmacro %}

{#- sequence() fails where the end is before the start, and a generator stands inside no other expression. -#}
{% macro spark__weeks_between(first_week, last_week) -%}
    explode(case when {{ first_week }} <= {{ last_week }} then sequence(
        cast({{ first_week }} as date), cast({{ last_week }} as date), interval '7' day
    ) end)
{%- endmacro %}

{#- The Monday of the week at whose end a moment has come: midnight of a Monday still ends the week before. -#}
{% macro week_ending_by(moment) -%}
    case
        when {{ moment }} = cast({{ shipworthy.week_start_on(moment) }} as timestamp)
            then {{ shipworthy.week_start_on(shipworthy.add_days(moment, -7)) }}
        else {{ shipworthy.week_start_on(moment) }}
    end
{%- endmacro %}
