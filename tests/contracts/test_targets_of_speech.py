"""What every target of recognised speech must do: learn what was said and its end, and nothing where that does not fit."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest

from burnish.bundle.processors import processor_of
from burnish.core.batch import Encoded
from burnish.core.component import build, component_class, kinds
from burnish.core.generated import Generated
from burnish.core.processor import Pair, Processor
from burnish.evaluation.scores import metrics_for
from burnish.targets import Target, Transcribed, shows_truth
from burnish.targets._spoken import Spoken
from burnish.targets.transcript import Transcript
from tests.recogniser_cases import TEXTS, checkpoint, input_for, target_for

AXIS = "burnish.targets"
SPOKEN = [k for k in kinds(AXIS) if issubclass(component_class(AXIS, k), Transcribed)]
CHECKPOINTS = {"transcript": ("whisper", "moonshine"), "ctc_transcript": ("ctc", "body")}
PAIRS = [(kind, name) for kind in SPOKEN for name in CHECKPOINTS.get(kind, ("add a checkpoint for it",))]
over_pairs = pytest.mark.parametrize(("kind", "name"), PAIRS)


def ready(name: str, **settings: Any) -> tuple[Spoken, Processor]:
    """A target that has seen its checkpoint and its texts, and what it encodes with."""
    target = target_for(name, checkpoint(name), **settings)
    return target, processor_of(input_for(name), cast(Target, target), checkpoint(name))


def recording(seconds: float = 0.9, *, whole: bool = True) -> Encoded:
    return {
        "_length": np.int32(50),  # type: ignore[dict-item]
        "_full_length": np.int32(50 if whole else 51),  # type: ignore[dict-item]
        "_samples": np.int32(round(16000 * seconds)),  # type: ignore[dict-item]
    }


def learned_text(target: Spoken, value: Any, encoded: Encoded, processor: Processor) -> str:
    """What has weight, as text with its marks."""
    ids, weights = target.encode(value, encoded, processor)
    kept = [int(i) for i in ids[weights > 0]]
    tokens: Any = processor.for_target
    if isinstance(target, Transcript):
        return str(tokens.tokens.tokenizer.decode(kept, skip_special_tokens=False))
    return str(tokens.text(kept))


@over_pairs
def test_is_written_and_read_back_and_names_a_loss_a_decoder_and_metrics(kind: str, name: str) -> None:
    target, processor = ready(name)
    assert target.kind() == kind
    assert build(AXIS, json.loads(json.dumps(target.model_dump()))) == target
    assert target.sentence()
    assert kind in build("burnish.losses", target.usual_loss()).targets  # type: ignore[attr-defined]
    assert target.usual_decoder in kinds("burnish.decoders")
    assert target.decides in {metric.label for metric in metrics_for(target)}
    assert set(target.headline) <= set(kinds("burnish.metrics"))
    assert target.learned(["other texts"]) == target, "what is learned stays"
    settings = json.loads(json.dumps(processor.settings()))
    again = processor_of(input_for(name), cast(Target, target), checkpoint(name), settings)
    assert again.fingerprint() == processor.fingerprint()


@over_pairs
def test_the_files_beside_the_weights_restore_the_processor(kind: str, name: str, tmp_path: Path) -> None:
    target, processor = ready(name)
    folder = tmp_path / "model"
    folder.mkdir()
    target.save_processor(processor.for_target, folder)
    assert isinstance(processor, Pair)
    settings = json.loads(json.dumps(processor.for_target.settings()))
    again = target.processor(folder, processor.for_input, settings)
    for text in TEXTS:
        left, right = (
            target.encode(text, recording(), Pair(processor.for_input, p)) for p in (processor.target, again)
        )
        np.testing.assert_array_equal(left[0], right[0])


@over_pairs
def test_what_is_learned_is_the_text_and_its_end(kind: str, name: str) -> None:
    target, processor = ready(name)
    for text in TEXTS:
        ids, weights = target.encode(f"  {text} ", recording(), processor)
        assert ids.dtype == np.int64
        assert weights.dtype == np.float32
        assert set(weights.tolist()) <= {0.0, 1.0}
        said = learned_text(target, text, recording(), processor)
        if isinstance(target, Transcript):
            end = {"whisper": "<|endoftext|>", "moonshine": "</s>"}[name]
            assert said.strip() == f"{text}{end}"
        else:
            assert said == (target.spoken(text).replace(",", "") if name == "ctc" else text)


@pytest.mark.parametrize("name", CHECKPOINTS["transcript"])
def test_a_decoder_is_shown_each_token_before_the_next_and_the_prompt_costs_nothing(name: str) -> None:
    """The start is shown once and never learned; what a prediction begins with is what training began with."""
    target, processor = ready(name)
    assert shows_truth(target)
    prompt = target.begun(2, processor)["decoder_input_ids"]
    assert prompt.shape[0] == 2
    for text in TEXTS:
        shown = target.given(text, recording(), processor)["decoder_input_ids"]
        ids, weights = target.encode(text, recording(), processor)
        assert len(shown) == len(ids) == len(weights)
        np.testing.assert_array_equal(shown[1:], ids[:-1])
        np.testing.assert_array_equal(shown[: prompt.shape[1]], prompt[0])
        assert weights[: prompt.shape[1] - 1].sum() == 0
        assert weights[prompt.shape[1] - 1 :].all()
        assert prompt[0, 0] not in ids
        assert int(ids[-1]) in target.ends(processor).stop


def test_what_whisper_is_told_stands_in_the_prompt() -> None:
    for settings, marks in (
        ({}, "<|startoftranscript|><|en|><|transcribe|><|notimestamps|>"),
        (
            {"language": "de", "speech_task": "translate"},
            "<|startoftranscript|><|de|><|translate|><|notimestamps|>",
        ),
    ):
        _, processor = ready("whisper", **settings)
        tokens: Any = processor.for_target
        assert tokens.tokens.tokenizer.decode(list(tokens.prompt), skip_special_tokens=False) == marks


def test_suppressed_tokens_are_written_where_the_texts_hold_them() -> None:
    never: dict[str, tuple[int, ...]] = {}
    for symbols in ("abc", 'abc"'):
        target, processor = ready("whisper", symbols=symbols)
        never[symbols] = target.ends(processor).never
    tokens: Any = processor.for_target
    quote = tokens.tokens.tokenizer.token_to_id('"')
    assert set(never["abc"]) - set(never['abc"']) == {quote}
    stop = target.ends(processor).stop
    assert not stop & set(never["abc"])
    assert stop & set(target.ends(processor).never_first), "an answer is not empty"


@over_pairs
@pytest.mark.parametrize("value", [None, "", "   ", float("nan"), 7])
def test_nothing_is_learned_where_there_is_no_text(kind: str, name: str, value: Any) -> None:
    target, processor = ready(name)
    assert not target.encode(value, recording(), processor)[1].any()
    assert target.problem_with(value)
    assert target.truth(value) is None


@over_pairs
def test_nothing_is_learned_of_what_does_not_fit(kind: str, name: str) -> None:
    """A recording longer than a window; more tokens than places; fewer frames than letters, and one for each repeat."""
    target, processor = ready(name)
    assert target.encode("a bell", recording(), processor)[1].any()
    assert not target.encode("a bell", recording(whole=False), processor)[1].any()
    if isinstance(target, Transcript):
        tokens: Any = processor.for_target
        fitting = next(n for n in range(1, 99) if len(tokens.prompt) + len(tokens.numbers("q" * n)) == 32)
        assert target.encode("q" * fitting, recording(), processor)[1].any()
        ids, weights = target.encode("q" * (fitting + 1), recording(), processor)
        assert not weights.any()
        shown = target.given("q" * (fitting + 1), recording(), processor)["decoder_input_ids"]
        assert len(shown) == len(ids) == 32, "no more than the decoder has places"
        return
    frames: Callable[[int], int] = processor.for_target.frames  # type: ignore[attr-defined]
    enough = next(n for n in range(400, 16000, 20) if frames(n) >= 7)  # b e l - l, and two more for "a "
    assert target.encode("a bell", recording(enough / 16000), processor)[1].all()
    assert not target.encode("a bell", recording((enough - 20) / 16000), processor)[1].any()


@over_pairs
def test_a_batch_holds_the_rows_and_pads_with_weight_zero(kind: str, name: str) -> None:
    target, processor = ready(name)
    pairs = [target.encode(text, recording(), processor) for text in TEXTS]
    targets, weights = target.collate(pairs, 99)
    assert targets.shape == weights.shape
    assert weights.dtype == np.float32
    for row, (ids, weight) in enumerate(pairs):
        np.testing.assert_array_equal(targets[row, : len(ids)], ids)
        np.testing.assert_array_equal(weights[row, : len(ids)], weight)
        assert weights[row].sum() == weight.sum()


@over_pairs
def test_what_was_learned_is_read_back_as_what_was_said(kind: str, name: str) -> None:
    target, processor = ready(name)
    for text in TEXTS:
        ids, weights = target.encode(text, recording(), processor)
        kept = ids[weights > 0]
        kept = kept[:-1] if isinstance(target, Transcript) else kept
        answer = target.said([Generated(kept, -1.0, "stop")], recording(), processor)
        assert answer.answer == (target.spoken(text).replace(",", "") if name == "ctc" else target.spoken(text))
        assert answer.ended == "stop"
        assert answer.score == -1.0
        assert answer.written == len(kept)


@pytest.mark.parametrize("kind", SPOKEN)
def test_is_asked_last_whether_a_column_is_its(kind: str) -> None:
    """Nearly every column is text: only texts of some length, and never numbers or lists."""
    target = cast(Spoken, build(AXIS, kind))
    orders = [
        getattr(component_class(AXIS, other), "recognition_order", 0) for other in kinds(AXIS) if other not in SPOKEN
    ]
    assert target.recognition_order > max(orders)
    texts = [f"The parcel {number} never came." for number in range(9)]
    assert target.recognises(texts) == (kind == "transcript")
    for values in ([1, 2, 3], ["a", "b"], [["a", "b"]], [None], [], [*texts, 4]):
        assert not target.recognises(values)


@pytest.mark.parametrize(("case", "text"), [("lower", "a bell"), ("upper", "A BELL"), ("as_written", "A bell")])
def test_in_which_letters_texts_are_learned(case: str, text: str) -> None:
    assert ready("moonshine", case=case)[0].spoken(" A  bell ") == text


def test_letters_are_those_of_the_checkpoint_unless_they_are_named() -> None:
    assert ready("ctc")[0].spoken("A bell") == "A BELL"
    assert ready("ctc", case="lower", uncovered=1.0)[0].spoken("A bell") == "a bell"
    assert ready("body")[0].spoken("A bell") == "A bell"
    assert ready("body")[0].tokens[:3] == ["<pad>", "<unk>", "|"]  # type: ignore[attr-defined]
