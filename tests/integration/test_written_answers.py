"""Answers that are sequences, of components from outside burnish: cache, batch, bundle, predictor, table, test and server agree.

Nothing here is trained: weights are drawn from a seed, and what is written is whatever they say.
"""

from __future__ import annotations

import json
from itertools import zip_longest
from pathlib import Path
from typing import Any, cast

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
from burnish.decoders import Decoder, answered
from burnish.evaluation.predict import predict
from burnish.evaluation.scores import scores
from burnish.runtimes.torch import computing, generating
from burnish.server.app import create
from burnish.server.settings import Settings
from burnish.stages.predict.run import predict as predict_table
from burnish.targets import target_of
from burnish.training.placed import losses_alone
from tests import toy_sequences as toy
from tests.network_cases import network as classifier
from tests.sequence_cases import Sequences, untrained

MODEL = {"kind": "tests.toy_sequences:Reversing", "name": "toy"}
TEXTS = [{"text": row["text"]} for row in toy.rows(24)]


def decoder(kind: str, **settings: Any) -> Decoder:
    return cast(Decoder, build("burnish.decoders", {"kind": kind, **settings}))


def written(folder: Path, case: Sequences, how: Decoder) -> Path:
    """A bundle of the untrained network."""
    facts, golden = {"task": "toy"}, [{"text": "abc"}]
    parts = (case.loader.input, case.target, case.processor, MODEL, facts, "# toy", golden, how)
    write(folder, bundles.Contents(case.network.save, *parts), computing(case.network, how))
    bundles.seal(folder)
    return folder


@pytest.fixture(scope="module")
def case(tmp_path_factory: pytest.TempPathFactory) -> Sequences:
    return untrained(tmp_path_factory.mktemp("case"), "Reply")


@pytest.fixture(scope="module")
def bundle(case: Sequences, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return written(tmp_path_factory.mktemp("toy") / "bundle", case, decoder("greedy", max_new_tokens=9))


def by_forward(case: Sequences, text: str, most: int) -> tuple[list[int], float]:
    """Greedy by hand: one forward pass over the whole for each token, without a cache, a row alone."""
    found: list[int] = []
    score = 0.0
    (row,) = case.loader.input.encode([{"text": text}], case.processor.for_input)
    with torch.inference_mode():
        while len(found) < most:
            shown = np.array(found, np.int32)
            if isinstance(case.target, toy.Reply):
                row_now = {"input_ids": np.append(row["input_ids"], shown)}
                arrays, _ = case.loader.input.collate([row_now], case.processor.for_input)
            else:
                arrays, _ = case.loader.input.collate([row], case.processor.for_input)
                arrays["decoder_input_ids"] = np.append(toy.BEGIN, shown)[None]
            inputs = {name: torch.from_numpy(value) for name, value in arrays.items()}
            logits = case.network(**inputs)[0, -1].double().log_softmax(-1)
            token = int(logits.argmax())
            score += float(logits[token])
            if token == toy.END:
                break
            found.append(token)
    return found, score


@pytest.mark.parametrize("way", ["Reply", "Shown"])
def test_written_with_a_cache_is_one_forward_pass_over_the_whole(way: str, tmp_path: Path) -> None:
    """Token for token, in batches of rows of different lengths, and the score within float32."""
    case = untrained(tmp_path, way)
    predictor = load(written(tmp_path / "b", case, decoder("greedy", max_new_tokens=9)), trust_code=True)
    answers = predictor(TEXTS)
    for row, answer in zip(TEXTS, answers, strict=True):
        ids, score = by_forward(case, row["text"], 9)
        assert answer.answer == case.processor.for_target.text(ids)  # type: ignore[attr-defined]
        assert answer.score == pytest.approx(score, abs=1e-4)
        assert answer.ended == ("length" if len(ids) == 9 else "stop")
        assert answer.confidence == pytest.approx(np.exp(score), rel=1e-3)
    assert len({a.ended for a in answers}) == 2, "the rows show both"


@pytest.mark.parametrize("kind", ["greedy", "beam", "sampling"])
def test_a_row_alone_is_answered_as_in_a_batch(case: Sequences, tmp_path: Path, kind: str) -> None:
    how = decoder(kind, max_new_tokens=7, **({"width": 3} if kind == "beam" else {}))
    predictor = load(written(tmp_path / "b", case, how), trust_code=True)
    for row, answer in zip(TEXTS, predictor(TEXTS), strict=True):
        alone = predictor(row)
        assert (alone.answer, alone.ended) == (answer.answer, answer.ended)
        assert alone.score == pytest.approx(answer.score, abs=1e-4)


def test_the_decoder_travels_in_the_bundle(case: Sequences, tmp_path: Path) -> None:
    how = decoder("sampling", temperature=0.7, top_k=3, seed=11, stop=["ab"], max_new_tokens=5)
    folder = written(tmp_path / "b", case, how)
    assert Bundle.load(folder, trust_code=True).decoder == how
    assert json.loads((folder / "bundle.json").read_text())["decoder"]["top_k"] == 3
    with pytest.raises(InputError, match="code from outside"):
        Bundle.load(folder)
    predictor = load(folder, trust_code=True)
    seeded = [[a.answer for a in predictor(TEXTS, seed=seed)] for seed in (1, 2, 1)]
    assert seeded[0] == seeded[2] != seeded[1]
    assert [predictor(text, seed=2).answer for text in TEXTS] == seeded[1]
    again = [load(folder, trust_code=True)({"text": "abcd"}).answer for _ in range(2)]
    assert again[0] == again[1]
    assert "ab" not in str(again[0])


def test_a_changed_network_does_not_pass_the_golden_examples(case: Sequences, bundle: Path, tmp_path: Path) -> None:
    loaded = Bundle.load(bundle, trust_code=True)
    with pytest.raises(InputError, match="reference example"):
        check(loaded, generating(untrained(tmp_path, "Reply", 2).network))
    check(loaded, generating(case.network))
    with pytest.raises(InputError, match="one pass"):
        generating(classifier("bert"))


def test_the_sealed_test_answers_as_the_predictor_does(case: Sequences, bundle: Path, tmp_path: Path) -> None:
    """One prediction a row in the order of the split, the target in the table, and scores from sums of its columns."""
    how = Bundle.load(bundle, trust_code=True).decoder
    run, part = computing(case.network, how), case.encoded.part
    taught = losses_alone(case.network, case.loss)
    found, total = predict(run, case.loader, part, loss=case.loss, taught=taught, batch_size=5, decoder=how)
    assert found.answer == [a.answer for a in load(bundle, trust_code=True)(TEXTS)]
    found.save(tmp_path / "p.parquet")
    found = Predictions.load(tmp_path / "p.parquet")
    assert target_of(found) == case.target
    pairs = list(zip(found.truth, found.answer, strict=True))
    differing = sum(t != a for truth, answer in pairs for t, a in zip_longest(truth, answer))
    ratio = differing / sum(map(len, found.truth))
    assert 0 < ratio == pytest.approx(toy.Differing().value(found))
    said = scores(found, [toy.Differing()], ["differing"], seed=0, resamples=50)
    assert said["metrics"]["differing"]["value"] == pytest.approx(ratio)
    assert found.numbers("nats").sum() == pytest.approx(total.total)
    assert found.numbers("tokens").tolist() == [len(truth) + 1 for truth in found.truth]  # END is learned as well
    assert found.numbers("tokens").sum() == pytest.approx(total.weight)
    views = case.loader.views(np.arange(len(TEXTS)))
    decoded = answered(run, how, case.loader.input, case.target, case.processor, views, limit=5)
    assert found.numbers("written").tolist() == [one.written for one in decoded]
    assert found.numbers("stopped").tolist() == [float(one.ended == "stop") for one in decoded]


def test_what_is_written_by_a_network_that_gives_no_numbers_is_named(tmp_path: Path) -> None:
    case, strange = untrained(tmp_path, "Reply"), list[int]()
    case.network.last.bias.data[toy.FIRST] = float("nan")
    how = decoder("greedy", max_new_tokens=3)
    predict(generating(case.network), case.loader, case.encoded.part, loss=None, strange=strange, decoder=how)
    assert strange == list(range(24))


def test_tables_are_answered_and_served(bundle: Path, tmp_path: Path) -> None:
    """`burnish predict` and the server say what the predictor says; the server says why an answer ended."""
    data = tmp_path / "rows.jsonl"
    data.write_text("\n".join(json.dumps(text) for text in TEXTS))
    result = predict_table(bundle, str(data), out=tmp_path / "answers.jsonl", trust_code=True)
    assert result["errors"] == 0
    lines = [json.loads(line) for line in (tmp_path / "answers.jsonl").read_text().splitlines()]
    expected = load(bundle, trust_code=True)(TEXTS)
    assert [line["prediction"] for line in lines] == [a.answer for a in expected]
    predict_table(bundle, str(data), out=tmp_path / "answers.parquet", trust_code=True)
    with TestClient(create(Settings(bundles=[f"toy={bundle}"], trust_code=True))) as client:
        found = client.post("/predict", json=TEXTS[:8])
        assert found.status_code == 200, found.text
        bodies = found.json()["answers"]
        assert [b["answer"] for b in bodies] == [a.answer for a in expected[:8]]
        assert [b["ended"] for b in bodies] == [a.ended for a in expected[:8]]
        assert client.get("/openapi.json").status_code == 200


@pytest.mark.parametrize("kind", ["ctc_greedy", "ctc_beam"])
def test_answers_read_from_frames(tmp_path: Path, kind: str) -> None:
    """A decoder of CTC over a plain forward pass: padding is none of its frames."""
    folder = written(tmp_path / "b", untrained(tmp_path, "Frames"), decoder(kind))
    predictor = load(folder, trust_code=True)
    together = predictor(TEXTS)
    alone = [predictor(text) for text in TEXTS]
    assert [a.answer for a in together] == [a.answer for a in alone]
    assert len({a.answer for a in together}) > 5
    assert isinstance(predictor, Predictor)


def test_the_language_model_of_a_decoder_is_in_the_bundle(tmp_path: Path) -> None:
    """It answers without the file it was made with, from wherever the bundle lies, and a changed copy is damage."""
    arpa = tmp_path / "words.arpa"
    one, two = ("".join(letters) for letters in (toy.CAPITALS[:3], toy.CAPITALS[3:5]))
    lines = ["\\data\\", "ngram 1=5", "\\1-grams:", "-99 <s>", "-1 </s>", "-6 <unk>", f"-0.3 {one}", f"-0.3 {two}"]
    arpa.write_text("\n".join([*lines, "\\end\\", ""]), encoding="utf-8")
    case, judged = untrained(tmp_path, "Frames"), decoder("ctc_beam", language_model=str(arpa), language_model_weight=3)
    before = load(written(tmp_path / "b", case, judged), trust_code=True)(TEXTS)
    plain = load(written(tmp_path / "plain", case, decoder("ctc_beam")), trust_code=True)(TEXTS)
    assert [a.answer for a in before] != [a.answer for a in plain]
    arpa.unlink()
    (tmp_path / "b").rename(tmp_path / "elsewhere")
    settings = json.loads((tmp_path / "elsewhere" / "bundle.json").read_text(encoding="utf-8"))
    assert settings["decoder"]["language_model"] == "language_model.arpa"
    again = load(tmp_path / "elsewhere", trust_code=True)(TEXTS)
    assert [a.answer for a in again] == [a.answer for a in before]
    with (tmp_path / "elsewhere" / "decoder" / "language_model.arpa").open("a") as stream:
        stream.write("more")
    with pytest.raises(InputError, match="damaged"):
        load(tmp_path / "elsewhere", trust_code=True)


def test_decoders_and_targets_must_fit(tmp_path: Path) -> None:
    unfit = bundles.Bundle(
        tmp_path,
        cast(Any, build("burnish.inputs", {"kind": "text", "columns": ["text"]})),
        cast(Any, build("burnish.targets", {"kind": "label", "labels": ["a", "b"]})),
        toy.Letters(""),
        {},
        decoder("greedy"),
    )
    with pytest.raises(InputError, match="none"):
        decoded(unfit, cast(Any, None), [], limit=1)
