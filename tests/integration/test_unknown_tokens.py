"""A checkpoint that has never read the language of the data is found by the audit, before it is trained."""

from __future__ import annotations

from pathlib import Path

import pytest

from burnish.core.events import Event
from burnish.data.looking.audit import Audit
from burnish.media.text.tokenizer import load
from burnish.recipe.recipe import Recipe
from burnish.stages.prepare.prepare import prepare
from burnish.training.accelerator import Accelerator
from tests.checkpoints import tiny_checkpoint
from tests.integration import tiny_runs


def audited(folder: Path, rows: list[dict[str, str]], architecture: str = "bert") -> tuple[Audit, list[str]]:
    """What the audit finds in rows, and the warnings it gave."""
    checkpoint = tiny_runs.checkpoint_at(folder / f"model-{architecture}", architecture)
    recipe = Recipe.load(tiny_runs.settings("label", checkpoint, rows, trackers=[]))
    told: list[Event] = []
    found = prepare(recipe, told.append, Accelerator("cpu", "float32")).audit
    return found, [str(e.values["text"]) for e in told if e.name == "warning"]


def test_another_language(tmp_path: Path) -> None:
    """Every Chinese character is unknown; the two tokens around a text are not. The worst row is named."""
    rows = [{"text": "好" * (2 + i % 3) + str(i), "label": "ab"[i % 2]} for i in range(60)]
    rows[7]["text"] = "好" * 30 + "7"
    found, warnings = audited(tmp_path, rows)
    finding = next(f for f in found.findings if f.code == "unknown_tokens" and "train examples" in f.message)
    assert finding.severity == "warning"
    assert any("choose a checkpoint that has read texts like these" in text for text in warnings)


def test_a_few_strange_words(tmp_path: Path) -> None:
    """A note; and nothing below one token in a hundred."""
    rows = [{"text": r["text"], "label": r["label"]} for r in tiny_runs.rows("label")]
    found, _ = audited(tmp_path, rows)
    assert "unknown_tokens" not in {f.code for f in found.findings}
    for row in rows[::4]:
        row["text"] += " 好"
    found, _ = audited(tmp_path, rows)
    assert {f.severity for f in found.findings if f.code == "unknown_tokens"} == {"note"}


@pytest.mark.parametrize(
    ("architecture", "expected"), [("bert", "[UNK]"), ("gpt2", None), ("roberta", None), ("llama", None)]
)
def test_tokenizers(tmp_path: Path, architecture: str, expected: str | None) -> None:
    """Tokenizers of bytes know everything, and have nothing that is counted wrongly."""
    processor = load(tiny_checkpoint(tmp_path / "model", architecture, texts=["my card"]), None, None)
    token = processor.unknown_token_id
    if expected is not None:
        assert token == processor.tokenizer.token_to_id(expected)
    elif token is not None:
        ((encoding, _),) = processor.encode(["好 and 坏"])
        assert token not in encoding.ids
