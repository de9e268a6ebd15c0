{#- A condition that is true of every row. Unlike most tests of this kind, null is a failure. -#}
{% test holds(model, expression, column_name=none) %}
select *

from {{ model }}

where ({{ column_name or '' }} {{ expression }}) is not true
{% endtest %}
