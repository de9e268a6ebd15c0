{#- Limits of the ratio a / h of two independent shares from their own limits (low, share, high), by the
    method of variance estimates recovery: Donner and Zou, Statistical Methods in Medical Research 21 (2012).
    The low limit is 0 where a is 0 (0 / 0 by the formula) and exists where h is 0; the high limit is null (unbounded)
    where the low limit of h is 0. Null where a limit that it needs is: greatest(), which keeps rounding from asking for the
    root of a negative number, passes over nulls. -#}
{% macro ratio_interval_low(a, a_low, h, h_high) -%}
    case
        when {{ a_low }} is null or {{ h_high }} is null then null
        when {{ a }} = 0 and {{ h }} is not null then 0.0
        else
            ({{ a_low }} * (2 * {{ a }} - {{ a_low }}))
            / nullif(
                {{ a }} * {{ h }} + sqrt(greatest(
                    {{ a }} * {{ a }} * {{ h }} * {{ h }}
                    - {{ a_low }} * (2 * {{ a }} - {{ a_low }}) * {{ h_high }} * (2 * {{ h }} - {{ h_high }}),
                    0.0
                )),
                0
            )
    end
{%- endmacro %}

{% macro ratio_interval_high(a, a_high, h, h_low) -%}
    case
        when {{ a_high }} is not null and {{ h_low }} is not null
            then
                (
                    {{ a }} * {{ h }} + sqrt(greatest(
                        {{ a }} * {{ a }} * {{ h }} * {{ h }}
                        - {{ a_high }} * (2 * {{ a }} - {{ a_high }}) * {{ h_low }} * (2 * {{ h }} - {{ h_low }}),
                        0.0
                    ))
                )
                / nullif({{ h_low }} * (2 * {{ h }} - {{ h_low }}), 0)
    end
{%- endmacro %}
