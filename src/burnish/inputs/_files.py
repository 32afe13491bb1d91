"""Inputs whose rows are files: where the file of a row is, and rows that were read already."""

from __future__ import annotations

import base64
import hashlib
from abc import abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Literal, TypeVar

from pydantic import Field

from burnish.core.batch import Example
from burnish.core.errors import InputError
from burnish.inputs import FromFiles, Input
from burnish.media.paths import hint, is_file, resolved

_VOCABULARIES = ("tokenizer.json", "vocab.txt", "tokenizer_config.json")
_LONGEST_PATH = 1000  # characters of a cell that is still taken for a path in words
F = TypeVar("F", bound="FileInput")


@dataclass(frozen=True)
class Read:
    """What stands in a row in place of a file that was read: a picture, a waveform at the network's rate."""

    value: Any
    size: int
    """Bytes of memory it takes."""


class FileInput(Input, FromFiles):
    """One file a row: a path, or the bytes of the file."""

    stored: ClassVar[bool] = False
    given_as: ClassVar[str] = "a path or bytes"
    """What a cell may hold, in words."""
    model_example: ClassVar[str] = (
        "model={kind: timm, name: resnet18, weights: FILE}, or a folder that transformers reads"
    )
    """A model for such files, as a command line says it."""
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
        """The named column, else the usual one or the only other one that holds such files in most of its rows.

        Not in all: a row whose file is missing must be named by the audit, and not make the column another kind.
        """
        candidates = [c for c in columns if c != target and self.in_most([row.get(c) for row in rows])]
        if self.column in candidates or "column" in self.model_fields_set:
            return self
        return self.model_copy(update={"column": candidates[0]}) if len(candidates) == 1 else None

    def in_most(self, cells: Sequence[Any]) -> bool:
        """Whether most of the cells that hold anything hold such files."""
        known = [self.recognised(cell) for cell in cells if cell not in (None, "")]
        return 2 * sum(known) > len(known)

    def check_not_for_texts(self, folder: Path) -> None:
        """Called where a checkpoint does not say how it is to be given such files.

        Raises:
            InputError: it has a vocabulary: it is a network for texts.
        """
        if any((folder / name).is_file() for name in _VOCABULARIES):
            raise InputError(
                f"this checkpoint reads texts, not {self.thing}s",
                expected=f"a network for {self.thing}s",
                fix=f"name one: {self.model_example}",
                place=str(folder),
            )

    def located(self: F, folder: Path) -> F:
        """With paths relative to `folder`."""
        return self if self.root is not None else self.model_copy(update={"root": str(folder)})

    def read_once(self, example: Example, processor: Any, *, changed: bool) -> tuple[Example, int]:
        """The row with its file read, and the bytes of memory that takes."""
        content = self.read(example, processor, changed=changed)
        return {**example, self.column: content}, content.size

    def perturbed(self, example: Example, processor: Any, change: Callable[[Any, int], Any], seed: int) -> Example:
        """The row with its file read, and what was read changed."""
        content = self.read(example, processor, changed=False)
        return {**example, self.column: Read(change(content.value, seed), content.size)}

    def file(self, example: Example) -> Path | bytes | None:
        """Where the file of a row lies, or its bytes."""
        return self.assumed(example)[0]

    def assumed(self, example: Example) -> tuple[Path | bytes | None, str]:
        """As `file`, and what had to be assumed about the path: below `root`, else from the working folder."""
        value = self._cell(example)
        return resolved(value, self.root, self.endings) if isinstance(value, str) else (value, "")

    def _cell(self, example: Example) -> str | bytes | None:
        """The path or the bytes in a cell; a whole number is a name without its ending."""
        value = example.get(self.column)
        if isinstance(value, Mapping):
            value = self.unpacked(value)
        if isinstance(value, int) and not isinstance(value, bool):
            value = str(value)
        return value if isinstance(value, str | bytes) and value else None

    def why_missing(self, example: Example) -> str:
        """Where the file of a row was looked for, and what is there instead; empty for rows that are no paths."""
        value = self._cell(example)
        if not isinstance(value, str) or len(value) > _LONGEST_PATH:
            return ""
        looked = resolved(value, self.root, self.endings)[0]
        return f"looked for {looked.absolute()}; {hint(looked, value, self.root)}"

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
        cell = example.get(self.column)
        return None if value is None else cell if isinstance(cell, str) else str(value)

    def called(self, example: Example) -> str:
        """What the file of a row is called in errors."""
        value = example.get(self.column)
        return value if isinstance(value, str) else f"{self.thing} bytes"

    def bytes_of(self, example: Example) -> bytes:
        """The bytes of a row's file.

        Raises:
            InputError: the row has none, or there is no such file.
        """
        file = self.file(example)
        if file is None:
            raise InputError(
                f"column {self.column!r} has no {self.thing}",
                expected=self.given_as,
                place=str(example.get(self.column))[:80],
            )
        if isinstance(file, bytes):
            return file
        if not is_file(file):
            raise InputError(
                f"no such {self.thing} file",
                expected=f"a file below {Path(self.root or '.').absolute()}",
                fix="correct the path, or input.root: the folder that paths are relative to",
                place=str(file)[:200],
            )
        return file.read_bytes()
