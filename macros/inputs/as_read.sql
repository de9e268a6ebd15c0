{#- A column of an input as staging reads it, by the type that the contract gives it. -#}
{% macro as_read(column, data_type) -%}
    {%- if column == 'valid_from_on' -%}
        {{ return(shipworthy.valid_from(column)) }}
    {%- elif column == 'valid_to_on' -%}
        {{ return(shipworthy.valid_to(column)) }}
    {%- elif data_type == dbt.type_bigint() -%}
        {{ return(shipworthy.plausible_count(column)) }}
    {%- elif data_type == shipworthy.type_double() -%}
        {{ return(shipworthy.plausible_amount(column)) }}
    {%- elif data_type == dbt.type_timestamp() -%}
        {{ return(shipworthy.plausible_time(column)) }}
    {%- elif data_type == 'date' -%}
        {{ return(shipworthy.plausible_day(column)) }}
    {%- endif -%}
    {{ return(shipworthy.read_as(column, data_type)) }}
{%- endmacro %}

{#- Conditions on a row of an input, by reason: it holds a value that staging reads as unknown. -#}
{% macro holds_what_is_read_as_unknown(input) -%}
    {%- set kinds = {
        'implausible_time': [dbt.type_timestamp(), 'date'],
        'implausible_number': [dbt.type_bigint(), shipworthy.type_double()],
        'not_true_or_false': [dbt.type_boolean()]
    } -%}
    {%- set conditions = {} -%}
    {%- set columns_of_input = shipworthy.input_columns(input) -%}
    {%- for reason, types in kinds.items() -%}
        {%- set columns = [] -%}
        {%- for column, data_type in columns_of_input.items() if data_type in types -%}
            {#- A validity without a bound is none that is unknown. -#}
            {%- set read = (
                shipworthy.read_as(column, 'date') if column in ('valid_from_on', 'valid_to_on')
                else shipworthy.as_read(column, data_type)
            ) -%}
            {%- do columns.append('(' ~ column ~ ' is not null and ' ~ read ~ ' is null)') -%}
        {%- endfor -%}
        {%- if columns -%}
            {%- do conditions.update({reason: columns | join(' or ')}) -%}
        {%- endif -%}
    {%- endfor -%}
    {{ return(conditions) }}
{%- endmacro %}

{#- The key columns of an input as staging reads them. -#}
{% macro keys_as_read(input) -%}
    {%- set read = {} -%}
    {%- set data_types = shipworthy.input_columns(input) -%}
    {%- for column in shipworthy.input_key(input) -%}
        {%- do read.update({column: shipworthy.as_read(column, data_types[column])}) -%}
    {%- endfor -%}
    {{ return(read) }}
{%- endmacro %}
