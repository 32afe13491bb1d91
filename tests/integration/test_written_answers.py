"""Answers that are sequences, of components from outside burnish: cache, batch, bundle, predictor, table, test and server agree."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, ClassVar, cast

import numpy as np
import pytest
import torch
from starlette.testclient import TestClient

from burnish.answering.opening import check, decoded, write
from burnish.answering.predictor import Predictor, load
from burnish.bundle import bundle as bundles
from burnish.bundle.bundle import Bundle
from burnish.core.component import build
from burnish.core.errors import InputError
from burnish.core.predictions import Predictions
from burnish.data.feeding.encode import encode_part
from burnish.data.feeding.loader import Loader
from burnish.data.table import Part
from burnish.decoders import Decoder
from burnish.evaluation.predict import predict
from burnish.evaluation.scores import scores
from burnish.metrics._sums import SumRatio
from burnish.runtimes.torch import computing, generating
from burnish.server.app import create
from burnish.server.settings import Settings
from burnish.stages.predict.run import predict as predict_table
from burnish.targets import target_of
from tests.data_cases import table
from tests.network_cases import network as classifier
from tests.toy_answers import LETTERS, Alphabet, Frames, Letters, Reply, Writer, ids_of, rows
from tests.toy_writer import ToyNetwork

MODEL = {"kind": "tests.toy_answers:Writer", "name": "toy"}


def decoder(kind: str, **settings: Any) -> Decoder:
    return cast(Decoder, build("burnish.decoders", {"kind": kind, **settings}))


def written(folder: Path, target: Reply, how: Decoder) -> Path:
    """A bundle of the untrained network."""
    network = ToyNetwork(1).eval()
    reads, facts, golden = Letters(left=not isinstance(target, Frames)), {"task": "toy"}, [{"text": "abc"}]
    contents = bundles.Contents(network.save, reads, target, Alphabet(), MODEL, facts, "# toy", golden, how)
    write(folder, contents, computing(network, how))
    bundles.seal(folder)
    return folder


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return written(tmp_path_factory.mktemp("toy") / "bundle", Reply(), decoder("greedy", max_new_tokens=9))


def by_forward(text: str, most: int) -> tuple[list[int], float]:
    """Greedy by hand: one forward pass over the whole for each token, without a cache, a row alone."""
    network, ids, score = ToyNetwork(1).eval(), ids_of(text), 0.0
    found: list[int] = []
    with torch.inference_mode():
        while len(found) < most:
            given = torch.tensor([[*ids, *found]])
            logits = network(input_ids=given, attention_mask=torch.ones_like(given))[0, -1].double().log_softmax(-1)
            token = int(logits.argmax())
            score += float(logits[token])
            if token == 0:
                break
            found.append(token)
    return found, score


def test_written_with_a_cache_is_one_forward_pass_over_the_whole(bundle: Path) -> None:
    """Token for token, in batches of rows of different lengths, and the score within float32."""
    predictor, texts = load(bundle, trust_code=True), [r["text"] for r in rows()]
    for text, answer in zip(texts, predictor([{"text": t} for t in texts]), strict=True):
        ids, score = by_forward(text, 9)
        assert answer.answer == "".join(LETTERS[i] for i in ids)
        assert answer.score == pytest.approx(score, abs=1e-4)
        assert answer.ended == ("length" if len(ids) == 9 else "stop")
        assert answer.confidence == pytest.approx(np.exp(score), rel=1e-3)
    assert len({a.ended for a in predictor([{"text": t} for t in texts])}) == 2, "the rows show both"


@pytest.mark.parametrize("kind", ["greedy", "beam", "sampling"])
def test_a_row_alone_is_answered_as_in_a_batch(tmp_path: Path, kind: str) -> None:
    how = decoder(kind, max_new_tokens=7, **({"width": 3} if kind == "beam" else {}))
    predictor = load(written(tmp_path / "b", Reply(), how), trust_code=True)
    together = predictor([{"text": r["text"]} for r in rows()])
    for row, answer in zip(rows(), together, strict=True):
        alone = predictor({"text": row["text"]})
        assert (alone.answer, alone.ended) == (answer.answer, answer.ended)
        assert alone.score == pytest.approx(answer.score, abs=1e-4)


def test_the_decoder_travels_in_the_bundle(tmp_path: Path) -> None:
    how = decoder("sampling", temperature=0.7, top_k=3, seed=11, stop=["ab"], max_new_tokens=5)
    folder = written(tmp_path / "b", Reply(), how)
    assert Bundle.load(folder, trust_code=True).decoder == how
    assert json.loads((folder / "bundle.json").read_text())["decoder"]["top_k"] == 3
    with pytest.raises(InputError, match="code from outside"):
        Bundle.load(folder)
    predictor = load(folder, trust_code=True)
    texts = [{"text": r["text"]} for r in rows()]
    seeded = [[a.answer for a in predictor(texts, seed=seed)] for seed in (1, 2, 1)]
    assert seeded[0] == seeded[2] != seeded[1]
    assert [predictor(text, seed=2).answer for text in texts] == seeded[1]
    again = [load(folder, trust_code=True)({"text": "abcd"}).answer for _ in range(2)]
    assert again[0] == again[1]
    assert "ab" not in str(again[0])


def test_a_changed_network_does_not_pass_the_golden_examples(bundle: Path, tmp_path: Path) -> None:
    loaded = Bundle.load(bundle, trust_code=True)
    with pytest.raises(InputError, match="reference example"):
        check(loaded, generating(ToyNetwork(2).eval()))
    check(loaded, generating(ToyNetwork(1).eval()))
    with pytest.raises(InputError, match="one pass"):
        generating(classifier("bert"))


class WrongReplies(SumRatio):
    """Wrong replies a letter."""

    targets: ClassVar[tuple[str, ...]] = ()
    columns: ClassVar[tuple[str, ...]] = ("wrong", "letters")


def part_of(tmp_path: Path, target: Reply) -> tuple[Loader, Part]:
    own = table(rows())
    part = Part(own, np.arange(len(own)))
    encoded = encode_part(part, Letters(), target, Alphabet(), cache=tmp_path / "cache")
    return Loader(encoded, Letters(), target, Alphabet()), part


def test_the_sealed_test_answers_as_the_predictor_does(bundle: Path, tmp_path: Path) -> None:
    """One prediction a row in the order of the split, the target in the table, and scores from sums of its columns."""
    loader, part = part_of(tmp_path, Reply())
    how = Bundle.load(bundle, trust_code=True).decoder
    run = computing(ToyNetwork(1).eval(), how)
    found, _ = predict(run, loader, part, loss=None, batch_size=5, decoder=how)
    assert found.answer == [a.answer for a in load(bundle, trust_code=True)([{"text": r["text"]} for r in rows()])]
    found.save(tmp_path / "p.parquet")
    found = Predictions.load(tmp_path / "p.parquet")
    assert target_of(found) == Reply()
    wrong = sum(t != a for t, a in zip(found.truth, found.answer, strict=True))
    ratio = wrong / sum(map(len, found.truth))
    assert WrongReplies().value(found) == pytest.approx(ratio)
    said = scores(found, [WrongReplies()], [WrongReplies().label], seed=0, resamples=50)
    assert said["metrics"][WrongReplies().label]["value"] == pytest.approx(ratio)


def test_tables_are_answered_and_served(bundle: Path, tmp_path: Path) -> None:
    """`burnish predict` and the server say what the predictor says; the server says why an answer ended."""
    data = tmp_path / "rows.jsonl"
    data.write_text("\n".join(json.dumps({"text": r["text"]}) for r in rows()))
    result = predict_table(bundle, str(data), out=tmp_path / "answers.jsonl", trust_code=True)
    assert result["errors"] == 0
    lines = [json.loads(line) for line in (tmp_path / "answers.jsonl").read_text().splitlines()]
    expected = load(bundle, trust_code=True)([{"text": r["text"]} for r in rows()])
    assert [line["prediction"] for line in lines] == [a.answer for a in expected]
    predict_table(bundle, str(data), out=tmp_path / "answers.parquet", trust_code=True)
    with TestClient(create(Settings(bundles=[f"toy={bundle}"], trust_code=True))) as client:
        found = client.post("/predict", json=[{"text": r["text"]} for r in rows()[:8]])
        assert found.status_code == 200, found.text
        bodies = found.json()["answers"]
        assert [b["answer"] for b in bodies] == [a.answer for a in expected[:8]]
        assert [b["ended"] for b in bodies] == [a.ended for a in expected[:8]]
        assert client.get("/openapi.json").status_code == 200


@pytest.mark.parametrize("kind", ["ctc_greedy", "ctc_beam"])
def test_answers_read_from_frames(tmp_path: Path, kind: str) -> None:
    """A decoder of CTC over a plain forward pass: padding is none of its frames."""
    folder = written(tmp_path / "b", Frames(), decoder(kind))
    predictor = load(folder, trust_code=True)
    together = predictor([{"text": r["text"]} for r in rows()])
    alone = [predictor({"text": r["text"]}) for r in rows()]
    assert [a.answer for a in together] == [a.answer for a in alone]
    assert isinstance(predictor, Predictor)


def test_decoders_and_targets_must_fit(tmp_path: Path) -> None:
    unfit = bundles.Bundle(
        tmp_path,
        cast(Any, build("burnish.inputs", {"kind": "text", "columns": ["text"]})),
        cast(Any, build("burnish.targets", {"kind": "label", "labels": ["a", "b"]})),
        Alphabet(),
        {},
        decoder("greedy"),
    )
    with pytest.raises(InputError, match="none"):
        decoded(unfit, cast(Any, None), [], limit=1)
    assert Writer.axis == "burnish.models"
