{#- Whether an approval looks like nobody read: it opened no thread, or came faster after the request was ready than
    shipworthy__review_seconds_per_line seconds a changed line. Other states are never one. -#}
{% macro is_rubber_stamp(state, threads, ready_at, submitted_at, changed_lines) -%}
    {{ return(adapter.dispatch('is_rubber_stamp', 'shipworthy')(state, threads, ready_at, submitted_at, changed_lines)) }}
{%- endmacro %}

{% macro default__is_rubber_stamp(state, threads, ready_at, submitted_at, changed_lines) -%}
    (
        {{ state }} = 'approved'
        and (
            {{ threads }} = 0
            or coalesce(
                {{ shipworthy.epoch_seconds(submitted_at) }} - {{ shipworthy.epoch_seconds(ready_at) }}
                < {{ changed_lines }} * {{ var('shipworthy__review_seconds_per_line') }},
                false
            )
        )
    )
{%- endmacro %}
