{#- Limits of a sum of weights of cases that come independently (a compound Poisson count): those of a Poisson count of as
    many equal cases as would be as uncertain, scaled. `squares` is the sum of the squared weights, and the high limit
    allows for one more case of weight 1. Null where the sum is. Fay and Feuer, Statistics in Medicine 16 (1997); the
    quantile of the gamma distribution by Wilson and Hilferty, PNAS 17 (1931). -#}
{% macro weighted_count_low(total, squares) -%}
    case
        when {{ total }} = 0 then 0.0
        else {{ total }} * {{ shipworthy.gamma_factor(total, squares, '-') }}
    end
{%- endmacro %}

{% macro weighted_count_high(total, squares) -%}
    ({{ total }} + 1) * {{ shipworthy.gamma_factor('(' ~ total ~ ' + 1)', '(' ~ squares ~ ' + 1)', '+') }}
{%- endmacro %}

{#- The quantile over the mean: with n = total^2 / squares effective cases, (1 - 1 / 9n +- z / 3 sqrt(n))^3. Engines round
    a third power differently in the last digit, and a square alike. -#}
{% macro gamma_factor(total, squares, side) -%}
    {%- set z = shipworthy.normal_quantile(shipworthy.checked_variable('shipworthy__confidence_level')) -%}
    {%- set root -%}
        greatest(
            1 - {{ squares }} / (9 * {{ total }} * {{ total }})
            {{ side }} {{ z }} * sqrt({{ squares }}) / (3 * {{ total }}),
            0.0
        )
    {%- endset -%}
    ({{ root }} * power({{ root }}, 2))
{%- endmacro %}
