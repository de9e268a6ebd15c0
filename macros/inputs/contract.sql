{#- Written by `shipworthy contract --write` from python/shipworthy/contract.py. -#}
{#- Columns of an input that the models read. -#}
{% macro input_columns(input) -%}
    {%- set text, moment, flag = dbt.type_string(), dbt.type_timestamp(), dbt.type_boolean() -%}
    {%- set whole, amount = dbt.type_bigint(), shipworthy.type_double() -%}
    {{ return({
        'repositories': {
            'repository': text,
            'default_branch': text,
            'scanned_at': moment,
            'head_sha': text,
            'is_shallow': flag
        },
        'commits': {
            'repository': text,
            'sha': text,
            'mainline_position': whole,
            'authored_at': moment,
            'committed_at': moment,
            'landed_at': moment,
            'author_key': text,
            'author_kind': text,
            'authorship': text,
            'ai_tool': text,
            'attribution_method': text,
            'lines_added': whole,
            'lines_removed': whole,
            'ai_lines_added': whole,
            'files_changed': whole,
            'pull_request_number': whole,
            'reverts_sha': text,
            'is_fix': flag,
            'fixes_incident_id': text,
            'merged_branch': text,
            'mainline_ancestor_sha': text,
            'landed_with_sha': text
        },
        'line_births': {
            'repository': text,
            'added_sha': text,
            'path': text,
            'path_class': text,
            'author_sha': text,
            'authorship': text,
            'ai_tool': text,
            'attribution_method': text,
            'is_moved': flag,
            'is_refilled': flag,
            'lines': whole
        },
        'line_deaths': {
            'repository': text,
            'added_sha': text,
            'path': text,
            'path_class': text,
            'author_sha': text,
            'authorship': text,
            'ai_tool': text,
            'birth_is_moved': flag,
            'removed_sha': text,
            'is_moved': flag,
            'lines': whole
        },
        'pull_requests': {
            'repository': text,
            'number': whole,
            'author_key': text,
            'author_kind': text,
            'authorship': text,
            'ai_tool': text,
            'opened_at': moment,
            'ready_at': moment,
            'merged_at': moment,
            'closed_at': moment,
            'merge_sha': text,
            'head_branch': text,
            'first_commit_at': moment,
            'lines_added': whole,
            'lines_removed': whole,
            'merged_by_key': text,
            'closed_by_key': text,
            'closed_by_kind': text,
            'driver_key': text,
            'labels': text
        },
        'pull_request_commits': {
            'repository': text,
            'number': whole,
            'sha': text,
            'author_key': text,
            'author_kind': text,
            'authorship': text,
            'ai_tool': text,
            'committed_at': moment
        },
        'pull_request_commit_files': {
            'repository': text,
            'number': whole,
            'sha': text,
            'path': text
        },
        'reviews': {
            'repository': text,
            'number': whole,
            'review_id': text,
            'reviewer_key': text,
            'reviewer_kind': text,
            'state': text,
            'submitted_at': moment,
            'comment_threads': whole,
            'lines_at_review': whole
        },
        'review_threads': {
            'repository': text,
            'number': whole,
            'thread_id': text,
            'author_key': text,
            'author_kind': text,
            'path': text,
            'opened_at': moment,
            'replies': whole
        },
        'deployments': {
            'deployment_id': text,
            'repository': text,
            'service': text,
            'environment': text,
            'sha': text,
            'status': text,
            'created_at': moment,
            'started_at': moment,
            'finished_at': moment,
            'deployed_by_kind': text,
            'is_rollback': flag,
            'kind': text,
            'source': text
        },
        'deployment_commits': {
            'deployment_id': text,
            'repository': text,
            'sha': text
        },
        'incidents': {
            'incident_id': text,
            'service': text,
            'severity_label': text,
            'opened_at': moment,
            'acknowledged_at': moment,
            'resolved_at': moment,
            'caused_by_deployment_id': text,
            'caused_by_sha': text,
            'fixed_by_sha': text,
            'is_false_alarm': flag,
            'is_maintenance': flag,
            'source': text,
            'merged_into_id': text
        },
        'ai_usage': {
            'usage_id': text,
            'source': text,
            'person_key': text,
            'tool': text,
            'model': text,
            'bucket_started_at': moment,
            'bucket_hours': whole,
            'sessions': whole,
            'requests': whole,
            'uncached_input_tokens': whole,
            'cache_read_tokens': whole,
            'cache_write_tokens': whole,
            'output_tokens': whole,
            'billed_usd': amount,
            'credits': amount,
            'suggested_lines': whole,
            'accepted_lines': whole,
            'is_automated': flag
        },
        'people': {
            'person_key': text,
            'team': text,
            'role': text,
            'valid_from_on': 'date',
            'valid_to_on': 'date',
            'kind': text
        },
        'identities': {
            'alias_key': text,
            'person_key': text
        },
        'services': {
            'service': text,
            'repository': text,
            'path_prefix': text,
            'team': text,
            'delivery_unit': text,
            'tier': text,
            'valid_from_on': 'date',
            'valid_to_on': 'date'
        },
        'product_metrics': {
            'service': text,
            'metric': text,
            'measured_on': 'date',
            'value': amount,
            'higher_is_better': flag,
            'control_service': text
        },
        'costs': {
            'team': text,
            'month_start_on': 'date',
            'category': text,
            'amount_usd': amount
        },
        'load_watermarks': {
            'input': text,
            'source': text,
            'loaded_through': moment,
            'loaded_at': moment,
            'rows': whole,
            'rejected_rows': whole
        },
        'load_findings': {
            'input': text,
            'source': text,
            'reason': text,
            'subject': text,
            'row_count': whole,
            'found_at': moment
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
