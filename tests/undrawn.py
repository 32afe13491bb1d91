"""Reports without drawing: of a tiny run that is a third of the time, and pictures have tests of their own."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from burnish.report import contact_sheet, write

SHEETS = ("burnish.report.explained", "burnish.report.mistakes", "burnish.stages.train.pictures")
"""Modules that make sheets of pictures."""
_SHEET, _PICTURE = contact_sheet.contact_sheet, write._Pictures.__call__


def leave_pictures_empty(patch: pytest.MonkeyPatch) -> None:
    """Where a picture would be drawn an empty file is written; what stands in a report about it stays as it is."""
    _patch(patch, lambda pictures, captions, path, **how: _empty(path), _undrawn)


def draw_again(patch: pytest.MonkeyPatch) -> None:
    """Pictures are drawn where they were left empty."""
    _patch(patch, _SHEET, _PICTURE)


def _patch(patch: pytest.MonkeyPatch, sheet: Callable[..., object], picture: Callable[..., object]) -> None:
    for module in SHEETS:
        patch.setattr(f"{module}.contact_sheet", sheet)
    patch.setattr(write._Pictures, "__call__", picture)


def _undrawn(self: Any, file: str, caption: str, draw: Callable[[Path], object]) -> list[str]:
    return ["", f"![{caption}]({write.FOLDER}/{_empty(self._folder / write.FOLDER / file).name})"]


def _empty(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"")
    return path
