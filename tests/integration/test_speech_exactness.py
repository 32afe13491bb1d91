"""Exactness of recognised speech: equal to the plain library, to brute force, to each row alone, and to itself uncached."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from itertools import product
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from burnish.core.batch import Truth, a_row_a_line
from burnish.core.component import build
from burnish.core.generated import Generated
from burnish.core.terms import Outputs
from burnish.decoders import Decoder
from burnish.decoders.temperature_fallback import TemperatureFallback
from burnish.runtimes.torch import computing
from burnish.training.objective import SupervisedModule
from tests import recogniser_cases
from tests.recogniser_cases import FRAMES, WRITERS, Heard, checkpoint, heard, tensors

EVERY = (*recogniser_cases.KINDS, "moonshine", "ctc_whisper", "body")
DECODING = (*WRITERS, "moonshine")
ALL = tuple(range(len(recogniser_cases.TEXTS)))


@pytest.fixture(scope="module", name="cases")
def _cases(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Heard]:
    folder = tmp_path_factory.mktemp("cache")
    return {kind: heard(kind, folder) for kind in EVERY}


def truth_of(case: Heard, positions: Sequence[int]) -> tuple[dict[str, torch.Tensor], Truth[torch.Tensor]]:
    batch = case.batch(positions)
    return tensors(batch), Truth(*map(torch.from_numpy, (batch.targets, batch.weights, batch.owner, batch.lines)))


def library(kind: str) -> Any:
    """The checkpoint as plain transformers opens it, in float64."""
    import transformers as t

    head = t.AutoModelForCTC if kind in FRAMES else t.AutoModelForSpeechSeq2Seq
    return head.from_pretrained(checkpoint(kind), dtype=torch.float32).double().eval()


@pytest.mark.parametrize("kind", EVERY)
def test_a_row_alone_is_the_row_in_a_batch(cases: dict[str, Heard], kind: str) -> None:
    case = cases[kind]
    with torch.no_grad():
        together = case.network(**tensors(case.batch(ALL)))
        for row in ALL:
            alone = case.network(**tensors(case.batch([row])))
            torch.testing.assert_close(together[row : row + 1, : alone.shape[1]], alone, rtol=0, atol=1e-10)


@pytest.mark.parametrize("kind", ["whisper", "moonshine"])
def test_logits_and_loss_are_those_of_the_library(cases: dict[str, Heard], kind: str) -> None:
    """With labels as its own collators make them: -100 where nothing is learned; of one row and of several.

    Moonshine one by one: the library answers rows otherwise when others are padded.
    """
    case, model = cases[kind], library(kind)
    for positions in ([2], [0, 1, 2, 3]) if kind == "whisper" else ([2], [0]):
        inputs, truth = truth_of(case, positions)
        labels = torch.where(truth.weights > 0, truth.targets, -100)
        with torch.no_grad():
            theirs = model(**inputs)
            torch.testing.assert_close(case.network(**inputs), theirs.logits, rtol=0, atol=1e-10)
            loss = F.cross_entropy(theirs.logits.transpose(1, 2), labels)
            total, weight = SupervisedModule(case.network, case.loss)(inputs, truth)
        assert float(total / weight) == pytest.approx(float(loss), rel=1e-9)


def test_full_windows_are_the_librarys_training_batch(cases: dict[str, Heard]) -> None:
    """`labels` alone: the library puts the start in front; all that follows is what it learns, the prompt included."""
    case, model = cases["whisper"], library("whisper")
    inputs, truth = truth_of(case, [0, 1, 2])
    labels = torch.where(truth.weights > 0, truth.targets, -100)
    labels[:, :3] = truth.targets[:, :3]
    with torch.no_grad():
        theirs = model(input_features=inputs["input_features"], labels=labels)
        learned = truth.weights > 0
        ours = case.network(**inputs)
        everything = Truth(truth.targets, (labels != -100).float(), truth.owner, truth.lines)
        total, weight = SupervisedModule(case.network, case.loss)(inputs, everything)
    torch.testing.assert_close(ours[learned], theirs.logits[learned], rtol=0, atol=1e-10)
    assert float(total / weight) == pytest.approx(float(theirs.loss), rel=1e-9)


@pytest.mark.parametrize("kind", FRAMES)
def test_ctc_is_that_of_the_library_and_of_torch(cases: dict[str, Heard], kind: str) -> None:
    """Its own loss with reduction `sum`; rows one by one for `group`, whose padded batches the library answers otherwise."""
    case, model = cases[kind], library(kind)
    model.config.ctc_loss_reduction = "sum"
    batches = [[0, 1, 2, 3]] if kind == "ctc" else [[0], [1], [2], [3]]
    for positions in batches:
        inputs, truth = truth_of(case, positions)
        labels = torch.where(truth.weights > 0, truth.targets, -100)
        with torch.no_grad():
            theirs = model(**inputs, labels=labels)
            ours = case.network(**inputs)
            total, _ = SupervisedModule(case.network, case.loss)(inputs, truth)
        torch.testing.assert_close(ours, theirs.logits, rtol=0, atol=1e-10)
        assert float(total) == pytest.approx(float(theirs.loss), rel=1e-6)  # the library's is in float32
        lengths = case.network.answer_lengths(**inputs)
        assert lengths is not None
        counts = (truth.weights > 0).sum(-1)
        plain = F.ctc_loss(ours.log_softmax(-1).transpose(0, 1), truth.targets, lengths, counts, 0, "sum")
        assert float(total) == pytest.approx(float(plain), rel=1e-12)


def brute_force(logits: torch.Tensor, labels: Sequence[int], blank: int) -> float:
    """Log of the sum over all paths that collapse to the labels."""
    chances, paths = logits.log_softmax(-1), []
    for path in product(range(logits.shape[1]), repeat=logits.shape[0]):
        kept = [token for place, token in enumerate(path) if place == 0 or token != path[place - 1]]
        if [token for token in kept if token != blank] == list(labels):
            paths.append(torch.stack([chances[place, token] for place, token in enumerate(path)]).sum())
    return float(torch.stack(paths).logsumexp(0)) if paths else -np.inf


@pytest.mark.parametrize("blank", [0, 2, 3])
def test_ctc_is_the_sum_over_all_paths(blank: int) -> None:
    """Float64; labels padded in a batch, frames too few for the padded ones, whatever number the blank has."""
    others = [token for token in range(4) if token != blank]
    rows = [[others[0], others[1]], [others[0], others[0]], [others[2]], [others[1], others[1], others[2]]]
    frames = [5, 4, 1, 6]
    logits = torch.randn(4, 6, 4, generator=torch.Generator().manual_seed(blank), dtype=torch.float64)
    targets, weights = torch.zeros(4, 3, dtype=torch.long), torch.zeros(4, 3)
    for row, labels in enumerate(rows):
        targets[row, : len(labels)], weights[row, : len(labels)] = torch.tensor(labels), 1.0
    owner = torch.from_numpy(a_row_a_line(weights.numpy()))
    loss: Any = build("burnish.losses", {"kind": "ctc", "blank": blank})
    terms = loss.terms(Outputs(logits, torch.tensor(frames)), Truth(targets, weights, owner, torch.arange(4)))
    for row, labels in enumerate(rows):
        wanted = -brute_force(logits[row, : frames[row]], labels, blank)
        assert float(terms.values[row] * terms.weights[row]) == pytest.approx(wanted, rel=1e-12)


def written(
    case: Heard, decoder: dict[str, Any], positions: Sequence[int], stop: Sequence[int] = ()
) -> list[Generated]:
    """What the network writes for rows that go through it together, before it becomes text; other tokens may `stop` it."""
    made, target = cast(Decoder, build("burnish.decoders", decoder)), case.target
    arrays = case.loader.collate(case.loader.encoded(np.array(positions)))[0]
    compute: Any = computing(case.network, made)
    ends = target.ends(case.processor)
    ends = dataclasses.replace(ends, stop=frozenset(stop)) if stop else ends
    lines: list[Generated] = compute({**arrays, **target.begun(len(positions), case.processor)}, made, ends, ())
    return lines


@pytest.mark.parametrize("kind", DECODING)
def test_written_alone_is_written_in_a_batch_and_a_narrow_beam_is_greedy(cases: dict[str, Heard], kind: str) -> None:
    case, few = cases[kind], ALL[:4]
    greedy = {"kind": "greedy", "max_new_tokens": 12}
    together = written(case, greedy, few)
    alone = [written(case, greedy, [row])[0] for row in few]
    beam = written(case, {"kind": "beam", "width": 1, "max_new_tokens": 12}, few)
    for one, other, third in zip(together, alone, beam, strict=True):
        assert one.ids.tolist() == other.ids.tolist() == third.ids.tolist()
        assert one.ended == other.ended == third.ended
        assert one.score == pytest.approx(other.score, abs=1e-5)
        assert one.score == pytest.approx(third.score, abs=1e-5)


def test_what_fails_is_drawn_by_the_seed_of_its_row(cases: dict[str, Heard], monkeypatch: pytest.MonkeyPatch) -> None:
    """All rows fail here; a row draws the same alone and among others, and otherwise with another seed."""
    monkeypatch.setattr(TemperatureFallback, "better", lambda self, one, other, ends: other)
    case, few = cases["whisper_natural"], ALL[:3]
    settings = {"kind": "temperature_fallback", "max_new_tokens": 8, "temperatures": [1.0]}
    drawn = {**settings, "least_log_probability": -1e-3, "seed": 5}
    together = written(case, drawn, few)
    assert [one.ids.tolist() for one in written(case, drawn, few)] == [one.ids.tolist() for one in together]
    for row, one in zip(few, together, strict=True):
        (alone,) = written(case, drawn, [row])
        assert alone.ids.tolist() == one.ids.tolist()
    seeds = [written(case, {**drawn, "seed": seed}, few) for seed in range(6)]
    assert len({tuple(tuple(one.ids.tolist()) for one in lines) for lines in seeds}) > 1
    sure = {**settings, "least_log_probability": -99, "most_repetition": 99}
    greedy = written(case, {"kind": "greedy", "max_new_tokens": 8}, few)
    assert [one.ids.tolist() for one in written(case, sure, few)] == [one.ids.tolist() for one in greedy]


@pytest.mark.parametrize("kind", DECODING)
@pytest.mark.parametrize("decoder", [{"kind": "greedy"}, {"kind": "beam", "width": 2}])
def test_rows_that_end_leave_the_others_alone(cases: dict[str, Heard], kind: str, decoder: dict[str, Any]) -> None:
    """Untrained networks rarely stop: here a token does that some of the rows write."""
    case, few = cases[kind], ALL[:5]
    decoder = {**decoder, "max_new_tokens": 8}
    wrote = [set(line.ids.tolist()) for line in written(case, {"kind": "greedy", "max_new_tokens": 8}, few)]
    stop = sorted(set.union(*wrote) - set.intersection(*wrote))[:1]
    together = written(case, decoder, few, stop)
    if decoder["kind"] == "greedy":
        assert {one.ended for one in together} == {"stop", "length"}
    for row, one in zip(few, together, strict=True):
        (alone,) = written(case, decoder, [row], stop)
        assert (one.ids.tolist(), one.ended) == (alone.ids.tolist(), alone.ended)
        assert one.score == pytest.approx(alone.score, abs=1e-5)


@pytest.mark.parametrize("kind", DECODING)
def test_written_with_a_cache_is_one_forward_pass(cases: dict[str, Heard], kind: str) -> None:
    """Each token is the best that may stand there, and the score what one pass over the whole gives."""
    case, positions = cases[kind], [0, 5]
    ends = case.target.ends(case.processor)
    lines = written(case, {"kind": "greedy", "max_new_tokens": 12}, positions)
    for row, line in zip(positions, lines, strict=True):
        inputs = tensors(case.batch([row]))
        prompt = torch.from_numpy(case.target.begun(1, case.processor)["decoder_input_ids"])
        inputs["decoder_input_ids"] = torch.cat([prompt, torch.from_numpy(line.ids)[None]], dim=1)
        with torch.no_grad():
            logits = case.network(**inputs)[0, prompt.shape[1] - 1 :]
        chances, score = logits.double().log_softmax(-1), 0.0
        for place, token in enumerate([*line.ids.tolist(), *([min(ends.stop)] if line.ended == "stop" else [])]):
            allowed = chances[place].clone()
            allowed[list(ends.never) + (list(ends.never_first) if place == 0 else [])] = -torch.inf
            assert int(allowed.argmax()) == token
            score += float(chances[place, token])
        assert line.score == pytest.approx(score, abs=1e-5)


@pytest.mark.parametrize("width", [1, 3])
def test_written_as_the_library_generates(width: int, tmp_path: Path) -> None:
    """The same language, task and suppressed tokens, without timestamps; tokens from full windows, in float32."""
    case = heard("whisper", tmp_path, double=False, symbols="~")  # nothing that is suppressed is in the texts
    import transformers as t

    model = t.WhisperForConditionalGeneration.from_pretrained(checkpoint("whisper"), dtype=torch.float32).eval()
    features = tensors(case.batch(ALL[:4]), double=False)["input_features"]
    most = 12
    theirs = model.generate(
        features, language="en", task="transcribe", num_beams=width, do_sample=False, max_new_tokens=most,
        length_penalty=1.0, early_stopping="never" if width > 1 else False,
    )  # fmt: skip
    stop = model.generation_config.eos_token_id
    decoder = {"kind": "greedy"} if width == 1 else {"kind": "beam", "width": width}
    for row, line in enumerate(written(case, {**decoder, "max_new_tokens": most}, ALL[:4])):
        ids = theirs[row].tolist()
        prompt = case.target.begun(1, case.processor)["decoder_input_ids"][0].tolist()
        ids = ids[len(prompt) :] if ids[: len(prompt)] == prompt else ids
        ids = ids[: ids.index(stop)] if stop in ids else ids
        assert line.ids.tolist() == ids


@pytest.mark.parametrize("kind", WRITERS)
def test_features_are_those_of_the_extractor(kind: str, cases: dict[str, Heard]) -> None:
    """Of a full window the same; of a natural one its beginning."""
    import transformers as t

    extractor = t.WhisperFeatureExtractor.from_pretrained(checkpoint(kind))
    case = cases[kind]
    for number, row in enumerate(recogniser_cases.rows()[:3]):
        theirs = extractor(row["audio"]["array"], sampling_rate=recogniser_cases.RATE, return_tensors="np")[
            "input_features"
        ]
        ours = case.loader.encoded(np.array([number]))[0]["input_features"]
        np.testing.assert_allclose(ours, theirs[0][:, : ours.shape[1]], rtol=0, atol=2e-5)


def test_natural_windows_are_what_the_library_gives_for_a_shorter_window(cases: dict[str, Heard]) -> None:
    """Its encoder with its positions cut: no padding, no mask."""
    case, model = cases["whisper_natural"], library("whisper_natural")
    inputs = tensors(case.batch([0]))
    frames = inputs["input_features"].shape[-1]
    assert frames < 200, "the window is longer"
    encoder = model.get_encoder()
    encoder.embed_positions.weight = torch.nn.Parameter(encoder.embed_positions.weight[: frames // 2])
    encoder.embed_positions.num_embeddings = frames // 2
    encoder.config.max_source_positions = encoder.max_source_positions = frames // 2
    given = {name: inputs[name] for name in ("input_features", "decoder_input_ids")}
    with torch.no_grad():
        torch.testing.assert_close(case.network(**inputs), model(**given).logits, rtol=0, atol=1e-10)


@pytest.mark.parametrize("kind", recogniser_cases.SPELLING)
def test_frames_that_are_read_are_those_that_learned(cases: dict[str, Heard], kind: str) -> None:
    """Of recordings of all lengths, alone and padded: a letter may be learned in the last of them."""
    seconds = (0.03, 0.1, 0.26, 0.499, 0.5, 0.501, 0.77, 1.0)
    case = cases[kind]
    encoded = case.input.encode(recogniser_cases.rows(["a"] * len(seconds), seconds), case.processor.for_input)
    arrays = case.loader.collate(encoded)[0]
    inputs = {name: torch.from_numpy(value) for name, value in arrays.items()}
    lengths = case.network.answer_lengths(**inputs)
    assert lengths is not None
    with torch.no_grad():
        given = case.network(**{n: v.double() if v.is_floating_point() else v for n, v in inputs.items()}).shape[1]
    target: Any = case.target
    assert [target.frames(row, given, case.processor) for row in encoded] == lengths.tolist()
