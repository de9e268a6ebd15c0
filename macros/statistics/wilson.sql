{#- Limits of the Wilson score interval of a share r seen in n independent units (n may be fractional: an
    effective sample). Null where r is null or n is null or 0 (asked for:
    greatest() and least() pass over nulls). Wilson, JASA 22 (1927). -#}
{#- The low limit is the share's square by the high one: centre less half width would lose the digits of what is nearly 0. -#}
{% macro wilson_low(share, sample_size) -%}
    {%- set z2 = shipworthy.double_literal(shipworthy.wilson_z() ** 2) -%}
    case
        when {{ sample_size }} > 0 and {{ share }} = 0 then 0.0
        when {{ sample_size }} > 0 and {{ share }} is not null
            then
                {{ share }} * {{ share }} / (
                    (1 + {{ z2 }} / {{ sample_size }}) * (
                        {{ shipworthy.wilson_centre(share, sample_size) }}
                        + {{ shipworthy.wilson_half_width(share, sample_size) }}
                    )
                )
    end
{%- endmacro %}

{% macro wilson_high(share, sample_size) -%}
    case
        when {{ sample_size }} > 0 and {{ share }} = 1 then 1.0
        when {{ sample_size }} > 0 and {{ share }} is not null
            then least(
                1.0,
                {{ shipworthy.wilson_centre(share, sample_size) }}
                + {{ shipworthy.wilson_half_width(share, sample_size) }}
            )
    end
{%- endmacro %}

{#- Both limits as columns `<share>_low` and `<share>_high`, null where `condition` does not hold. `share` may say which
    row it is a column of. -#}
{% macro wilson_limits(share, sample_size, condition='true') -%}
    {%- set name = share.split('.')[-1] -%}
    cast(
        case when {{ condition }} then {{ shipworthy.wilson_low(share, sample_size) }} end
        as {{ shipworthy.type_double() }}
    ) as {{ name }}_low,
    cast(
        case when {{ condition }} then {{ shipworthy.wilson_high(share, sample_size) }} end
        as {{ shipworthy.type_double() }}
    ) as {{ name }}_high
{%- endmacro %}

{% macro wilson_centre(share, sample_size) -%}
    {%- set z2 = shipworthy.double_literal(shipworthy.wilson_z() ** 2) -%}
    (({{ share }} + {{ z2 }} / 2 / {{ sample_size }}) / (1 + {{ z2 }} / {{ sample_size }}))
{%- endmacro %}

{#- greatest(): a share a rounding error above 1 must not ask for the root of a negative number. -#}
{% macro wilson_half_width(share, sample_size) -%}
    {%- set z = shipworthy.double_literal(shipworthy.wilson_z()) -%}
    {%- set z2 = shipworthy.double_literal(shipworthy.wilson_z() ** 2) -%}
    (
        {{ z }} / (1 + {{ z2 }} / {{ sample_size }}) * sqrt(
            greatest({{ share }} * (1 - {{ share }}), 0.0) / {{ sample_size }}
            + {{ z2 }} / 4 / ({{ sample_size }} * {{ sample_size }})
        )
    )
{%- endmacro %}

{% macro wilson_z() -%}
    {{ return(shipworthy.normal_quantile(shipworthy.checked_variable('shipworthy__confidence_level'))) }}
{%- endmacro %}
