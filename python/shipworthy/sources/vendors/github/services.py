"""The service that something at GitHub belongs to."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from shipworthy.contract import text_of_names


@dataclass(frozen=True)
class Services:
    """The service that something belongs to."""

    repository: str
    names: Mapping[str, str]

    def of(self, *names: Any) -> str:
        own = (*names, self.repository, self.repository.partition("/")[2])
        return next((self.names[name] for name in own if name in self.names), self.repository)

    def of_labels(self, labels: list[str]) -> str:
        found = sorted({self.names[label] for label in labels if label in self.names})
        return text_of_names(found) or self.of()
