{#- Written by `shipworthy contract --write` from python/shipworthy/contract.py. -#}
{#- Columns of an input that the models read. -#}
{% macro input_columns(input) -%}
    {{ return({
        'repositories': {
            'repository': dbt.type_string(),
            'default_branch': dbt.type_string(),
            'scanned_at': dbt.type_timestamp(),
            'head_sha': dbt.type_string(),
            'is_shallow': dbt.type_boolean()
        },
        'commits': {
            'repository': dbt.type_string(),
            'sha': dbt.type_string(),
            'mainline_position': dbt.type_bigint(),
            'authored_at': dbt.type_timestamp(),
            'committed_at': dbt.type_timestamp(),
            'landed_at': dbt.type_timestamp(),
            'author_key': dbt.type_string(),
            'author_kind': dbt.type_string(),
            'authorship': dbt.type_string(),
            'ai_tool': dbt.type_string(),
            'attribution_method': dbt.type_string(),
            'lines_added': dbt.type_bigint(),
            'lines_removed': dbt.type_bigint(),
            'ai_lines_added': dbt.type_bigint(),
            'files_changed': dbt.type_bigint(),
            'pull_request_number': dbt.type_bigint(),
            'reverts_sha': dbt.type_string(),
            'is_fix': dbt.type_boolean(),
            'fixes_incident_id': dbt.type_string(),
            'mainline_ancestor_sha': dbt.type_string(),
            'landed_with_sha': dbt.type_string()
        },
        'line_births': {
            'repository': dbt.type_string(),
            'added_sha': dbt.type_string(),
            'path': dbt.type_string(),
            'path_class': dbt.type_string(),
            'author_sha': dbt.type_string(),
            'authorship': dbt.type_string(),
            'ai_tool': dbt.type_string(),
            'attribution_method': dbt.type_string(),
            'is_moved': dbt.type_boolean(),
            'is_refilled': dbt.type_boolean(),
            'lines': dbt.type_bigint()
        },
        'line_deaths': {
            'repository': dbt.type_string(),
            'added_sha': dbt.type_string(),
            'path': dbt.type_string(),
            'path_class': dbt.type_string(),
            'author_sha': dbt.type_string(),
            'authorship': dbt.type_string(),
            'ai_tool': dbt.type_string(),
            'birth_is_moved': dbt.type_boolean(),
            'removed_sha': dbt.type_string(),
            'is_moved': dbt.type_boolean(),
            'lines': dbt.type_bigint()
        },
        'pull_requests': {
            'repository': dbt.type_string(),
            'number': dbt.type_bigint(),
            'author_key': dbt.type_string(),
            'author_kind': dbt.type_string(),
            'authorship': dbt.type_string(),
            'ai_tool': dbt.type_string(),
            'opened_at': dbt.type_timestamp(),
            'ready_at': dbt.type_timestamp(),
            'merged_at': dbt.type_timestamp(),
            'closed_at': dbt.type_timestamp(),
            'merge_sha': dbt.type_string(),
            'head_branch': dbt.type_string(),
            'first_commit_at': dbt.type_timestamp(),
            'lines_added': dbt.type_bigint(),
            'lines_removed': dbt.type_bigint(),
            'merged_by_key': dbt.type_string(),
            'closed_by_key': dbt.type_string(),
            'closed_by_kind': dbt.type_string(),
            'driver_key': dbt.type_string(),
            'labels': dbt.type_string()
        },
        'pull_request_commits': {
            'repository': dbt.type_string(),
            'number': dbt.type_bigint(),
            'sha': dbt.type_string(),
            'author_key': dbt.type_string(),
            'author_kind': dbt.type_string(),
            'authorship': dbt.type_string(),
            'ai_tool': dbt.type_string(),
            'committed_at': dbt.type_timestamp()
        },
        'pull_request_commit_files': {
            'repository': dbt.type_string(),
            'number': dbt.type_bigint(),
            'sha': dbt.type_string(),
            'path': dbt.type_string()
        },
        'reviews': {
            'repository': dbt.type_string(),
            'number': dbt.type_bigint(),
            'review_id': dbt.type_string(),
            'reviewer_key': dbt.type_string(),
            'reviewer_kind': dbt.type_string(),
            'state': dbt.type_string(),
            'submitted_at': dbt.type_timestamp(),
            'comment_threads': dbt.type_bigint(),
            'lines_at_review': dbt.type_bigint()
        },
        'review_threads': {
            'repository': dbt.type_string(),
            'number': dbt.type_bigint(),
            'thread_id': dbt.type_string(),
            'author_key': dbt.type_string(),
            'author_kind': dbt.type_string(),
            'path': dbt.type_string(),
            'opened_at': dbt.type_timestamp(),
            'replies': dbt.type_bigint()
        },
        'deployments': {
            'deployment_id': dbt.type_string(),
            'repository': dbt.type_string(),
            'service': dbt.type_string(),
            'environment': dbt.type_string(),
            'sha': dbt.type_string(),
            'status': dbt.type_string(),
            'created_at': dbt.type_timestamp(),
            'started_at': dbt.type_timestamp(),
            'finished_at': dbt.type_timestamp(),
            'deployed_by_kind': dbt.type_string(),
            'is_rollback': dbt.type_boolean(),
            'kind': dbt.type_string(),
            'source': dbt.type_string()
        },
        'deployment_commits': {
            'deployment_id': dbt.type_string(),
            'repository': dbt.type_string(),
            'sha': dbt.type_string()
        },
        'incidents': {
            'incident_id': dbt.type_string(),
            'service': dbt.type_string(),
            'severity_label': dbt.type_string(),
            'opened_at': dbt.type_timestamp(),
            'acknowledged_at': dbt.type_timestamp(),
            'resolved_at': dbt.type_timestamp(),
            'caused_by_deployment_id': dbt.type_string(),
            'caused_by_sha': dbt.type_string(),
            'fixed_by_sha': dbt.type_string(),
            'is_false_alarm': dbt.type_boolean(),
            'is_maintenance': dbt.type_boolean(),
            'source': dbt.type_string(),
            'merged_into_id': dbt.type_string()
        },
        'ai_usage': {
            'usage_id': dbt.type_string(),
            'source': dbt.type_string(),
            'person_key': dbt.type_string(),
            'tool': dbt.type_string(),
            'model': dbt.type_string(),
            'bucket_started_at': dbt.type_timestamp(),
            'bucket_hours': dbt.type_bigint(),
            'sessions': dbt.type_bigint(),
            'requests': dbt.type_bigint(),
            'uncached_input_tokens': dbt.type_bigint(),
            'cache_read_tokens': dbt.type_bigint(),
            'cache_write_tokens': dbt.type_bigint(),
            'output_tokens': dbt.type_bigint(),
            'billed_usd': shipworthy.type_double(),
            'credits': shipworthy.type_double(),
            'suggested_lines': dbt.type_bigint(),
            'accepted_lines': dbt.type_bigint(),
            'is_automated': dbt.type_boolean()
        },
        'people': {
            'person_key': dbt.type_string(),
            'team': dbt.type_string(),
            'role': dbt.type_string(),
            'valid_from_on': 'date',
            'valid_to_on': 'date',
            'kind': dbt.type_string()
        },
        'identities': {
            'alias_key': dbt.type_string(),
            'person_key': dbt.type_string()
        },
        'services': {
            'service': dbt.type_string(),
            'repository': dbt.type_string(),
            'path_prefix': dbt.type_string(),
            'team': dbt.type_string(),
            'delivery_unit': dbt.type_string(),
            'tier': dbt.type_string(),
            'valid_from_on': 'date',
            'valid_to_on': 'date'
        },
        'product_metrics': {
            'service': dbt.type_string(),
            'metric': dbt.type_string(),
            'measured_on': 'date',
            'value': shipworthy.type_double(),
            'higher_is_better': dbt.type_boolean(),
            'control_service': dbt.type_string()
        },
        'costs': {
            'team': dbt.type_string(),
            'month_start_on': 'date',
            'category': dbt.type_string(),
            'amount_usd': shipworthy.type_double()
        },
        'load_watermarks': {
            'input': dbt.type_string(),
            'source': dbt.type_string(),
            'loaded_through': dbt.type_timestamp(),
            'loaded_at': dbt.type_timestamp(),
            'rows': dbt.type_bigint(),
            'rejected_rows': dbt.type_bigint()
        },
        'load_findings': {
            'input': dbt.type_string(),
            'source': dbt.type_string(),
            'reason': dbt.type_string(),
            'subject': dbt.type_string(),
            'row_count': dbt.type_bigint(),
            'found_at': dbt.type_timestamp()
        }
    }[input]) }}
{%- endmacro %}

{#- Columns that tell a row of each input from every other. -#}
{% macro input_keys() -%}
    {{ return({
        'repositories': ['repository'],
        'commits': ['repository', 'sha'],
        'line_births': ['repository', 'added_sha', 'path', 'author_sha', 'authorship', 'is_moved'],
        'line_deaths': ['repository', 'added_sha', 'path', 'author_sha', 'authorship', 'birth_is_moved', 'removed_sha', 'is_moved'],
        'pull_requests': ['repository', 'number'],
        'pull_request_commits': ['repository', 'number', 'sha'],
        'pull_request_commit_files': ['repository', 'number', 'sha', 'path'],
        'reviews': ['repository', 'review_id'],
        'review_threads': ['repository', 'number', 'thread_id'],
        'deployments': ['deployment_id'],
        'deployment_commits': ['deployment_id', 'repository', 'sha'],
        'incidents': ['incident_id'],
        'ai_usage': ['usage_id'],
        'people': ['person_key', 'team', 'valid_from_on'],
        'identities': ['alias_key'],
        'services': ['service', 'valid_from_on'],
        'product_metrics': ['service', 'metric', 'measured_on'],
        'costs': ['team', 'month_start_on', 'category'],
        'load_watermarks': ['input', 'source'],
        'load_findings': ['input', 'source', 'reason', 'subject']
    }) }}
{%- endmacro %}

{#- The words that columns of an input may hold. -#}
{% macro input_words(input) -%}
    {{ return({
        'commits': {
            'author_kind': ['human', 'agent', 'automation'],
            'authorship': ['ai', 'human', 'automation', 'untagged'],
            'attribution_method': ['line_ranges', 'author', 'trailer', 'declared']
        },
        'line_births': {
            'path_class': ['code', 'test', 'config', 'docs', 'data', 'generated', 'vendored'],
            'authorship': ['ai', 'human', 'automation', 'untagged'],
            'attribution_method': ['line_ranges', 'author', 'trailer', 'declared']
        },
        'line_deaths': {
            'path_class': ['code', 'test', 'config', 'docs', 'data', 'generated', 'vendored'],
            'authorship': ['ai', 'human', 'automation', 'untagged']
        },
        'pull_requests': {
            'author_kind': ['human', 'agent', 'automation'],
            'authorship': ['ai', 'human', 'automation', 'untagged'],
            'closed_by_kind': ['human', 'agent', 'automation']
        },
        'pull_request_commits': {
            'author_kind': ['human', 'agent', 'automation'],
            'authorship': ['ai', 'human', 'automation', 'untagged']
        },
        'reviews': {
            'reviewer_kind': ['human', 'agent', 'automation'],
            'state': ['approved', 'changes_requested', 'commented', 'dismissed']
        },
        'review_threads': {
            'author_kind': ['human', 'agent', 'automation']
        },
        'deployments': {
            'status': ['success', 'failure', 'cancelled', 'in_progress'],
            'kind': ['deploy', 'flag']
        },
        'ai_usage': {
            'bucket_hours': ['1', '24']
        },
        'costs': {
            'category': ['builders', 'ai', 'build_infrastructure']
        }
    }.get(input, {})) }}
{%- endmacro %}

{#- What staging calls a column of an input by another name. -#}
{% macro staged_names(input) -%}
    {{ return({
        'load_watermarks': {'input': 'input_name', 'rows': 'loaded_rows'},
        'load_findings': {'input': 'input_name'}
    }.get(input, {})) }}
{%- endmacro %}

{#- Bounds of what can be meant. -#}
{% macro input_bounds() -%}
    {{ return({
        'first_time': '1970-01-01 00:00:00',
        'end_of_time': '2100-01-01 00:00:00',
        'largest_count': 1000000000000,
        'largest_amount': 1000000000000000
    }) }}
{%- endmacro %}
