"""An independent reference implementation of the definitions page, and what compares it to dbt."""
