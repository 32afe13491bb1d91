"""What every input must do: the same numbers for a row whatever stands beside it, padding that is masked, no torch."""

from __future__ import annotations

import base64
import json
import subprocess
import sys
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from burnish.core.batch import Encoded
from burnish.core.component import build, component_class, kinds
from burnish.core.errors import InputError
from burnish.inputs import Divisible, Input
from burnish.media.chat.conversation import Conversation, Message, TokenIds
from burnish.media.chat.processor import ChatProcessor
from burnish.media.music.asked_tunes import AskedTune
from burnish.media.music.midi import midi_of_tune
from tests.checkpoints import DEFAULT_TEXTS, chat_checkpoint, tiny_checkpoint
from tests.midi_cases import piece
from tests.tune_cases import JIG, TUNES

AXIS = "burnish.inputs"
MASK = "attention_mask"
FAMILY = "\U0001f469\u200d\U0001f469\u200d\U0001f467"
TEXTS: list[Any] = ["the quick brown fox", "", None, f"naïve café — 好 {FAMILY} \u200b", "word " * 900, " \n\t", 5, "A"]
WORDS: list[Any] = [
    ["the", "quick", "fox"],
    [],
    None,
    ["a", "", "\u200b\u200d", "lazy", FAMILY, None],
    "a bad  ending",
    ["word"] * 900,
    ["supercalifragilistic"] * 40,
]
CHATS = [
    Conversation((Message("user", "the quick brown fox ?"),)),
    Conversation(
        (Message("system", "be a fox"), Message("user", f"naïve café — 好 {FAMILY}"), Message("assistant", "A"))
    ),
    Conversation((Message("user", "A"), Message("assistant", "the dog", weight=0.0), Message("user", "\n a cat"))),
]
IDS = [
    TokenIds((5, 6, 7, 8), (False, False, True, True), "fox"),
    TokenIds((5,), (False,)),
    TokenIds(tuple(range(5, 17)), (False, True) * 6, "dog"),
]
ASKED = [
    AskedTune("the quick fox in D", JIG),
    AskedTune("a lazy dog", TUNES["voices"]),
    AskedTune("a cat", TUNES["flats"]),
]
PIECE = {"base64": base64.b64encode(midi_of_tune(piece(3, 20))).decode("ascii")}
# For each kind: settings, and rows that people have; of conversations and ids the cells that they are assembled in.
CASES: dict[str, list[tuple[dict[str, Any], list[dict[str, Any]]]]] = {
    "text": [
        ({"columns": ["x"]}, [{"x": t} for t in TEXTS]),
        ({"columns": ["x"], "max_length": 8}, [{"x": t} for t in TEXTS]),
        ({"columns": ["x", "y"]}, [{"x": t, "y": u} for t, u in zip(TEXTS, reversed(TEXTS), strict=True)]),
        ({"columns": ["x", "y"], "max_length": 16}, [{"x": t, "y": t} for t in TEXTS]),
    ],
    "chat": [
        ({}, [{"conversation": chat.to_text()} for chat in CHATS]),
        ({"max_length": 128, "reply_room": 8}, [{"conversation": chat.to_text()} for chat in CHATS]),
        ({"template": "chatml"}, [{"conversation": "the quick brown fox"}, {"conversation": CHATS[1].to_text()}]),
    ],
    "tune_caption": [
        ({}, [{"conversation": tune.conversation("written").to_text()} for tune in ASKED]),
        ({"header": "given"}, [{"conversation": tune.conversation("given").to_text()} for tune in ASKED]),
        ({"max_length": 128, "reply_room": 8}, [{"conversation": "a fox in D"}]),
    ],
    "music_file": [
        (
            {"column": "x", "caption": "c"},
            [{"x": PIECE, "c": "a lazy dog in D"}, {"x": None, "c": ""}, {"x": {"events": ["Bar_None"]}, "c": FAMILY}],
        ),
        ({"column": "x", "caption": "", "max_length": 128, "scheme": "TSD"}, [{"x": PIECE}, {"x": None}]),
    ],
    "token_ids": [({}, [{"conversation": row.to_text()} for row in IDS])],
    "document": [
        ({"column": "x"}, [{"x": t} for t in TEXTS]),
        ({"column": "x", "max_length": 8}, [{"x": t} for t in TEXTS]),
    ],
    "caption": [
        ({"column": "x"}, [{"x": t} for t in TEXTS]),
        ({"column": "x", "case": "lower", "max_length": 8}, [{"x": t} for t in TEXTS]),
    ],
    "tokens": [
        ({"column": "x"}, [{"x": w} for w in WORDS]),
        ({"column": "x", "max_length": 8}, [{"x": w} for w in WORDS]),
    ],
}
# Inputs that are read anew for each batch have their own suite: test_inputs_from_files.py.
STORED = [kind for kind in kinds(AXIS) if component_class(AXIS, kind).stored]  # type: ignore[attr-defined]
ALL = [(kind, number) for kind in STORED for number in range(len(CASES.get(kind, [0])))]
ARCHITECTURES = ("bert", "roberta", "gpt2")


@pytest.fixture(scope="module")
def checkpoints(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    root = tmp_path_factory.mktemp("checkpoints")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        made = {name: tiny_checkpoint(root / name, name) for name in ARCHITECTURES}
        for number, name in enumerate(ARCHITECTURES):  # those that chat differ in the words they know
            made[f"chat-{name}"] = chat_checkpoint(root / f"chat-{name}", texts=DEFAULT_TEXTS[number:])
        return made


def place_of(kind: str, architecture: str, checkpoints: dict[str, Path]) -> Path:
    """A checkpoint of the architecture; for inputs of language models alone one that chats."""
    return checkpoints[f"chat-{architecture}" if kind in ("chat", "token_ids", "tune_caption") else architecture]


def case(kind: str, number: int) -> tuple[Input, list[dict[str, Any]]]:
    assert kind in CASES, f"add a case for input {kind!r} to {__name__}"
    settings, rows = CASES[kind][number]
    made = build(AXIS, {"kind": kind, **settings})
    assert isinstance(made, Input)
    return made, rows


def same(one: Encoded, other: Encoded) -> None:
    assert one.keys() == other.keys()
    for name, value in one.items():
        assert value.dtype == other[name].dtype
        np.testing.assert_array_equal(value, other[name], err_msg=name)


@pytest.mark.parametrize("kind", STORED)
def test_is_written_and_read_back_and_documents_itself(kind: str) -> None:
    made, rows = case(kind, 0)
    assert build(AXIS, made.model_dump()) == made
    assert made.sentence()
    assert made.required_columns
    assert set(made.required_columns) <= set(rows[0])


@pytest.mark.parametrize("kind", kinds(AXIS))
def test_never_infers_the_target_column(kind: str) -> None:
    """Whatever the columns are called, and whatever they hold."""
    cls = component_class(AXIS, kind)
    columns = ("text", "tokens", "label", "sentence1", "sentence2", "question", "passage", "words")
    values: tuple[Any, ...] = ("one two three", ["one", "two"], None, "x")
    for value in values:
        for target in columns:
            for others in (columns, (target,), (target, "words"), ("text", target)):
                row = dict.fromkeys(others, value)
                found = build(AXIS, cls.kind()).inferred(list(others), [row, row], target)  # type: ignore[attr-defined]
                if found is not None:
                    assert target not in found.required_columns
                    assert set(found.required_columns) <= set(others)


@pytest.mark.parametrize(("kind", "number"), ALL)
@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_lengths_are_said_and_kept(kind: str, number: int, architecture: str, checkpoints: dict[str, Path]) -> None:
    made, rows = case(kind, number)
    processor = made.processor(place_of(kind, architecture, checkpoints))
    limit = getattr(made, "max_length", None) or 512
    encoded = made.encode(rows, processor)
    assert len(encoded) == len(rows)
    assert len({tuple(e) for e in encoded}) == 1, "every row has the same names"
    for example, e in zip(rows, encoded, strict=True):
        assert np.ndim(e["_length"]) == np.ndim(e["_full_length"]) == 0
        assert 0 <= int(e["_length"]) <= int(e["_full_length"])
        assert int(e["_length"]) <= limit
        assert int(e["_length"]) == min(int(e["_full_length"]), limit)
        if e["_length"] and any(str(v or "").strip() for v in example.values()):
            assert made.shown(e, processor).strip()
    assert made.encode([], processor) == []


@pytest.mark.parametrize(("kind", "number"), ALL)
@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_batch_pads_to_the_longest_and_masks_the_padding(
    kind: str, number: int, architecture: str, checkpoints: dict[str, Path]
) -> None:
    made, rows = case(kind, number)
    processor = made.processor(place_of(kind, architecture, checkpoints))
    encoded = made.encode(rows, processor)
    arrays, length = made.collate(encoded, processor)
    assert not [name for name in arrays if name.startswith("_")]
    assert all(len(a) == len(rows) for a in arrays.values())
    if made.lengths_matter:
        assert length == max(1, *(int(e["_length"]) for e in encoded))
        assert all(a.shape in ((len(rows), length), (len(rows),)) for a in arrays.values())
        np.testing.assert_array_equal(arrays[MASK].sum(axis=1), [int(e["_length"]) for e in encoded])
        assert set(arrays[MASK].ravel().tolist()) <= {0, 1}
        tokens = processor.tokens if isinstance(processor, ChatProcessor) else processor
        assert set(arrays["input_ids"][arrays[MASK] == 0].tolist()) <= {tokens.pad_token_id}


@pytest.mark.parametrize(("kind", "number"), ALL)
@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_a_row_does_not_see_its_neighbours(
    kind: str, number: int, architecture: str, checkpoints: dict[str, Path]
) -> None:
    """Encoded and collated alone, it gives what it gives in a batch, but for masked padding."""
    made, rows = case(kind, number)
    processor = made.processor(place_of(kind, architecture, checkpoints))
    together = made.encode(rows, processor)
    batch, _ = made.collate(together, processor)
    for row, example in enumerate(rows):
        alone = made.encode([example], processor)[0]
        same(alone, together[row])
        arrays, length = made.collate([alone], processor)
        assert arrays.keys() == batch.keys()
        for name, value in arrays.items():
            np.testing.assert_array_equal(
                value[0],
                batch[name][row, :length] if made.lengths_matter and value.ndim > 1 else batch[name][row],
            )
        if made.lengths_matter:
            assert not batch[MASK][row, length:].any()


_LEAN = """
import json, pathlib, sys

class Blocker:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in ("torch", "transformers"):
            raise ImportError(f"{name} is not installed here")

sys.meta_path.insert(0, Blocker())
from burnish.core.component import build
given = json.load(sys.stdin)
out = []
for case in given:
    made = build("burnish.inputs", case["input"])
    processor = made.processor(pathlib.Path(case["folder"]), case["settings"])
    encoded = made.encode(case["rows"], processor)
    arrays, length = made.collate(encoded, processor)
    out.append({
        "encoded": [{name: value.tolist() for name, value in e.items()} for e in encoded],
        "arrays": {name: value.tolist() for name, value in arrays.items()},
        "shown": [made.shown(e, processor) for e in encoded],
        "fingerprint": processor.fingerprint(),
    })
assert not {"torch", "transformers"} & {name.partition(".")[0] for name in sys.modules}
print(json.dumps(out))
"""


def test_restored_from_a_bundle_gives_the_same_without_torch_and_transformers(
    checkpoints: dict[str, Path], tmp_path: Path
) -> None:
    """Every case over every architecture, in a process where neither can be imported."""
    given, expected = [], []
    for kind, number in ALL:
        for architecture in ARCHITECTURES:
            made, rows = case(kind, number)
            folder = place_of(kind, architecture, checkpoints)
            processor = made.processor(folder)
            kept = tmp_path / f"{kind}-{number}-{architecture}"
            kept.mkdir()
            made.save_processor(processor, kept)
            encoded = made.encode(rows, processor)
            arrays, _ = made.collate(encoded, processor)
            settings = json.loads(json.dumps(processor.settings()))
            given.append({"input": made.model_dump(), "folder": str(kept), "settings": settings, "rows": rows})
            expected.append(
                {
                    "encoded": [{name: value.tolist() for name, value in e.items()} for e in encoded],
                    "arrays": {name: value.tolist() for name, value in arrays.items()},
                    "shown": [made.shown(e, processor) for e in encoded],
                    "fingerprint": processor.fingerprint(),
                }
            )
    done = subprocess.run(
        [sys.executable, "-c", _LEAN], input=json.dumps(given), capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == expected


@pytest.mark.parametrize("kind", STORED)
def test_fingerprint_changes_with_what_changes_the_encoding(kind: str, checkpoints: dict[str, Path]) -> None:
    made, _ = case(kind, 0)
    prints = {made.processor(place_of(kind, name, checkpoints)).fingerprint() for name in ARCHITECTURES}
    assert len(prints) == len(ARCHITECTURES)
    if "max_length" in type(made).model_fields:
        shorter = made.model_copy(update={"max_length": 17})
        assert shorter.processor(place_of(kind, "bert", checkpoints)).fingerprint() not in prints


@pytest.mark.parametrize("kind", STORED)
def test_a_checkpoint_without_a_processor_is_named(kind: str, tmp_path: Path) -> None:
    made, _ = case(kind, 0)
    with pytest.raises(InputError, match=tmp_path.name):
        made.processor(tmp_path)
    whole = {"pad_token_id": 0, "padding_side": "right", "names": ["input_ids"], "max_length": None}
    with pytest.raises(InputError, match="missing"):
        made.processor(tmp_path, whole)


@pytest.mark.parametrize(
    "kind", [kind for kind in STORED if component_class(AXIS, kind).model_fields.get("max_length")]
)
def test_more_than_the_checkpoint_reads_is_refused(kind: str, checkpoints: dict[str, Path]) -> None:
    made = case(kind, 0)[0].model_copy(update={"max_length": 513})
    with pytest.raises(InputError, match=r"513.*at most 512"):
        made.processor(place_of(kind, "bert", checkpoints))


@pytest.mark.parametrize(("kind", "value"), [("text", "a\ud800b"), ("tokens", ["fine", "a\ud800b"])])
def test_half_a_surrogate_pair_is_named(kind: str, value: Any, checkpoints: dict[str, Path]) -> None:
    made, rows = case(kind, 0)
    processor = made.processor(checkpoints["bert"])
    with pytest.raises(InputError, match="surrogate"):
        made.encode([rows[0], {"x": value}], processor)


@pytest.mark.parametrize("kind", STORED)
def test_content_for_the_audit_is_text_or_nothing(kind: str) -> None:
    made, rows = case(kind, 0)
    contents = [made.audited_text(row) for row in rows]
    assert [c is None for c in contents] == [row[made.required_columns[0]] is None for row in rows]
    assert all(isinstance(c, str) for c in contents if c is not None)


def test_pairs_have_types_and_both_texts_survive_a_cut(checkpoints: dict[str, Path]) -> None:
    made = build(AXIS, {"kind": "text", "columns": ["x", "y"], "max_length": 12})
    assert isinstance(made, Input)
    processor = made.processor(checkpoints["bert"])
    encoded = made.encode([{"x": "fox " * 50, "y": "dog"}, {"x": "fox", "y": "dog " * 50}], processor)
    for e in encoded:
        assert e["token_type_ids"].tolist() == sorted(e["token_type_ids"].tolist())
        assert set(e["token_type_ids"].tolist()) == {0, 1}
        shown = made.shown(e, processor)
        assert "fox" in shown
        assert "dog" in shown
    arrays, _ = made.collate(encoded, processor)
    assert arrays["token_type_ids"].shape == arrays["input_ids"].shape


def test_three_text_columns_are_refused() -> None:
    with pytest.raises(InputError, match="one column, or two"):
        build(AXIS, {"kind": "text", "columns": ["a", "b", "c"]})


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_words_point_at_their_first_piece(architecture: str, checkpoints: dict[str, Path]) -> None:
    """Also beside words that have no piece, and up to where the row was cut."""
    words = [
        "the",
        "",
        "\u200b" if architecture == "bert" else "",
        "quick",
        "\u200d" if architecture == "bert" else "",
        "fox",
    ]
    for limit in (None, 4):
        made = build(AXIS, {"kind": "tokens", "column": "x", "max_length": limit})
        assert isinstance(made, Input)
        processor = made.processor(checkpoints[architecture])
        encoded = made.encode([{"x": words}], processor)[0]
        assert len(encoded["_words"]) == len(words)
        starts = encoded["_words"].tolist()
        assert [s for s in starts if s >= 0] == sorted(set(starts) - {-1})
        tokens = processor.tokenizer
        for word, start in zip(words, starts, strict=True):
            if start >= 0:
                assert tokens.id_to_token(int(encoded["input_ids"][start])).lstrip("Ġ") == word
        kept = [w for w, s in zip(words, starts, strict=True) if s >= 0]
        special = {"bert": 2, "roberta": 2, "gpt2": 0}[architecture]
        assert kept == ["the", "quick", "fox"][: (limit or 99) - special]


def test_a_word_cut_in_two_still_has_its_first_piece(checkpoints: dict[str, Path]) -> None:
    made = build(AXIS, {"kind": "tokens", "column": "x", "max_length": 6})
    assert isinstance(made, Input)
    encoded = made.encode([{"x": ["the", "zebra", "fox"]}], made.processor(checkpoints["bert"]))[0]
    assert encoded["_words"].tolist() == [1, 2, -1]
    assert int(encoded["_length"]) == 6


def test_a_missing_word_is_empty_and_not_the_word_none(checkpoints: dict[str, Path]) -> None:
    made = build(AXIS, {"kind": "tokens", "column": "x"})
    assert isinstance(made, Input)
    encoded = made.encode([{"x": ["the", None, "fox"]}], made.processor(checkpoints["bert"]))[0]
    assert encoded["_words"].tolist() == [1, -1, 2]


def test_a_named_column_of_words_is_never_replaced() -> None:
    made = build(AXIS, {"kind": "tokens", "column": "wrods"})
    assert isinstance(made, Input)
    found = made.inferred(["words", "tags"], [{"words": ["a"], "tags": ["O"]}], "tags")
    assert found is not None
    assert found.required_columns == ("wrods",)


@pytest.mark.parametrize(("kind", "number"), ALL)
@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_parts_of_a_row_are_few_and_each_can_be_left_out(
    kind: str, number: int, architecture: str, checkpoints: dict[str, Path]
) -> None:
    """Where the input is `Divisible`; a row of blanks says that there is nothing in it."""
    made, rows = case(kind, number)
    processor = made.processor(place_of(kind, architecture, checkpoints))
    if not isinstance(made, Divisible):
        return
    for row in rows:
        if not any(str("" if value is None else value).strip() for value in row.values()):
            with pytest.raises(InputError, match="no word"):
                made.parts(row, processor, 5)
            continue
        pieces = made.parts(row, processor, 5)
        assert 1 <= len(pieces) <= 5
        assert json.loads(json.dumps([p.place for p in pieces])) == [p.place for p in pieces]
        others = [piece.without() for piece in pieces]
        assert all(other.keys() == row.keys() and other != row for other in others)
        assert len(made.encode(others, processor)) == len(pieces)
