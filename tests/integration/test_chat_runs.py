"""Runs of a tiny language model over conversations in every form: trained, tested, asked from a file, read by transformers."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
import torch

import burnish
from burnish.core.predictions import Predictions
from tests.chat_rows import chat_rows
from tests.integration import tiny_runs
from tests.integration.spoiled import Said
from tests.integration.survival import Runs, events, runs
from tests.shared_folder import made_once, shared_base
from tests.slow_cases import slow_but

KINDS = {
    "tools": ("messages", "lora"),
    "turns": ("messages", "full"),
    "sharegpt": ("sharegpt", "full"),
    "alpaca": ("alpaca", "lora_merged"),
    "prompt_completion": ("prompt_completion", "full"),
}
NEW = 10  # tokens written at most


@pytest.fixture(scope="package")
def chatted(tmp_path_factory: pytest.TempPathFactory, chat: Path) -> Callable[[str], Path]:
    """The run of one of `KINDS`, trained when it is first asked for; data lies beside it."""
    folder = shared_base(tmp_path_factory) / "chats"

    def made(kind: str) -> Path:
        return made_once(folder / kind, lambda: train(folder, kind, chat))

    return made


def train(folder: Path, kind: str, checkpoint: Path) -> None:
    form, adapter = KINDS[kind]
    rows = chat_rows(form, tools=kind == "tools", turns=2 if kind == "turns" else 1)
    data = tiny_runs.write_jsonl(folder / f"{kind}.jsonl", rows)
    recipe = {
        "data": str(data),
        "model": str(checkpoint),
        "decoder": {"kind": "greedy", "max_new_tokens": NEW},
        "adapter": tiny_runs.ADAPTERS[adapter],
        **tiny_runs.quick(),
        "max_steps": 4,
        "learning_rate": 1e-2,
        "baselines": kind == "tools",
    }
    burnish.train(recipe, out=folder / kind)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Runs]:
    with runs(tmp_path_factory.mktemp("fresh")) as made:
        yield made


def rows_of(run: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in run.with_suffix(".jsonl").read_text(encoding="utf-8").splitlines()]


def rows_tested(run: Path) -> tuple[Predictions, list[dict[str, Any]]]:
    """Predictions of the test, and the rows that they are of."""
    predictions, rows = Predictions.load(run / "predictions.parquet"), rows_of(run)
    places = pq.read_table(run / "predictions.parquet")["place"].to_pylist()
    return predictions, [rows[int(re.findall(r"row (\d+)", place)[-1]) - 1] for place in places]


def places_tested(run: Path) -> list[str]:
    """File, row and part of each row of the test."""
    return list(pq.read_table(run / "predictions.parquet")["place"].to_pylist())


def is_last(place: str) -> bool:
    """Whether it is the last reply of its conversation."""
    part = re.search(r"part (\d+) of (\d+)", place)
    return part is None or part[1] == part[2]


@pytest.mark.parametrize("kind", slow_but(KINDS, "tools", "alpaca"))
def test_each_form_is_recognised_trained_and_tested(chatted: Callable[[str], Path], kind: str) -> None:
    run = chatted(kind)
    notes = " ".join(str(event["text"]) for event in events(run, "note"))
    said = {"messages": "OpenAI messages", "sharegpt": "ShareGPT", "alpaca": "Alpaca", "prompt_completion": "prompt"}
    assert said[KINDS[kind][0]].lower() in notes.lower()
    assert events(run, "run_started")[0]["task"] == "instruction-tuning"
    losses = [event["loss"] for event in events(run, "step")]
    assert losses[-1] < losses[0]
    scores = json.loads((run / "scores.json").read_text(encoding="utf-8"))["metrics"]
    assert {"bits_per_byte", "exact_match", "stop_rate", "chrf"} <= set(scores)
    predictions, rows = rows_tested(run)
    for truth, row in zip(predictions.truth, rows, strict=True):
        assert str(truth) in json.dumps(row, ensure_ascii=False) or json.loads(str(truth))["tool_calls"]
    assert np.isfinite(predictions.numbers("nats")).all()
    assert predictions.numbers("written").max() <= NEW


def test_bits_per_byte_is_the_sum_of_losses_over_the_sum_of_bytes(chatted: Callable[[str], Path]) -> None:
    run = chatted("sharegpt")
    predictions, rows = rows_tested(run)
    bytes_of_replies = sum(len(row["conversations"][-1]["value"].encode()) for row in rows)
    scores = json.loads((run / "scores.json").read_text(encoding="utf-8"))["metrics"]
    bits = predictions.numbers("nats").sum() / np.log(2) / bytes_of_replies
    assert scores["bits_per_byte"]["value"] == pytest.approx(bits, rel=1e-9)


@pytest.mark.parametrize("kind", ["tools", "alpaca"])
def test_a_file_is_answered_as_the_test_was(
    chatted: Callable[[str], Path], tmp_path: Path, burnish_command: Callable[..., Said], kind: str
) -> None:
    run = chatted(kind)
    predictions, rows = rows_tested(run)
    said = burnish_command(
        "predict", run, tiny_runs.write_jsonl(tmp_path / "asked.jsonl", rows), "--out", tmp_path / "a.jsonl"
    )
    assert said.code == 0, said.err
    # The test has a row for each reply, a call and what follows it; a file is answered at its end.
    ends = [row for row, place in enumerate(places_tested(run)) if is_last(place)]
    answers = answers_in(tmp_path / "a.jsonl")
    assert [answers[row] for row in ends] == [predictions.answer[row] for row in ends]


@pytest.mark.slow
def test_a_file_is_answered_in_a_fresh_process_as_the_test_was(chatted: Callable[[str], Path], place: Runs) -> None:
    run = chatted("sharegpt")
    predictions, rows = rows_tested(run)
    asked = tiny_runs.write_jsonl(place.folder / "asked.jsonl", rows)
    place.complete("predict", run, asked, "--out", place.folder / "answers.jsonl")
    assert answers_in(place.folder / "answers.jsonl") == predictions.answer


def answers_in(path: Path) -> list[Any]:
    return [json.loads(line)["prediction"] for line in path.read_text(encoding="utf-8").splitlines()]


def test_evaluated_on_its_test_rows_it_scores_as_in_its_test(
    chatted: Callable[[str], Path], tmp_path: Path, burnish_command: Callable[..., Said]
) -> None:
    run = chatted("prompt_completion")
    predictions, rows = rows_tested(run)
    other = tiny_runs.write_jsonl(tmp_path / "other.jsonl", rows)
    said = burnish_command("evaluate", run, other, "--out", tmp_path / "evaluated")
    assert said.code == 0, said.err
    again = Predictions.load(tmp_path / "evaluated" / "predictions.parquet")
    assert again.answer == predictions.answer
    np.testing.assert_allclose(again.numbers("nats"), predictions.numbers("nats"), rtol=1e-5)


def test_tuned_stands_beside_base(chatted: Callable[[str], Path]) -> None:
    scores = json.loads((chatted("tools") / "scores.json").read_text(encoding="utf-8"))
    base, tuned = scores["baselines"]["base"]["metrics"], scores["metrics"]
    assert tuned["bits_per_byte"]["value"] < base["bits_per_byte"]["value"]
    assert base["tool_call_match"]["rows"] == tuned["tool_call_match"]["rows"] > 0


@pytest.mark.parametrize("kind", ["tools", "turns"])
def test_plain_transformers_chats_as_burnish_does(chatted: Callable[[str], Path], kind: str) -> None:
    """Prompt ids by its chat template, greedy ids with its generation settings, and where they stop."""
    from transformers import AutoModelForCausalLM, AutoTokenizer

    run = chatted(kind)
    model = run / "bundle" / "model"
    tokenizer = AutoTokenizer.from_pretrained(model)
    network = AutoModelForCausalLM.from_pretrained(model).eval()
    predictor = burnish.load(run)
    bundle = predictor.bundle if hasattr(predictor, "bundle") else predictor._bundle
    chat = bundle.processor.for_input
    stops = network.generation_config.eos_token_id
    assert set(stops if isinstance(stops, list) else [stops]) == set(chat.stops)
    for row in rows_of(run)[:4]:
        asked = row["messages"][:-1]
        for message in asked:
            for call in message.get("tool_calls", ()):
                call["function"]["arguments"] = json.loads(call["function"]["arguments"])
        theirs = tokenizer.apply_chat_template(
            asked, tools=row.get("tools"), add_generation_prompt=True, return_dict=True, return_tensors="pt"
        )
        ours = bundle.input.encode([{**row, "messages": row["messages"][:-1]}], chat)[0]["input_ids"]
        assert theirs["input_ids"][0].tolist() == ours.tolist()
        with torch.inference_mode():
            whole = network.generate(**theirs, do_sample=False, max_new_tokens=NEW)[0].tolist()
        written = [i for i in whole[len(ours) :] if i not in chat.stops]
        assert predictor({**row, "messages": row["messages"][:-1]}).answer == chat.text(written).strip()
