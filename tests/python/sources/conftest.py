"""Fixtures that every source's tests use."""

from source_checks import _surroundings  # noqa: F401
