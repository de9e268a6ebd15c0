{#- Refuses a variable of a wrong type or range before anything is built. -#}
{% macro check_variables() -%}
    {%- if not execute -%}
        {{ return('') }}
    {%- endif -%}

    {%- set rules = shipworthy.variable_rules() -%}

    {%- for name in invocation_args_dict.get('vars', {}) if name.startswith('shipworthy__') -%}
        {%- if name not in rules -%}
            {%- do shipworthy.refuse(
                name ~ " is no variable of shipworthy; it has " ~ rules.keys() | sort | join(', ') ~ "."
            ) -%}
        {%- endif -%}
    {%- endfor -%}

    {%- for name, rule in rules.items() -%}
        {%- do shipworthy.check_variable(name, var(name), rule) -%}
    {%- endfor -%}

    {%- do shipworthy.check_unit_tests_are_reached() -%}
    {%- do shipworthy.check_warehouse_name() -%}
    {%- do shipworthy.check_storage_format() -%}
    {%- do shipworthy.check_reference_is_there() -%}
    {%- do shipworthy.check_data_source() -%}
    {{ return('') }}
{%- endmacro %}

{#- What each variable may hold: a kind (boolean, integer, number, word, texts, moment, name, relations)
    and its limits. -#}
{% macro variable_rules() -%}
    {%- set boolean = {'kind': 'boolean'} -%}
    {{ return({
        'shipworthy__demo': {'kind': 'word', 'words': ['auto', true, false]},
        'shipworthy__raw_schema': {'kind': 'name'},
        'shipworthy__github_tables': {'kind': 'word', 'words': ['none', 'fivetran', 'airbyte', 'dlt']},
        'shipworthy__github_inputs': {
            'kind': 'words',
            'words': ['pull_requests', 'pull_request_commits', 'reviews', 'review_threads', 'deployments']
        },
        'shipworthy__github_database': {'kind': 'name', 'may_be_empty': true},
        'shipworthy__github_schema': {'kind': 'name'},
        'shipworthy__github_relations': {'kind': 'names'},
        'shipworthy__relations': {'kind': 'relations'},
        'shipworthy__using_repositories': boolean,
        'shipworthy__using_line_lifetimes': boolean,
        'shipworthy__using_pull_requests': boolean,
        'shipworthy__using_pull_request_commits': boolean,
        'shipworthy__using_pull_request_commit_files': boolean,
        'shipworthy__using_reviews': boolean,
        'shipworthy__using_review_threads': boolean,
        'shipworthy__using_deployments': boolean,
        'shipworthy__using_deployment_commits': boolean,
        'shipworthy__using_incidents': boolean,
        'shipworthy__using_ai_usage': boolean,
        'shipworthy__using_people': boolean,
        'shipworthy__using_identities': boolean,
        'shipworthy__using_services': boolean,
        'shipworthy__using_costs': boolean,
        'shipworthy__using_product_metrics': boolean,
        'shipworthy__using_load_watermarks': boolean,
        'shipworthy__using_load_findings': boolean,
        'shipworthy__unit_tests': boolean,
        'shipworthy__as_of': {'kind': 'moment'},
        'shipworthy__ended_sources': {'kind': 'texts'},
        'shipworthy__overlapping_usage_counts': boolean,
        'shipworthy__turnover_window_days': {'kind': 'integer', 'low': 1, 'high': 365},
        'shipworthy__turnover_line_cap': {'kind': 'integer', 'low': 1, 'high': 1000000000},
        'shipworthy__untagged_counts_as': {'kind': 'word', 'words': ['auto', 'human', 'unknown']},
        'shipworthy__moves_count': boolean,
        'shipworthy__survival_days': {'kind': 'integer', 'low': 1, 'high': 3650},
        'shipworthy__release_window_hours': {'kind': 'integer', 'low': 1, 'high': 168},
        'shipworthy__lines_per_unit': {'kind': 'number', 'low': 1, 'high': 1000000000},
        'shipworthy__lines_root': {'kind': 'number', 'low': 1, 'high': 10},
        'shipworthy__change_line_cap': {'kind': 'integer', 'low': 1, 'high': 1000000000},
        'shipworthy__incident_attribution_hours': {'kind': 'integer', 'low': 1, 'high': 8760},
        'shipworthy__incident_tie': {'kind': 'word', 'words': ['at_or_before', 'strictly_before']},
        'shipworthy__named_cause_days': {'kind': 'integer', 'low': 1, 'high': 3650},
        'shipworthy__chance_share': {'kind': 'number', 'low': 0, 'high': 1},
        'shipworthy__remediation_weight': {'kind': 'number', 'low': 0, 'high': 1},
        'shipworthy__review_seconds_per_line': {'kind': 'number', 'low': 0, 'high': 3600},
        'shipworthy__median': {'kind': 'word', 'words': ['interpolated', 'lower']},
        'shipworthy__dora_band_year': {'kind': 'word', 'words': [2021, 2023]},
        'shipworthy__redeployments_count': boolean,
        'shipworthy__failed_rollouts_count': boolean,
        'shipworthy__confidence_level': {'kind': 'number', 'low': 0.5, 'high': 0.9999},
        'shipworthy__minimum_group_size': {'kind': 'integer', 'low': 1, 'high': 1000},
        'shipworthy__show_people': boolean,
        'shipworthy__adoption_target': {'kind': 'number', 'low': 0, 'high': 1},
        'shipworthy__signal_unshipped_share': {'kind': 'number', 'low': 0, 'high': 1},
        'shipworthy__signal_spend_to_shipped': {'kind': 'number', 'low': 1, 'high': 1000},
        'shipworthy__signal_intensity_z': {'kind': 'number', 'low': 0, 'high': 1000},
        'shipworthy__signal_active_hours': {'kind': 'integer', 'low': 1, 'high': 24},
        'shipworthy__signal_long_days': {'kind': 'integer', 'low': 1, 'high': 7},
        'shipworthy__signal_metronome_hours': {'kind': 'integer', 'low': 2, 'high': 168},
        'shipworthy__signal_metronome_variation': {'kind': 'number', 'low': 0, 'high': 10},
        'shipworthy__signal_hugging_share': {'kind': 'number', 'low': 0, 'high': 1},
        'shipworthy__signal_hugging_percentile': {'kind': 'number', 'low': 0, 'high': 1},
        'shipworthy__signal_release_inflation': {'kind': 'number', 'low': 1, 'high': 1000},
        'shipworthy__signal_empty_share': {'kind': 'number', 'low': 0, 'high': 1},
        'shipworthy__signal_late_turnover': {'kind': 'number', 'low': 1, 'high': 1000},
        'shipworthy__signal_late_lines': {'kind': 'integer', 'low': 0, 'high': 1000000000},
        'shipworthy__signal_refill_share': {'kind': 'number', 'low': 0, 'high': 1},
        'shipworthy__signal_uncommented_share': {'kind': 'number', 'low': 0, 'high': 1},
        'shipworthy__signal_incident_drop': {'kind': 'number', 'low': 1, 'high': 1000},
        'shipworthy__signal_incident_chance': {'kind': 'number', 'low': 0, 'high': 1},
        'shipworthy__signal_attribution_drop': {'kind': 'number', 'low': 0, 'high': 1},
        'shipworthy__signal_unfiled_failures': {'kind': 'integer', 'low': 1, 'high': 1000000},
        'shipworthy__signal_dismissed_incidents': {'kind': 'integer', 'low': 1, 'high': 1000000},
        'shipworthy__signal_odd_causes': {'kind': 'number', 'low': 0, 'high': 1},
        'shipworthy__signal_severity_drift': {'kind': 'number', 'low': 0, 'high': 1000},
        'shipworthy__signal_recycled_lines': {'kind': 'number', 'low': 0, 'high': 1},
        'shipworthy__signal_late_removals': {'kind': 'number', 'low': 1, 'high': 1000},
        'shipworthy__signal_moved_then_removed': {'kind': 'number', 'low': 0, 'high': 1},
        'shipworthy__signal_idle_builders': {'kind': 'number', 'low': 0, 'high': 1},
        'shipworthy__signal_human_churn': {'kind': 'number', 'low': 1, 'high': 1000},
        'shipworthy__signal_ai_suddenly_stable': {'kind': 'number', 'low': 0, 'high': 1},
        'shipworthy__signal_clocks': {'kind': 'number', 'low': 0, 'high': 1},
        'shipworthy__signal_short_ownership': {'kind': 'integer', 'low': 1, 'high': 1000000},
        'shipworthy__signal_empty_baseline': {'kind': 'number', 'low': 0, 'high': 1},
        'shipworthy__signal_attribution_gap': {'kind': 'number', 'low': 1, 'high': 1000},
        'shipworthy__signal_superhuman_reviews': {'kind': 'integer', 'low': 1, 'high': 1000000000}
    }) }}
{%- endmacro %}

{#- A variable that Jinja calculates with: dbt parses the models before it checks, so a wrong one is refused here, in the
    same sentence. -#}
{% macro checked_variable(name) -%}
    {%- do shipworthy.check_variable(name, var(name), shipworthy.variable_rules()[name]) -%}
    {{ return(var(name)) }}
{%- endmacro %}

{% macro check_variable(name, value, rule) -%}
    {%- set kind = rule['kind'] -%}
    {#- A boolean is a number to Jinja, so it is sorted out first. -#}
    {%- set is_boolean = value is boolean -%}
    {%- if kind == 'boolean' -%}
        {%- if not is_boolean -%}
            {%- do shipworthy.refuse_value(name, value, 'true or false, without quotes') -%}
        {%- endif -%}
    {%- elif kind in ('integer', 'number') -%}
        {%- set allowed = (
            ('a whole number' if kind == 'integer' else 'a number')
            ~ ' from ' ~ rule['low'] ~ ' to ' ~ rule['high']
        ) -%}
        {%- if is_boolean or (value is not number) or (kind == 'integer' and value is not integer) -%}
            {%- do shipworthy.refuse_value(name, value, allowed) -%}
        {%- elif not (value >= rule['low'] and value <= rule['high']) -%}
            {%- do shipworthy.refuse_value(name, value, allowed) -%}
        {%- endif -%}
    {%- elif kind == 'word' -%}
        {%- if value not in rule['words'] -%}
            {%- do shipworthy.refuse_value(name, value, 'one of ' ~ rule['words'] | map('string') | map('lower') | join(', ')) -%}
        {%- endif -%}
    {%- elif kind == 'words' -%}
        {%- set allowed = 'a list of ' ~ rule['words'] | join(', ') -%}
        {%- if value is string or value is mapping or value is not iterable -%}
            {%- do shipworthy.refuse_value(name, value, allowed) -%}
        {%- endif -%}
        {%- for word in value if word not in rule['words'] -%}
            {%- do shipworthy.refuse_value(name, value, allowed) -%}
        {%- endfor -%}
    {%- elif kind == 'texts' -%}
        {%- set allowed = "a list of sources as load_watermarks names them, such as ['opsgenie']" -%}
        {%- if value is string or value is mapping or value is not iterable -%}
            {%- do shipworthy.refuse_value(name, value, allowed) -%}
        {%- endif -%}
        {%- for text in value if text is not string -%}
            {%- do shipworthy.refuse_value(name, value, allowed) -%}
        {%- endfor -%}
    {%- elif kind == 'name' -%}
        {%- if rule.get('may_be_empty') and value == '' -%}
        {%- elif value is not string or not modules.re.fullmatch('[A-Za-z_][A-Za-z0-9_$]*', value) -%}
            {%- do shipworthy.refuse_value(name, value, 'the name of a schema') -%}
        {%- endif -%}
    {%- elif kind == 'names' -%}
        {%- if value is not mapping -%}
            {%- do shipworthy.refuse_value(name, value, 'a mapping of table names to the names that yours have') -%}
        {%- endif -%}
        {#- dbt puts quotes around a name and looks for none in it. -#}
        {%- for table, own in value.items() if own is not string or not modules.re.fullmatch('[A-Za-z0-9_$ .-]+', own) -%}
            {%- do shipworthy.refuse_value(
                name, value, 'a mapping of table names to the names that yours have, of letters, digits and _ $ . -'
            ) -%}
        {%- endfor -%}
    {%- elif kind == 'relations' -%}
        {%- set allowed = 'a mapping of inputs to names of your models, such as {incidents: our_incidents}' -%}
        {%- if value is not none and value is not mapping -%}
            {%- do shipworthy.refuse_value(name, value, allowed) -%}
        {%- endif -%}
        {%- for input, model in (value or {}).items() -%}
            {%- if input not in shipworthy.input_keys() or model is not string -%}
                {%- do shipworthy.refuse_value(name, value, allowed) -%}
            {%- endif -%}
        {%- endfor -%}
    {%- elif kind == 'moment' -%}
        {%- set allowed = "empty, a day 'YYYY-MM-DD' or a moment 'YYYY-MM-DD HH:MM:SS' in UTC, in quotes" -%}
        {%- set pattern = '[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])([ T]([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9])?' -%}
        {%- set text = (value if value is not none else '') | string -%}
        {%- if is_boolean or (text != '' and not modules.re.fullmatch(pattern, text)) -%}
            {%- do shipworthy.refuse_value(name, value, allowed) -%}
        {%- elif text != '' and not shipworthy.is_day(text[:10]) -%}
            {%- do shipworthy.refuse_value(name, value, 'a day that the calendar has') -%}
        {%- endif -%}
    {%- endif -%}
{%- endmacro %}

{#- Whether the calendar has a day, written YYYY-MM-DD. -#}
{% macro is_day(text) -%}
    {%- set year, month, day = text[:4] | int, text[5:7] | int, text[8:10] | int -%}
    {%- if month == 2 -%}
        {%- set is_leap_year = year % 4 == 0 and (year % 100 != 0 or year % 400 == 0) -%}
        {{ return(year > 0 and day <= (29 if is_leap_year else 28)) }}
    {%- endif -%}
    {{ return(year > 0 and day <= (30 if month in (4, 6, 9, 11) else 31)) }}
{%- endmacro %}

{% macro refuse_value(name, value, allowed) -%}
    {%- do shipworthy.refuse(name ~ " is '" ~ value ~ "'; allowed is " ~ allowed ~ ".") -%}
{%- endmacro %}

{% macro refuse(sentence) -%}
    {{ exceptions.raise_compiler_error('shipworthy: ' ~ sentence) }}
{%- endmacro %}

{#- Unit tests are switched where dbt reads no variables but those of the command line, and of this project. -#}
{% macro check_unit_tests_are_reached() -%}
    {%- set asked = var('shipworthy__unit_tests') -%}
    {%- set said = 'shipworthy__unit_tests' in invocation_args_dict.get('vars', {}) -%}
    {%- if asked and not (said and project_name == 'shipworthy') -%}
        {%- do shipworthy.refuse(
            "shipworthy__unit_tests is read from --vars alone, and in shipworthy's own project; a project that installs "
            ~ "the package runs its unit tests with `unit_tests: {shipworthy: {+enabled: true}}` in its dbt_project.yml."
        ) -%}
    {%- endif -%}
{%- endmacro %}

{#- `dbt run` builds models alone: in a new warehouse the seeds that they read are not there yet, and each model would say so
    in the database's words. -#}
{% macro check_reference_is_there() -%}
    {%- set read = [] -%}
    {%- for unique_id in selected_resources if unique_id.startswith('model.') and flags.WHICH in ('build', 'run') -%}
        {%- do read.extend(graph.nodes[unique_id].depends_on.nodes) -%}
    {%- endfor -%}
    {%- set missing = [] -%}
    {%- for unique_id in read | unique if unique_id.startswith('seed.shipworthy.') and unique_id not in selected_resources -%}
        {%- set seed = graph.nodes[unique_id] -%}
        {%- if seed.fqn[1] == 'reference' and adapter.get_relation(
            database=seed.database, schema=seed.schema, identifier=seed.alias
        ) is none -%}
            {%- do missing.append(seed.schema ~ '.' ~ seed.alias) -%}
        {%- endif -%}
    {%- endfor -%}
    {%- if missing -%}
        {%- do shipworthy.refuse(
            "the models read " ~ missing | length ~ (' reference tables that are' if missing | length > 1 else ' reference table that is')
            ~ " not in this warehouse yet, such as " ~ missing | first ~ "; run `dbt seed` once, or `dbt build`, which does."
        ) -%}
    {%- endif -%}
{%- endmacro %}

{#- DuckDB 2 writes by default a format that no older client opens, and tools that read marts are often a version behind. -#}
{% macro check_storage_format() -%}
    {%- set format = (shipworthy.storage_format() or '') | string -%}
    {%- if modules.re.match('v([2-9]|[1-9][0-9])[.]', format) -%}
        {%- do exceptions.warn(
            "shipworthy: clients older than DuckDB " ~ format[1:2] ~ " cannot open what this writes; to let them, set "
            ~ "`config_options: {storage_compatibility_version: v1.4.0}` in the profile and build into a new file."
        ) -%}
    {%- endif -%}
{%- endmacro %}

{#- DuckDB calls a catalog after its file, and then cannot tell `shipworthy.x` the schema from the catalog. -#}
{% macro check_warehouse_name() -%}
    {%- set schemas = [
        'main', 'shipworthy', 'shipworthy_raw', 'shipworthy_staging', 'shipworthy_intermediate',
        'shipworthy_reference', 'shipworthy_demo', 'restricted'
    ] -%}
    {%- if target.type == 'duckdb' and target.path == ':memory:' and project_name == 'shipworthy' -%}
        {%- do shipworthy.refuse(
            "the warehouse is ':memory:', in which nothing would be kept; "
            ~ "set SHIPWORTHY_WAREHOUSE to a path such as warehouse.duckdb."
        ) -%}
    {%- endif -%}
    {%- if target.type == 'duckdb' and (target.database | lower) in schemas -%}
        {%- do shipworthy.refuse(
            "the warehouse file is called '" ~ target.database ~ "' like a schema in it; "
            ~ "give SHIPWORTHY_WAREHOUSE a file of another name, such as warehouse.duckdb."
        ) -%}
    {%- endif -%}
{%- endmacro %}
