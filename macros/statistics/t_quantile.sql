{#- SQL: the two-sided quantile of Student's t distribution at the confidence level, for 1 degree of freedom or more,
    whole or not; null below 1.

    Up to 30 degrees the logarithm of the quantile is a smooth function of 1 / degrees: the polynomial through 18 points
    of it (Newton's form, at Chebyshev's nodes) is off by less than 2 parts in 10^11 at 0.95, and 1 in 10^8 at 0.9999.
    Beyond, it is the normal quantile and five terms in 1 / degrees (Fisher and Cornish, Technometrics 2 (1960)), off by
    less than 5 parts in 10^10 at 0.95, and 2 in 10^7 at 0.9999. -#}
{% macro t_quantile(degrees, coefficients) -%}
    {%- set nodes = shipworthy.t_quantile_nodes() -%}
    {%- set nested = namespace(sql='0e0') -%}
    {%- for coefficient in coefficients | reverse -%}
        {%- set node = nodes[loop.revindex0] -%}
        {%- set nested.sql = (
            '(' ~ shipworthy.double_literal(coefficient) ~ ' + (1e0 / ' ~ degrees ~ ' - ' ~ shipworthy.double_literal(node) ~ ') * '
            ~ nested.sql ~ ')'
        ) -%}
    {%- endfor -%}
    case
        when {{ degrees }} between 0.999999 and 30 then exp({{ nested.sql }})
        when {{ degrees }} > 30 then {{ shipworthy.t_quantile_of_many(degrees) }}
    end
{%- endmacro %}

{% macro t_quantile_of_many(degrees) -%}
    {%- set z = shipworthy.normal_quantile(shipworthy.checked_variable('shipworthy__confidence_level')) -%}
    {%- set terms = [
        z,
        shipworthy.polynomial([0, 1, 0, 1], z) / 4,
        shipworthy.polynomial([0, 3, 0, 16, 0, 5], z) / 96,
        shipworthy.polynomial([0, -15, 0, 17, 0, 19, 0, 3], z) / 384,
        shipworthy.polynomial([0, -945, 0, -1920, 0, 1482, 0, 776, 0, 79], z) / 92160,
        shipworthy.polynomial([0, 17955, 0, -765, 0, -1782, 0, 930, 0, 339, 0, 27], z) / 368640
    ] -%}
    {%- set nested = namespace(sql='0e0') -%}
    {%- for term in terms | reverse -%}
        {%- set nested.sql = '(' ~ shipworthy.double_literal(term) ~ ' + ' ~ nested.sql ~ ' / ' ~ degrees ~ ')' -%}
    {%- endfor -%}
    {{ return(nested.sql) }}
{%- endmacro %}

{#- The divided differences of the logarithm, once for all quantiles of a model. Nothing while dbt only parses. -#}
{% macro t_quantile_coefficients() -%}
    {%- if not execute -%}
        {{ return([]) }}
    {%- endif -%}
    {%- set confidence_level = shipworthy.checked_variable('shipworthy__confidence_level') -%}
    {%- set nodes = shipworthy.t_quantile_nodes() -%}
    {%- set table = namespace(values=[]) -%}
    {%- for node in nodes -%}
        {%- do table.values.append(
            shipworthy.natural_logarithm(shipworthy.t_quantile_at(confidence_level, 1.0 / node))
        ) -%}
    {%- endfor -%}
    {%- set coefficients = [table.values[0]] -%}
    {%- for order in range(1, nodes | length) -%}
        {%- set differences = [] -%}
        {%- for i in range(table.values | length - 1) -%}
            {%- do differences.append((table.values[i + 1] - table.values[i]) / (nodes[i + order] - nodes[i])) -%}
        {%- endfor -%}
        {%- set table.values = differences -%}
        {%- do coefficients.append(differences[0]) -%}
    {%- endfor -%}
    {{ return(coefficients) }}
{%- endmacro %}

{#- Chebyshev's nodes on [1/30, 1]: cosines of (2 k + 1) / 36 of a half turn. -#}
{% macro t_quantile_nodes() -%}
    {%- set nodes = [] -%}
    {%- for cosine in [
        0.9961946980917455, 0.9659258262890683, 0.9063077870366499, 0.8191520442889918, 0.7071067811865476,
        0.5735764363510462, 0.42261826174069944, 0.25881904510252096, 0.08715574274765814, -0.08715574274765801,
        -0.25881904510252085, -0.42261826174069933, -0.5735764363510462, -0.7071067811865475, -0.8191520442889919,
        -0.9063077870366499, -0.9659258262890683, -0.9961946980917455
    ] -%}
        {%- do nodes.append((1.0 + 1.0 / 30) / 2 + (1.0 - 1.0 / 30) / 2 * cosine) -%}
    {%- endfor -%}
    {{ return(nodes) }}
{%- endmacro %}

{#- The quantile at one number of degrees.

    With t = sqrt(degrees) s / sqrt(1 - s^2), P(|T| < t) is the integral of (1 - y^2)^((degrees - 2) / 2) from 0 to s,
    over that from 0 to 1. With y = 1 - w^2 its tail is a series in w^2 / 2 that needs no gamma function. The tail is
    convex, so Newton's steps from w = 1 fall to the solution and never past it. -#}
{% macro t_quantile_at(confidence_level, degrees) -%}
    {%- set terms = [] -%}
    {%- set term = namespace(value=1.0) -%}
    {%- for k in range(50) -%}
        {%- do terms.append(term.value / (degrees + 2 * k)) -%}
        {%- set term.value = term.value * (k - (degrees - 2) / 2.0) / (k + 1) / 2 -%}
    {%- endfor -%}
    {%- set goal = (1 - confidence_level) * shipworthy.polynomial(terms, 1.0) -%}
    {%- set state = namespace(w=1.0, step=1.0) -%}
    {%- for _ in range(200) if state.step > 1e-15 -%}
        {%- set w = state.w -%}
        {%- set excess = w ** degrees * shipworthy.polynomial(terms, w * w) - goal -%}
        {%- set state.step = excess / (w ** (degrees - 1) * (1 - w * w / 2) ** ((degrees - 2) / 2)) -%}
        {%- set state.w = w - state.step -%}
    {%- endfor -%}
    {%- set w = state.w -%}
    {{ return(degrees ** 0.5 * (1 - w * w) / (w * w * (2 - w * w)) ** 0.5) }}
{%- endmacro %}
