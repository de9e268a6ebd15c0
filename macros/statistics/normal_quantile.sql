{#- Two-sided quantile of the standard normal distribution: 1.959963984540054 for 0.95.

    Wichura, Algorithm AS 241 (PPND16), Applied Statistics 37 (1988): exact to about 1 part in 10^16. Computed
    while dbt compiles, because neither Jinja nor the databases have it. -#}
{% macro normal_quantile(confidence_level) -%}
    {%- set tail = (1 - confidence_level) / 2.0 -%}
    {%- set q = 0.5 - tail -%}
    {%- if q <= 0.425 -%}
        {%- set r = 0.180625 - q * q -%}
        {%- set numerator = [
            3.3871328727963666080, 133.14166789178437745, 1971.5909503065514427, 13731.693765509461125,
            45921.953931549871457, 67265.770927008700853, 33430.575583588128105, 2509.0809287301226727
        ] -%}
        {%- set denominator = [
            1.0, 42.313330701600911252, 687.18700749205790830, 5394.1960214247511077, 21213.794301586595867,
            39307.895800092710610, 28729.085735721942674, 5226.4952788528545610
        ] -%}
        {{ return(q * shipworthy.polynomial(numerator, r) / shipworthy.polynomial(denominator, r)) }}
    {%- endif -%}
    {%- set r = (-shipworthy.natural_logarithm(tail)) ** 0.5 - 1.6 -%}
    {%- set numerator = [
        1.42343711074968357734, 4.63033784615654529590, 5.76949722146069140550, 3.64784832476320460504,
        1.27045825245236838258, 0.241780725177450611770, 0.0227238449892691845833, 0.000774545014278341407640
    ] -%}
    {%- set denominator = [
        1.0, 2.05319162663775882187, 1.67638483018380384940, 0.689767334985100004550, 0.148103976427480074590,
        0.0151986665636164571966, 0.000547593808499534494600, 0.00000000105075007164441684324
    ] -%}
    {{ return(shipworthy.polynomial(numerator, r) / shipworthy.polynomial(denominator, r)) }}
{%- endmacro %}

{#- Coefficients from the constant term up. -#}
{% macro polynomial(coefficients, x) -%}
    {%- set sum = namespace(value=0.0) -%}
    {%- for coefficient in coefficients | reverse -%}
        {%- set sum.value = sum.value * x + coefficient -%}
    {%- endfor -%}
    {{ return(sum.value) }}
{%- endmacro %}

{#- For 0 < x: halved or doubled into [0.75, 1.5), then 2 artanh((x - 1) / (x + 1)) as a series. -#}
{% macro natural_logarithm(x) -%}
    {%- set state = namespace(x=x, halvings=0) -%}
    {#- Many halvings at once, then fewer: a model asks for dozens of logarithms while it compiles. -#}
    {%- for exponent in [512, 256, 128, 64, 32, 16, 8, 4, 2, 1] -%}
        {%- if state.x >= 0.75 * 2.0 ** exponent -%}
            {%- set state.x = state.x / 2.0 ** exponent -%}
            {%- set state.halvings = state.halvings + exponent -%}
        {%- elif state.x < 1.5 / 2.0 ** exponent -%}
            {%- set state.x = state.x * 2.0 ** exponent -%}
            {%- set state.halvings = state.halvings - exponent -%}
        {%- endif -%}
    {%- endfor -%}
    {%- set ratio = (state.x - 1) / (state.x + 1) -%}
    {%- set square = ratio * ratio -%}
    {%- set series = namespace(value=0.0) -%}
    {%- for k in range(24) | reverse -%}
        {%- set series.value = series.value * square + 1.0 / (2 * k + 1) -%}
    {%- endfor -%}
    {{ return(state.halvings * 0.69314718055994530942 + 2 * ratio * series.value) }}
{%- endmacro %}
