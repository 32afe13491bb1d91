"""Inputs whose rows are files: where the file of a row is, and rows that were read already."""

from __future__ import annotations

import base64
import hashlib
from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Literal, TypeVar

from pydantic import Field

from burnish.core.batch import Example
from burnish.core.errors import InputError
from burnish.inputs import Input

F = TypeVar("F", bound="FileInput")


@dataclass(frozen=True)
class Read:
    """What stands in a row in place of a file that was read: a picture, a waveform at the network's rate."""

    value: Any
    size: int
    """Bytes of memory it takes."""


class FileInput(Input):
    """One file a row: a path, or the bytes of the file."""

    stored: ClassVar[bool] = False
    given_as: ClassVar[str] = "a path or bytes"
    """What a cell may hold, in words."""
    column: str
    root: str | None = Field(None, description="Folder that paths are relative to; null: the folder of the table.")
    broken: Literal["refuse", "skip"] = Field(
        "refuse", description="What to do about files that cannot be read: refuse to train, or leave their rows out."
    )

    @property
    def required_columns(self) -> tuple[str, ...]:
        """The column of files."""
        return (self.column,)

    @staticmethod
    @abstractmethod
    def recognised(value: Any) -> bool:
        """Whether a cell holds such a file."""

    @abstractmethod
    def read(self, example: Example, processor: Any, *, changed: bool) -> Read:
        """The file of a row as `encode`, or with `changed` as `augmented`, goes on with it.

        Raises:
            InputError: a file that is missing, broken, or too large.
        """

    def inferred(self: F, columns: Sequence[str], rows: Sequence[Example], target: str) -> F | None:
        """The named column, else the only other one that holds such files."""
        found = [c for c in columns if c != target and rows and all(self.recognised(r.get(c)) for r in rows)]
        if self.column in found:
            return self
        return self.model_copy(update={"column": found[0]}) if len(found) == 1 else None

    def located(self: F, folder: Path) -> F:
        """With paths relative to `folder`."""
        return self if self.root is not None else self.model_copy(update={"root": str(folder)})

    def read_once(self, example: Example, processor: Any, *, changed: bool) -> tuple[Example, int]:
        """The row with its file read, and the bytes of memory that takes."""
        own = self.read(example, processor, changed=changed)
        return {**example, self.column: own}, own.size

    def file(self, example: Example) -> Path | bytes | None:
        """Where the file of a row lies, or its bytes."""
        value = example.get(self.column)
        if isinstance(value, Mapping):
            value = self.unpacked(value)
        if isinstance(value, bytes) or not isinstance(value, str) or not value:
            return value if isinstance(value, bytes) else None
        path = Path(value)
        return path if path.is_absolute() or self.root is None or path.is_file() else Path(self.root) / path

    def unpacked(self, value: Mapping[str, Any]) -> Any:
        """The bytes or the path in a cell that is a mapping: `base64`, `bytes` or `path`."""
        return base64.b64decode(value["base64"]) if "base64" in value else value.get("bytes") or value.get("path")

    def portable(self, example: Example) -> dict[str, Any]:
        """The bytes of the file in base64."""
        return {self.column: {"base64": base64.b64encode(self.bytes_of(example)).decode("ascii")}}

    def audited_text(self, example: Example) -> str | None:
        """The path; for bytes their hash."""
        value = self.file(example)
        if isinstance(value, bytes):
            return f"bytes {hashlib.sha256(value).hexdigest()[:16]}"
        own = example.get(self.column)
        return None if value is None else own if isinstance(own, str) else str(value)

    def called(self, example: Example) -> str:
        """What the file of a row is called in errors."""
        value = example.get(self.column)
        return value if isinstance(value, str) else f"{self.thing} bytes"

    def bytes_of(self, example: Example) -> bytes:
        """The bytes of a row's file.

        Raises:
            InputError: the row has none, or there is no such file.
        """
        found = self.file(example)
        if found is None:
            raise InputError(
                f"column {self.column!r} has no {self.thing}",
                expected=self.given_as,
                place=str(example.get(self.column))[:80],
            )
        if isinstance(found, bytes):
            return found
        if not found.is_file():
            raise InputError(f"no such {self.thing} file", fix="check input.root", place=str(found))
        return found.read_bytes()
