"""Which source reads a file, by the ending of its name."""

from __future__ import annotations

from pathlib import Path

from burnish.core.component import component_class, kinds
from burnish.data.reading.split_folders import Endings
from burnish.data.settings import Data

_AXIS = "burnish.data.sources"


def table_endings() -> dict[str, str]:
    """File endings and the kind of source that reads them."""
    endings = {}
    for kind in kinds(_AXIS):
        cls = component_class(_AXIS, kind)
        endings.update(dict.fromkeys(getattr(cls, "suffixes", ()), kind))
    return endings


def kind_of(path: Path) -> str | None:
    """The kind of source that reads a file; None where none does."""
    name = path.name.lower()
    fitting = [(len(ending), kind) for ending, kind in table_endings().items() if name.endswith(ending)]
    return max(fitting)[1] if fitting else None


def known_endings(data: Data) -> Endings:
    """Of tables, and of the files that class folders of the named kind, or of any, hold."""
    asked = kinds(_AXIS) if data.source is None else [data.source.kind()]
    media = (getattr(component_class(_AXIS, kind), "endings", ()) for kind in asked if ":" not in kind)
    return Endings(tuple(table_endings()), tuple(dict.fromkeys(ending for endings in media for ending in endings)))
