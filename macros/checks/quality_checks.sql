{#- Checks of one input over its rows, one row a check, for the models in models/intermediate/quality/.

    Each check: reason, condition on a row of <input>_checked, how such a row is handled (left_out: enters no metric;
    handled: by a rule of docs/metrics.md; as_is: counted as it stands), and what happens, in words. `key` is shown as an
    example; one that names a person must be null. Words that the contract does not have, and keys and times that staging
    did not take, are checked for every input: the model needs a CTE rows_left_out. -#}
{% macro quality_checks(input, key, checks=[]) -%}
    {%- set checks = checks + [] -%}
    {%- for column, words in shipworthy.input_words(input).items() -%}
        {%- do checks.append(
            ['unknown_word_in_' ~ column, shipworthy.is_unknown_word(column, words)]
            + shipworthy.unknown_word_handling(column)
        ) -%}
    {%- endfor -%}
    select
        rows_left_out.input_name,
        rows_left_out.reason,
        rows_left_out.handling,
        rows_left_out.what_happens,
        kept.rows_kept + rows_left_out.rows_left_out as rows_checked,
        rows_left_out.row_count,
        rows_left_out.example_key,
        cast(null as {{ dbt.type_bigint() }}) as tokens

    from rows_left_out

    cross join (select count(*) as rows_kept from {{ input }}_checked) as kept

    where rows_left_out.input_name = '{{ input }}'
    {{ shipworthy.checked_rows(input, key, checks) if checks }}
{%- endmacro %}
