"""What callers ask of a processor, of a pair of them, and of a pair that is restored."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import pytest

from burnish.bundle.processors import processor_of, save_processor
from burnish.core.errors import InputError
from burnish.core.processor import Pair, Processor, joined
from burnish.inputs.text import Text
from burnish.media.picture.processor import ImageProcessor
from burnish.media.sound.processor import SoundProcessor
from burnish.media.text.tokenizer import load
from burnish.targets import Taught
from burnish.targets.label import Label
from tests.checkpoints import tiny_checkpoint

PICTURES = ImageProcessor(32, 1.0, "bilinear", (0.5, 0.5, 0.5), (0.2, 0.2, 0.2))
SOUNDS = SoundProcessor("log_mel", 16000, 1.0)


@dataclass(frozen=True)
class Letters(Processor):
    """A target's own."""

    letters: str

    def fingerprint(self) -> str:
        return self.letters

    def settings(self) -> dict[str, Any]:
        return {"letters": self.letters}


class Spelled(Label, Taught):
    """A target that spells its labels."""

    has_processor: ClassVar[bool] = True

    def processor(self, folder: Path, reads: Processor, settings: dict[str, Any] | None = None) -> Letters:
        return Letters((settings or {"letters": "abc"})["letters"])

    def save_processor(self, processor: Processor, folder: Path) -> None:
        assert isinstance(processor, Letters)
        (folder / "letters.txt").write_text(processor.letters, encoding="utf-8")


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_checkpoint(tmp_path_factory.mktemp("checkpoint") / "model", texts=["my card"])


def test_every_processor_answers_what_is_asked(checkpoint: Path) -> None:
    tokens = load(checkpoint, 16, None)
    assert [p.limit for p in (tokens, PICTURES, SOUNDS)] == [16, None, None]
    assert [p.side for p in (tokens, PICTURES, SOUNDS)] == [None, 32, None]
    assert [p.heard for p in (tokens, PICTURES, SOUNDS)] == [None, None, (16000, 1.0)]
    assert [p.picture_shape for p in (tokens, PICTURES, SOUNDS)] == [None, (3, 32, 32), SOUNDS.shape]
    assert tokens.unknown == ("input_ids", tokens.unknown_token_id)
    assert tokens.cut_at(8).limit == 8
    assert SoundProcessor("waveform", 16000, 1.0).picture_shape is None
    for processor in (PICTURES, SOUNDS):
        with pytest.raises(InputError, match="cut at 8"):
            processor.cut_at(8)
    with pytest.raises(InputError, match="no graph"):
        tokens.front()


def test_a_pair_answers_for_its_input_and_is_told_apart_by_both(checkpoint: Path) -> None:
    tokens = load(checkpoint, 16, None)
    pair = Pair(tokens, Letters("abc"))
    assert pair.for_input is tokens
    assert pair.for_target == Letters("abc")
    assert tokens.for_input is tokens.for_target is tokens
    assert (pair.limit, pair.unknown, pair.gives) == (16, tokens.unknown, tokens.gives)
    assert pair.cut_at(8).limit == 8
    assert pair.cut_at(8).for_target == Letters("abc")
    others = [Pair(tokens, Letters("abd")), Pair(tokens.cut_at(8), Letters("abc"))]
    assert len({p.fingerprint() for p in (pair, *others)}) == 3
    assert joined(pair, PICTURES) == Pair(PICTURES, Letters("abc"))
    assert joined(tokens, PICTURES) is PICTURES


def test_a_pair_is_saved_and_restored(checkpoint: Path, tmp_path: Path) -> None:
    made = processor_of(Text(columns=["text"]), Spelled(), checkpoint)
    assert isinstance(made, Pair)
    save_processor(Text(columns=["text"]), Spelled(), made, tmp_path)
    assert (tmp_path / "letters.txt").read_text(encoding="utf-8") == "abc"
    again = processor_of(Text(columns=["text"]), Spelled(), tmp_path, made.settings())
    assert again.fingerprint() == made.fingerprint()
    with pytest.raises(InputError, match="'input'"):
        processor_of(Text(columns=["text"]), Spelled(), tmp_path, made.for_input.settings())


def test_without_a_processor_of_the_targets_there_is_no_pair(checkpoint: Path) -> None:
    assert not isinstance(processor_of(Text(columns=["text"]), Label(), checkpoint), Pair)
