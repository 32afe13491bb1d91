"""CTranslate2 writes the transcripts that torch writes, token for token, whatever lengths share a batch."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest

from burnish.bundle.processors import processor_of
from burnish.core.batch import Array
from burnish.core.component import build
from burnish.core.errors import InputError
from burnish.core.files import read_json
from burnish.core.generated import Ends, TellsTimes
from burnish.decoders import Decoder
from burnish.exporters import Exportable
from burnish.exporters.ctranslate2 import Ctranslate2 as Exporter
from burnish.inputs.speech import Speech
from burnish.media.sound.processor import SoundProcessor
from burnish.runtimes import Generate
from burnish.runtimes.ctranslate2 import Ctranslate2
from burnish.runtimes.torch import generating
from burnish.targets.transcript import Transcript
from tests import speech_bundles

pytest.importorskip("ctranslate2")
LENGTHS = (0.4, 1.3, 0.45, 0.9, 1.2)


class Case:
    """One tiny Whisper in torch and in CTranslate2, and a batch of recordings of several lengths."""

    def __init__(self, kind: str, folder: Path) -> None:
        network, self.input, target, checkpoint = speech_bundles.network_of(kind)
        assert isinstance(target, Transcript)
        self.target, self.processor = target, processor_of(self.input, target, checkpoint)
        self.ends: Ends = target.ends(self.processor)
        self.model, self.folder = folder / "model", folder / "artifact"
        self.model.mkdir()
        network.save(self.model)
        shutil.copytree(checkpoint, self.model, dirs_exist_ok=True, ignore=shutil.ignore_patterns("*.safetensors"))
        rows = speech_bundles.recordings(folder / "sounds", LENGTHS)
        self.arrays = self.collated(rows)
        self.folder.mkdir()
        self.source = Exportable(network, self.model, self.input, target, self.arrays, None, self.ends)
        Exporter().export(self.source, self.folder, lambda text: None)
        self.torch = generating(network)
        self.lean: Generate = Ctranslate2(threads=1).generates(self.folder, {}, self.input, target)

    def collated(self, rows: list[dict[str, str]]) -> dict[str, Array]:
        heard = cast(SoundProcessor, self.processor.for_input)
        arrays, _ = self.input.collate(self.input.encode(rows, heard), heard)
        return {**arrays, **self.target.begun(len(rows), self.processor)}


@pytest.fixture(scope="module")
def natural(tmp_path_factory: pytest.TempPathFactory) -> Case:
    return Case("natural", tmp_path_factory.mktemp("natural"))


def decoder(kind: str, **settings: Any) -> Decoder:
    return cast(Decoder, build("burnish.decoders", {"kind": kind, "max_new_tokens": 9, **settings}))


@pytest.mark.parametrize(
    "asked", [{"kind": "greedy"}, {"kind": "beam", "width": 3}, {"kind": "greedy", "max_new_tokens": 2}]
)
def test_the_same_tokens_as_torch_whatever_shares_a_batch(natural: Case, asked: dict[str, Any]) -> None:
    wanted = decoder(**asked)
    ours = natural.torch(natural.arrays, wanted, natural.ends)
    lean = natural.lean(natural.arrays, wanted, natural.ends)
    assert [one.ids.tolist() for one in lean] == [one.ids.tolist() for one in ours]
    assert [one.ended for one in lean] == [one.ended for one in ours]
    assert any(one.ids.tolist() != ours[0].ids.tolist() for one in ours)
    for row in range(len(LENGTHS)):
        (alone,) = natural.lean(_only(natural.arrays, row), wanted, natural.ends)
        assert alone.ids.tolist() == ours[row].ids.tolist()


def test_tokens_stand_where_torch_finds_them(natural: Case) -> None:
    """By two programs for one method; each row is what it is alone."""
    written = [one.ids.tolist() for one in natural.torch(natural.arrays, decoder("greedy"), natural.ends)]
    assert isinstance(natural.torch, TellsTimes)
    assert isinstance(natural.lean, TellsTimes)
    ours = natural.torch.token_times(natural.arrays, written, LENGTHS)
    lean = natural.lean.token_times(natural.arrays, written, LENGTHS)
    for row, (one, other) in enumerate(zip(ours, lean, strict=True)):
        assert one is not None
        assert other is not None
        assert len(one.begins) == len(written[row]) + 1
        assert np.all(np.diff(one.begins) >= 0)
        assert one.begins[-1] <= LENGTHS[row]
        assert np.abs(other.logs - one.logs).max() < 0.05, "the library leaves control tokens out of what it sums over"
        apart = np.abs(other.begins - one.begins)
        assert (apart <= 0.021).mean() >= 0.8, "a state apart at most, but where ways cost the same"
        (alone,) = natural.torch.token_times(_only(natural.arrays, row), [written[row]], [LENGTHS[row]])
        assert alone is not None
        np.testing.assert_allclose(alone.begins, one.begins)
    assert natural.torch.token_times(_only(natural.arrays, 0), [[]], [LENGTHS[0]]) == [None]


@pytest.mark.parametrize("who", ["torch", "lean"])
def test_what_was_heard_once_is_written_and_timed_alike(natural: Case, who: str) -> None:
    """Both ways give the same, and the second hears nothing: what the encoder reads is no longer there."""
    compute = natural.torch if who == "torch" else natural.lean
    assert isinstance(compute, TellsTimes)
    begun = compute.begun(natural.arrays)
    assert "input_features" not in begun
    write: Generate = getattr(natural, who)
    plain, again = (write(arrays, decoder("greedy"), natural.ends) for arrays in (natural.arrays, begun))
    assert [one.ids.tolist() for one in again] == [one.ids.tolist() for one in plain]
    written = [one.ids.tolist() for one in plain]
    for one, other in zip(
        compute.token_times(natural.arrays, written, LENGTHS), compute.token_times(begun, written, LENGTHS), strict=True
    ):
        assert one is not None
        assert other is not None
        np.testing.assert_allclose(other.begins, one.begins)
        np.testing.assert_allclose(other.logs, one.logs, atol=1e-5)


def _only(arrays: dict[str, Array], row: int) -> dict[str, Array]:
    length = int(arrays["attention_mask"][row].sum())
    cut = {name: value[row : row + 1] for name, value in arrays.items()}
    return {
        **cut,
        "input_features": cut["input_features"][..., :length],
        "attention_mask": cut["attention_mask"][:, :length],
    }


def test_full_windows_are_heard_as_torch_hears_them(tmp_path: Path) -> None:
    case = Case("whisper", tmp_path)
    assert case.arrays["input_features"].shape[-1] == 3000
    wanted = decoder("greedy", max_new_tokens=5)
    lean, ours = (run(case.arrays, wanted, case.ends) for run in (case.lean, case.torch))
    assert [one.ids.tolist() for one in lean] == [one.ids.tolist() for one in ours]


def test_what_is_never_written_is_never_written(natural: Case) -> None:
    """The token that torch would begin with is forbidden as a first, then at all; both are obeyed alike."""
    wanted = decoder("greedy")
    free = Ends(stop=natural.ends.stop, text=natural.ends.text)
    first = int(natural.torch(natural.arrays, wanted, free)[0].ids[0])
    forbidding = Ends(stop=natural.ends.stop, text=natural.ends.text, never=(first,))
    lean, ours = (run(natural.arrays, wanted, forbidding) for run in (natural.lean, natural.torch))
    assert [one.ids.tolist() for one in lean] == [one.ids.tolist() for one in ours]
    assert all(first not in one.ids for one in lean)
    config = read_json(natural.folder / "config.json")
    assert config["suppress_ids"] == sorted(natural.ends.never)
    assert config["suppress_ids_begin"] == sorted(natural.ends.never_first) != []


def test_the_prompt_is_the_one_that_was_trained(natural: Case) -> None:
    """Another language makes another transcript, in both alike."""
    other = dict(natural.arrays)
    prompt = natural.arrays["decoder_input_ids"].copy()
    prompt[:, 1] += 1
    other["decoder_input_ids"] = prompt
    wanted = decoder("greedy")
    lean, ours = (run(other, wanted, natural.ends) for run in (natural.lean, natural.torch))
    assert [one.ids.tolist() for one in lean] == [one.ids.tolist() for one in ours]
    before = natural.torch(natural.arrays, wanted, natural.ends)
    assert [one.ids.tolist() for one in ours] != [one.ids.tolist() for one in before]


def test_it_is_told_whole(natural: Case) -> None:
    wanted = decoder("greedy")
    told = list(natural.lean.writing(natural.arrays, wanted, natural.ends))
    whole = natural.lean(natural.arrays, wanted, natural.ends)
    assert [np.array_equal(progress.ids, one.ids) for progress, one in zip(told, whole, strict=True)] == [True] * 5


@pytest.mark.parametrize(
    ("asked", "words"), [({"kind": "greedy", "stop": ["x"]}, "stop"), ({"kind": "sampling"}, "decoder 'sampling'")]
)
def test_settings_it_does_not_have_are_refused(natural: Case, asked: dict[str, Any], words: str) -> None:
    with pytest.raises(InputError, match=f"has no {words}"):
        natural.lean.check(decoder(**asked))


def test_networks_it_cannot_convert_are_refused_in_words(natural: Case, tmp_path: Path) -> None:
    network, input_, target, checkpoint = speech_bundles.network_of("wav2vec2")
    frames = Exportable(network, checkpoint, input_, target, {}, None)
    with pytest.raises(InputError, match="each frame") as refused:
        Exporter().export(frames, tmp_path, lambda text: None)
    assert "--to onnx" in str(refused.value)
    other = tmp_path / "moonshine"
    other.mkdir()
    (other / "config.json").write_text(json.dumps({"model_type": "moonshine"}), encoding="utf-8")
    with pytest.raises(InputError, match="moonshine"):
        Exporter().export(Exportable(network, other, Speech(), natural.target, {}, None), tmp_path, lambda text: None)
    ends = Ends(stop=frozenset({1, 2}))
    with pytest.raises(InputError, match="end with the tokens"):
        Exporter().export(
            Exportable(network, natural.model, Speech(), natural.target, {}, None, ends), tmp_path, lambda text: None
        )


def test_what_fails_is_drawn_again_and_the_same_with_its_seed(natural: Case) -> None:
    """Random weights are never sure: every row is drawn, alone as among others."""
    wanted = decoder("temperature_fallback", temperatures=[1.0], least_log_probability=-1e-3)
    seeds = [7, 8, 9, 10, 11]
    one, other = (natural.lean(natural.arrays, wanted, natural.ends, seeds) for _ in range(2))
    assert [a.ids.tolist() for a in one] == [b.ids.tolist() for b in other]
    (alone,) = natural.lean(_only(natural.arrays, 2), wanted, natural.ends, seeds[2:3])
    assert alone.ids.tolist() == one[2].ids.tolist()
    sure = decoder("temperature_fallback", least_log_probability=-99, most_repetition=99)
    passed = natural.lean(natural.arrays, sure, natural.ends)
    greedy = natural.lean(natural.arrays, decoder("greedy"), natural.ends)
    assert [a.ids.tolist() for a in passed] == [b.ids.tolist() for b in greedy]
