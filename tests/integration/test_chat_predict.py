"""`burnish predict` with a model that chats: files of every form, every format out, the same answers as alone."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from burnish.answering.predictor import Predictor, load
from burnish.cli import commands
from burnish.core.errors import InputError
from burnish.stages.predict import formats as answer_formats
from burnish.stages.predict import source as answer_input
from burnish.stages.predict.run import predict
from tests.chat_bundles import chat_bundle

QUESTION, SYSTEM = "when does the ferry leave ?", "be short"
TURNS = [("system", SYSTEM), ("user", "a"), ("assistant", "b"), ("user", QUESTION)]
WHOLE = {"messages": [{"role": role, "content": content} for role, content in TURNS]}
SHORT = {"messages": [{"role": "user", "content": QUESTION}]}
WITH_SYSTEM = {"messages": [{"role": "system", "content": SYSTEM}, *SHORT["messages"]]}
FORMS: dict[str, tuple[Mapping[str, Any], Mapping[str, Any]]] = {
    "messages": (WHOLE, WHOLE),
    "messages with a reply": ({"messages": [*WHOLE["messages"], {"role": "assistant", "content": "no"}]}, WHOLE),
    "sharegpt": (
        {
            "conversations": [
                {"from": {"user": "human", "assistant": "gpt"}.get(role, role), "value": content}
                for role, content in TURNS
            ]
        },
        WHOLE,
    ),
    "alpaca": ({"instruction": QUESTION, "system": SYSTEM}, WITH_SYSTEM),
    "alpaca with history": ({"instruction": QUESTION, "system": SYSTEM, "history": [["a", "b"]]}, WHOLE),
    "prompt": ({"prompt": QUESTION}, SHORT),
    "question": ({"question": QUESTION, "id": 7}, SHORT),
}
"""A row of each form, and the same as messages."""


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return chat_bundle(tmp_path_factory.mktemp("predict") / "bundle", max_new_tokens=8)


@pytest.fixture(scope="module")
def predictor(bundle: Path) -> Predictor:
    return load(bundle)


def lines(path: Path, rows: Sequence[Mapping[str, Any]]) -> Path:
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    return path


def predicted(bundle: Path, data: Path | str, out: Path, **more: Any) -> list[dict[str, Any]]:
    predict(bundle, str(data), out=out, **more)
    return [json.loads(line) for line in out.read_text(encoding="utf-8").splitlines()]


@pytest.fixture(params=["arrow", "lean"])
def install(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """With pyarrow, and without it as far as `predict` asks."""
    if request.param == "lean":
        for module in (answer_input, answer_formats):
            monkeypatch.setattr(module, "arrow_there", lambda: False)


@pytest.mark.usefixtures("install")
@pytest.mark.parametrize("form", FORMS)
def test_every_form_is_answered_as_its_messages_are(
    bundle: Path, predictor: Predictor, tmp_path: Path, form: str
) -> None:
    row, same = FORMS[form]
    (written,) = predicted(bundle, lines(tmp_path / "in.jsonl", [row]), tmp_path / "out.jsonl")
    alone = predictor(dict(same))
    assert (written["prediction"], written["ended"], written["error"]) == (alone.answer, alone.ended, None)
    assert written["probability"] == pytest.approx(alone.confidence)


def test_every_format_holds_the_same(bundle: Path, tmp_path: Path) -> None:
    data = lines(tmp_path / "in.jsonl", [WHOLE, SHORT, WITH_SYSTEM])
    jsonl = predicted(bundle, data, tmp_path / "out.jsonl")
    for ending in (".csv", ".parquet"):
        predict(bundle, str(data), out=tmp_path / f"out{ending}")
    with (tmp_path / "out.csv").open(encoding="utf-8", newline="") as file:
        table = list(csv.DictReader(file))
    assert list(table[0]) == ["messages", "prediction", "probability", "ended", "error"]
    parquet = pq.read_table(tmp_path / "out.parquet").to_pylist()
    for name in ("prediction", "ended"):
        assert [r[name] for r in jsonl] == [r[name] for r in table] == [r[name] for r in parquet]
    assert {r["ended"] for r in jsonl} <= {"stop", "length"}


@pytest.mark.usefixtures("install")
def test_a_row_that_is_no_conversation_costs_no_other_its_answer(
    bundle: Path, predictor: Predictor, tmp_path: Path
) -> None:
    twice = {"messages": [*SHORT["messages"], *SHORT["messages"]]}
    written = predicted(bundle, lines(tmp_path / "in.jsonl", [WHOLE, twice, SHORT]), tmp_path / "out.jsonl")
    assert [w["prediction"] for w in written] == [predictor(WHOLE).answer, None, predictor(SHORT).answer]
    assert "user" in written[1]["error"]
    assert written[1].get("ended") is None


@pytest.mark.usefixtures("install")
def test_standard_input(bundle: Path, predictor: Predictor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Piped(io.StringIO):
        buffer = io.BytesIO((json.dumps(SHORT) + "\n").encode())

    monkeypatch.setattr("sys.stdin", Piped())
    (written,) = predicted(bundle, "-", tmp_path / "out.jsonl")
    assert written["prediction"] == predictor(SHORT).answer


@pytest.mark.usefixtures("install")
def test_tools_of_a_row_stay_its_own(tmp_path: Path) -> None:
    """Objects of different rows have different keys; none gets those of another."""
    bundle = chat_bundle(tmp_path / "bundle", template="chatml-tools", max_new_tokens=4)
    rows = [
        {**SHORT, "tools": [tool("tide", {"place": {"type": "string"}})]},
        {**SHORT, "tools": [tool("fare", {"adults": {"type": "integer", "minimum": 1}})]},
    ]
    written = predicted(bundle, lines(tmp_path / "in.jsonl", rows), tmp_path / "out.jsonl")
    predictor = load(bundle)
    assert [w["prediction"] for w in written] == [predictor(row).answer for row in rows]
    assert written[0]["prediction"] != written[1]["prediction"]


def tool(name: str, properties: Mapping[str, Any]) -> dict[str, Any]:
    parameters = {"type": "object", "properties": dict(properties)}
    return {"type": "function", "function": {"name": name, "description": "d", "parameters": parameters}}


def test_columns_that_hold_no_conversations_are_named(
    bundle: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = lines(tmp_path / "in.jsonl", [{"label": "x"}])
    assert commands.run(["predict", str(bundle), str(data), "-o", str(tmp_path / "out.csv")]) == 2
    assert "hold no conversations: label" in capsys.readouterr().err
    with pytest.raises(InputError, match="already"):
        predict(bundle, str(lines(data, [{**SHORT, "ended": "x"}])), out=tmp_path / "out.csv")
