{#- Columns of the inputs that the models read, as python/shipworthy/contract.py states them (a test
    keeps the two equal). Needed to stand in for an input that is switched off. -#}
{% macro input_columns(input) -%}
    {#- Asked once and not for each column: this is called for every input, many times in a run. -#}
    {%- set text, moment, flag = dbt.type_string(), dbt.type_timestamp(), dbt.type_boolean() -%}
    {%- set count, amount = dbt.type_bigint(), shipworthy.type_double() -%}
    {%- set columns = {
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
            'mainline_position': count,
            'authored_at': moment,
            'committed_at': moment,
            'landed_at': moment,
            'author_key': text,
            'author_kind': text,
            'authorship': text,
            'ai_tool': text,
            'attribution_method': text,
            'lines_added': count,
            'lines_removed': count,
            'ai_lines_added': count,
            'files_changed': count,
            'pull_request_number': count,
            'reverts_sha': text,
            'is_fix': flag,
            'fixes_incident_id': text,
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
            'lines': count
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
            'lines': count
        },
        'pull_requests': {
            'repository': text,
            'number': count,
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
            'lines_added': count,
            'lines_removed': count,
            'merged_by_key': text,
            'closed_by_key': text,
            'closed_by_kind': text,
            'driver_key': text,
            'labels': text
        },
        'pull_request_commits': {
            'repository': text,
            'number': count,
            'sha': text,
            'author_key': text,
            'author_kind': text,
            'authorship': text,
            'ai_tool': text,
            'committed_at': moment
        },
        'pull_request_commit_files': {
            'repository': text,
            'number': count,
            'sha': text,
            'path': text
        },
        'reviews': {
            'repository': text,
            'number': count,
            'review_id': text,
            'reviewer_key': text,
            'reviewer_kind': text,
            'state': text,
            'submitted_at': moment,
            'comment_threads': count,
            'lines_at_review': count
        },
        'review_threads': {
            'repository': text,
            'number': count,
            'thread_id': text,
            'author_key': text,
            'author_kind': text,
            'path': text,
            'opened_at': moment,
            'replies': count
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
            'bucket_hours': count,
            'sessions': count,
            'requests': count,
            'uncached_input_tokens': count,
            'cache_read_tokens': count,
            'cache_write_tokens': count,
            'output_tokens': count,
            'billed_usd': amount,
            'credits': amount,
            'suggested_lines': count,
            'accepted_lines': count,
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
            'rows': count,
            'rejected_rows': count
        },
        'load_findings': {
            'input': text,
            'source': text,
            'reason': text,
            'subject': text,
            'row_count': count,
            'found_at': moment
        }
    } -%}
    {{ return(columns[input]) }}
{%- endmacro %}
