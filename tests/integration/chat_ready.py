"""Conversations and settings that a test may spoil, prepared as a run does it and not trained."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from burnish.core.errors import InputError
from burnish.core.events import Event
from burnish.recipe.recipe import Recipe
from burnish.stages.prepare.prepare import Prepared, prepare
from burnish.training.accelerator import Accelerator
from tests.chat_rows import chat_rows
from tests.integration import tiny_runs

Rows = list[dict[str, Any]]


class Ready:
    """Rows and settings that a test may spoil, and what becomes of them."""

    def __init__(self, folder: Path, checkpoint: Path) -> None:
        self.rows: Rows = chat_rows()
        self.settings: dict[str, Any] = {"model": str(checkpoint), "batch_size": 8, "device": "cpu"}
        self.data = folder / "chats.jsonl"
        self.folder = folder
        self.events: list[Event] = []

    def prepared(self) -> Prepared:
        tiny_runs.write_jsonl(self.data, self.rows)
        data = {"train": str(self.data), "cache": str(self.folder / "cache"), **self.settings.pop("data", {})}
        recipe = Recipe.load({"data": data, **self.settings})
        return prepare(recipe, self.events.append, Accelerator("cpu", "float32"))

    def refused(self, *words: str) -> None:
        with pytest.raises(InputError) as caught:
            self.prepared()
        said = str(caught.value)
        missing = [word for word in words if word not in said]
        assert not missing, f"{missing} not in:\n{said}"

    def texts(self, name: str) -> str:
        return "\n".join(str(e.values["text"]) for e in self.events if e.name == name)
