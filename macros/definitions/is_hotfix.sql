{#- Whether a change is a hotfix, which says that a release failed: it came from a hotfix branch, its request has a hotfix
    label, or it is the named fix of an incident. A message that begins with `fix:` says no such thing. `labels` is the
    request's labels as a JSON list. -#}
{% macro is_hotfix(head_branch, labels, is_named_fix) -%}
    {{ return(adapter.dispatch('is_hotfix', 'shipworthy')(head_branch, labels, is_named_fix)) }}
{%- endmacro %}

{% macro default__is_hotfix(head_branch, labels, is_named_fix) -%}
    (
        coalesce({{ is_named_fix }}, false)
        or {{ shipworthy.matched_part(
            'lower(' ~ head_branch ~ ')', '(^|/)(hot-?fix|hot-?fixes)($|[/_-])', 2
        ) }} is not null
        or {{ shipworthy.matched_part(
            'lower(' ~ labels ~ ')', '(^|["/: ])(hot-?fix)("|$)', 2
        ) }} is not null
    )
{%- endmacro %}
