"""A recipe, its data and its checkpoint, all of which a test may spoil."""

from __future__ import annotations

import csv
import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.integration import tiny_runs


@dataclass(frozen=True)
class Said:
    """What a command did: exit code, and what it wrote."""

    code: int
    out: str
    err: str


class Bench:
    """A recipe, its data and its checkpoint, and the command that runs them."""

    def __init__(self, folder: Path, bert: Path, command: Callable[..., Said]) -> None:
        self.folder, self.command = folder, command
        self.out = folder / "out" / "run"
        self.out.parent.mkdir()
        self.model = Path(shutil.copytree(bert, folder / "model"))
        self.data = folder / "data.csv"
        self.rows: list[dict[str, Any]] = tiny_runs.rows("label")
        self.recipe = tiny_runs.settings("label", self.model, str(self.data), epochs=1)

    def train(self, *more: object, out: Path | None = None) -> Said:
        """`burnish train recipe.yaml --out OUT ...` over the rows and the recipe as they are now."""
        if self.rows and not self.data.exists():
            write_csv(self.data, self.rows)
        path = self.folder / "recipe.yaml"
        path.write_text(json.dumps(self.recipe), encoding="utf-8")
        return self.command("train", path, "--out", out or self.out, *more)

    def refused(self, *words: str, more: tuple[object, ...] = (), out: Path | None = None) -> Said:
        """Exit code 2, every word in the message, no traceback, and nothing where the run would have been."""
        said = self.train(*more, out=out)
        assert said.code == 2, said
        missing = [word for word in words if word not in said.err]
        assert not missing, f"{missing} not in:\n{said.err}"
        assert "Traceback" not in said.err
        assert list(self.out.parent.iterdir()) == []
        return said


def write_csv(path: Path, rows: list[dict[str, Any]]) -> Path:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return path
