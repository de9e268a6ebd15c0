"""Read OTLP in JSON, as the OpenTelemetry collector's file exporter writes it."""

from collections.abc import Iterator, Mapping
from typing import Any

Attributes = dict[str, Any]


def attributes(*owners: Any) -> Attributes:
    """Return the attributes of a resource, a record, a data point or a span as a plain dict.

    Parameters
    ----------
    *owners
        Objects with a list `attributes`; of a name that several have, the last one's counts.
    """
    found: Attributes = {}
    for owner in owners:
        for attribute in (owner or {}).get("attributes") or []:
            found[attribute["key"]] = _value(attribute.get("value"))
    return found


_SCALARS = ("stringValue", "intValue", "doubleValue", "boolValue")


def _value(value: Any) -> Any:
    """Return an AnyValue as what it is; 64-bit numbers are text in JSON and stay so."""
    if not isinstance(value, Mapping):
        return None
    if "arrayValue" in value:
        return [_value(item) for item in value["arrayValue"].get("values") or []]
    if "kvlistValue" in value:
        pairs = value["kvlistValue"].get("values") or []
        return {pair["key"]: _value(pair.get("value")) for pair in pairs}
    return next((value[kind] for kind in _SCALARS if kind in value), None)


def items(document: Mapping[str, Any], signal: str) -> Iterator[tuple[Any, Any]]:
    """Yield the log records, metrics or spans of a document, each with its resource.

    Parameters
    ----------
    document : mapping
        One export.
    signal : str
        `Logs`, `Metrics` or `Spans`.
    """
    for resource, _, item in scoped_items(document, signal):
        yield resource, item


def scoped_items(document: Mapping[str, Any], signal: str) -> Iterator[tuple[Any, Any, Any]]:
    """Yield the same with the instrumentation scope between resource and item.

    Parameters
    ----------
    document : mapping
        One export.
    signal : str
        `Logs`, `Metrics` or `Spans`.
    """
    names = {"Logs": "logRecords", "Metrics": "metrics", "Spans": "spans"}
    for of_resource in document.get(f"resource{signal}") or []:
        for of_scope in of_resource.get(f"scope{signal}") or []:
            for item in of_scope.get(names[signal]) or []:
                yield of_resource.get("resource"), of_scope.get("scope"), item


def is_export(document: Mapping[str, Any]) -> bool:
    """Tell whether a JSON object is an export of OTLP."""
    return any(f"resource{signal}" in document for signal in ("Logs", "Metrics", "Spans"))
