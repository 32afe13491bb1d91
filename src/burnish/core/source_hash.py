"""A hash of source files: caches are made anew when what made them has changed."""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Iterable
from importlib.util import find_spec
from pathlib import Path


def source_hash(names: Iterable[str]) -> str:
    """A sha256 of the files of modules, and of packages with all that lies in them; nothing is imported for it.

    It depends on the files alone, and not on what a process happens to have imported.

    Args:
        names: dotted names.

    Raises:
        ModuleNotFoundError: there is no such module.
    """
    digest = hashlib.sha256()
    for name in sorted(set(names)):
        for file in _files(name):
            digest.update(name.encode() + b"\0" + file.read_bytes() + b"\0")
    return digest.hexdigest()


def _files(name: str) -> list[Path]:
    if name == "__main__":  # it has no spec
        return [Path(str(sys.modules[name].__file__))]
    spec = find_spec(name)
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError(f"{name} has no file", name=name)
    if spec.submodule_search_locations is None:
        return [Path(spec.origin)]
    return sorted(file for place in spec.submodule_search_locations for file in Path(place).rglob("*.py"))
