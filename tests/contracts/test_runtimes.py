"""What every runtime must do: open a bundle's model and give the logits that were recorded."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest

from burnish.answering.opening import check, write
from burnish.answering.predictor import Predictor, load
from burnish.bundle.bundle import Bundle, Contents
from burnish.core.component import build, kinds
from burnish.core.errors import InputError
from burnish.inputs import Input
from burnish.models import Model
from burnish.runtimes import Runner, Runtime
from burnish.runtimes.torch import running
from burnish.targets import Generative, OverVocabulary, Target, target_class
from tests.checkpoints import tiny_checkpoint

AXIS = "burnish.runtimes"
TEXTS = ["the quick brown fox", "", "a good film with a bad ending", "fox " * 40]
CLOSED = [k for k in kinds("burnish.targets") if not issubclass(target_class(k), (OverVocabulary, Generative))]
"""Answers of one pass; bundles of transcripts are read back in tests/integration/test_speech_runs.py."""
NATIVE = ("torch",)  # reads model/ as it was saved; others need an exporter to have written their file first


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], tuple[Bundle, Runner]]:
    """A bundle of each kind of target, and the network it was made from."""
    root = tmp_path_factory.mktemp("bundles")
    made: dict[str, tuple[Bundle, Runner]] = {}

    def bundle(target_kind: str) -> tuple[Bundle, Runner]:
        if target_kind not in made:
            made[target_kind] = _bundle(root, target_kind)
        return made[target_kind]

    return bundle


def _bundle(root: Path, target_kind: str) -> tuple[Bundle, Runner]:
    settings: dict[str, Any] = {"labels": ["a", "b", "c"]} if target_kind != "score" else {"mean": 3.0, "scale": 2.0}
    target = cast(Target, build("burnish.targets", {"kind": target_kind, "column": "y", **settings}))
    element = target.shape == "element"
    input_ = cast(
        Input,
        build("burnish.inputs", {"kind": "tokens", "column": "x"} if element else {"kind": "text", "columns": ["x"]}),
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        source = root / "checkpoint"
        if not source.exists():
            tiny_checkpoint(source)
        model = cast(Model, build("burnish.models", {"kind": "transformers", "name": str(source)}))
        network = model.build(input_, target, seed=0)
    contents = Contents(
        save_model=network.save,
        input=input_,
        target=target,
        processor=input_.processor(source),
        model=model.model_dump(),
        facts={},
        card="",
        golden=[{"x": t} for t in TEXTS],
    )
    return write(root / target_kind, contents, running(network)), running(network)


@pytest.mark.parametrize("kind", kinds(AXIS))
def test_is_written_and_read_back_and_documents_itself(kind: str) -> None:
    runtime = build(AXIS, kind)
    assert isinstance(runtime, Runtime)
    assert build(AXIS, runtime.model_dump()) == runtime
    assert runtime.sentence()


@pytest.mark.parametrize("kind", [kind for kind in kinds(AXIS) if kind in NATIVE])
@pytest.mark.parametrize("target_kind", CLOSED)
def test_gives_the_logits_of_the_network_it_was_saved_from(
    kind: str, target_kind: str, opened: Callable[[str], tuple[Bundle, Runner]]
) -> None:
    bundle, network = opened(target_kind)
    again = Bundle.load(bundle.path)
    runtime = cast(Runtime, build(AXIS, kind))
    run = runtime.open(again.path / "model", again.model, again.input, again.target)
    check(again, run)
    encoded = again.input.encode([{"x": t} for t in TEXTS], again.processor)
    arrays, length = again.input.collate(encoded, again.processor)
    logits = run(**arrays)
    assert isinstance(logits, np.ndarray)
    assert logits.dtype == np.float32
    shape = (len(TEXTS), length, 3) if again.target.shape == "element" else (len(TEXTS), again.target.outputs)
    assert logits.shape == shape
    np.testing.assert_array_equal(logits, network(**arrays))
    np.testing.assert_array_equal(logits, run(**arrays))


@pytest.mark.parametrize("kind", [kind for kind in kinds(AXIS) if kind in NATIVE])
@pytest.mark.parametrize("target_kind", CLOSED)
def test_predictor_answers_one_and_many_in_order(
    kind: str, target_kind: str, opened: Callable[[str], tuple[Bundle, Runner]]
) -> None:
    bundle, _ = opened(target_kind)
    predictor = load(bundle.path, runtime=kind, batch_size=2)
    assert isinstance(predictor, Predictor)
    many = predictor(TEXTS)
    assert len(many) == len(TEXTS)
    assert predictor([]) == []
    for text, answer in zip(TEXTS, many, strict=True):
        alone = predictor(text)
        if isinstance(answer.answer, float):
            assert alone.answer == pytest.approx(answer.answer, abs=1e-4)
        else:
            assert alone.answer == answer.answer
        assert alone.probabilities == pytest.approx(answer.probabilities, abs=1e-5)
        assert predictor({"x": text}).answer == alone.answer
    with pytest.raises(InputError, match="'x' is missing"):
        predictor({"other": "text"})


@pytest.mark.parametrize("kind", [kind for kind in kinds(AXIS) if kind in NATIVE])
def test_a_model_that_answers_otherwise_is_refused(kind: str, opened: Callable[[str], tuple[Bundle, Runner]]) -> None:
    bundle, network = opened("label")

    def other(**arrays: Any) -> Any:
        return network(**arrays)[:, ::-1]

    with pytest.raises(InputError, match="reference example"):
        check(bundle, other)


@pytest.mark.parametrize("kind", [kind for kind in kinds(AXIS) if kind in NATIVE])
def test_missing_weights_are_an_error_of_burnish(
    kind: str, tmp_path: Path, opened: Callable[[str], tuple[Bundle, Runner]]
) -> None:
    bundle, _ = opened("label")
    with pytest.raises(InputError):
        cast(Runtime, build(AXIS, kind)).open(tmp_path, bundle.model, bundle.input, bundle.target)
