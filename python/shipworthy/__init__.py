"""Load what a dbt warehouse needs to tell whether AI-written code ships and stays shipped."""

__version__ = "0.1.0"
