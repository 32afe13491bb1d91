"""Tags are found by being as long as the words, numbers get their names, and prefixes are of a scheme that is said."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest

from burnish.core.errors import InputError
from burnish.data.reading.tables import read
from burnish.inputs.tokens import Tokens
from burnish.recipe.recipe import Recipe, Settled
from burnish.stages.prepare.settle import settle
from burnish.targets.tags import Tags
from tests.data_cases import table

SENTENCES = [["my", "card", "is", "lost"], ["is", "it", "here"], ["Ann", "met", "Bob", "in", "Rome"]]
NUMBERS = [[0, 1, 0, 0], [0, 0, 0], [1, 0, 1, 0, 2]]
NAMES = ["O", "B-thing", "B-place"]
Row = dict[str, Any]


def rows(words: str = "tokens", tags: str = "tags", *, numbers: bool = True, times: int = 5) -> list[Row]:
    made = [[list(w), n if numbers else [NAMES[i] for i in n]] for w, n in zip(SENTENCES, NUMBERS, strict=True)]
    return [{words: [*w, str(t)], tags: [*n, n[0]]} for t in range(times) for w, n in made]


def settled(made: list[Row], **recipe: Any) -> tuple[Settled, list[str]]:
    said: list[str] = []
    return settle(Recipe.load({"data": "x.csv", **recipe}), table(made), said.append), said


def refused(made: list[Row], **recipe: Any) -> InputError:
    with pytest.raises(InputError) as caught:
        settled(made, **recipe)
    assert caught.value.place == "target"
    assert caught.value.fix
    return caught.value


@pytest.mark.parametrize("tags", ["tags", "labels", "ner_tags", "label"])
@pytest.mark.parametrize("words", ["tokens", "words", "text"])
def test_tag_numbers_without_names_are_refused_whatever_the_columns_are_called(tags: str, words: str) -> None:
    made = rows(words, tags)
    if words == "text":
        made = [{**row, "text": " ".join(row["text"])} for row in made]
    error = refused(made, target={"column": tags})
    assert "numbers in place of tags" in error.found
    assert f"column: {tags}" in error.fix
    assert "0 to 2" in error.fix


@pytest.mark.parametrize("way", [list, str, json.dumps, lambda v: str(np.array(v)), lambda v: " ".join(map(str, v))])
def test_tag_numbers_become_the_names_that_are_given(way: Callable[[list[int]], Any]) -> None:
    made = [{**row, "tags": way(row["tags"])} for row in rows()]
    found, said = settled(made, target={"kind": "tags", "labels": NAMES})
    assert found.target.truth(made[0]["tags"]) == ["O", "B-thing", "O", "O", "O"]
    assert any("0 is O, 1 is B-thing" in line for line in said)
    assert any("scheme is IOB2" in line for line in said)
    error = refused(made, target={"kind": "tags", "labels": NAMES[:2]})
    assert "the number 2, but 2 labels" in error.found


def test_tag_numbers_of_datasets_have_their_names_in_the_file(tmp_path: Path) -> None:
    import datasets

    features = {
        "words": datasets.List(datasets.Value("string")),
        "ner": datasets.List(datasets.ClassLabel(names=NAMES)),
    }
    data = datasets.Dataset.from_list(rows("words", "ner"), features=datasets.Features(features))
    data.to_parquet(tmp_path / "rows.parquet")
    data.save_to_disk(str(tmp_path / "saved"))
    for what in (tmp_path / "rows.parquet", tmp_path / "saved", data):
        made = read(what, cache=tmp_path / "cache").arrow.to_pylist()
        found, _ = settled(made, target={"column": "ner"})
        assert (found.target.kind(), found.input.required_columns) == ("tags", ("words",))
        assert found.target.learned(row["ner"] for row in made).names == tuple(sorted(NAMES))


def test_tags_without_prefixes_are_tags_where_they_are_as_long_as_the_words() -> None:
    made = [{"words": row["tokens"], "pos": ["NOUN" if n else "VERB" for n in row["tags"]]} for row in rows()]
    found, said = settled(made, target={"column": "pos"})
    assert (found.target.kind(), found.input.required_columns) == ("tags", ("words",))
    assert any("as long as the words of 'words'" in line for line in said)
    assert any("each run of equal tags counts as one span" in line for line in said)


def test_tags_in_one_text_find_the_text_with_as_many_words() -> None:
    made = [
        {"id": f"row {i}", "sentence": " ".join(row["tokens"]), "tags": " ".join(NAMES[n] for n in row["tags"])}
        for i, row in enumerate(rows())
    ]
    assert settled(made, target={"column": "tags"})[0].input.required_columns == ("sentence",)


def test_lists_that_belong_together_are_no_words_and_tags() -> None:
    sets = [["a"], ["a", "b"], ["c", "b", "a"]] * 5
    made = [{"text": f"row {i} says", "labels": s, "titles": [f"the {n}" for n in s]} for i, s in enumerate(sets)]
    assert settled(made, target={"column": "labels"})[0].target.kind() == "labels"


@pytest.mark.parametrize("way", [str, json.dumps, lambda v: str(tuple(v)), lambda v: str(np.array(v, object))])
def test_words_and_tags_written_as_text_are_lists(way: Callable[[list[Any]], str]) -> None:
    lists = rows(numbers=False)
    lists[0]["tokens"] = ["it's", 'so "good"', "[a, b]", "c'", ","]
    made = [{name: way(cell) for name, cell in row.items()} for row in lists]
    for recipe in ({"task": "token-classification"}, {"target": {"column": "tags"}}):
        found, said = settled(made, **recipe)
        assert [found.target.truth(row["tags"]) for row in made] == [row["tags"] for row in lists]
        assert found.target.learned(row["tags"] for row in made).names == tuple(sorted(NAMES))
        assert isinstance(found.input, Tokens)
        assert found.input.lists_as_text is True
        assert sum("lists written as text" in line for line in said) == 2
        assert found.input.audited_text(made[0]) is not None


def test_words_written_as_lists_are_read_as_such() -> None:
    from burnish.inputs._cells import as_words

    assert as_words("['it\\'s', 'a']", "tokens", True) == ["it's", "a"]
    assert as_words("['a', 'b']", "tokens") == ["['a',", "'b']"], "as bundles of before read it"
    assert as_words("a plain text", "tokens", True) == ["a", "plain", "text"]
    with pytest.raises(InputError, match="cannot be read as a list of words"):
        as_words("['don't']", "tokens", True)


def test_words_that_happen_to_be_brackets_are_no_list() -> None:
    made = [{"tokens": "[ see ] here", "tags": "O O O B-x"}, {"tokens": "(no)", "tags": "O"}] * 5
    found, _ = settled(made, task="token-classification")
    assert found.input.lists_as_text is None  # type: ignore[attr-defined]


SCHEMES: dict[str, list[list[str]]] = {
    "IOB2": [["B-x", "I-x", "O"], ["O", "B-y"]],
    "IOB1": [["I-x", "B-x", "O"], ["O", "I-y"]],
    "IOE": [["I-x", "E-x", "O"], ["O", "E-y"]],
    "BIOES": [["B-x", "E-x", "O"], ["O", "S-y"]],
    "BILOU": [["B-x", "L-x", "O"], ["O", "U-y"]],
    "BMES": [["B-x", "M-x", "E-x"], ["O", "S-y"]],
    "BMEWO": [["B-x", "M-x", "E-x"], ["O", "W-y"]],
    "none": [["NOUN", "VERB"], ["DET", "NOUN"]],
    "none, with dashes": [["NOUN", "W-P"], ["DET", "VERB"]],
}


def of(tags: list[list[str]]) -> list[Row]:
    return [{"tokens": [f"w{i}{n}" for n, _ in enumerate(t)], "tags": t} for i, t in enumerate(tags * 4)]


@pytest.mark.parametrize("scheme", SCHEMES)
def test_the_scheme_is_found_said_and_kept(scheme: str) -> None:
    made, scheme = of(SCHEMES[scheme]), scheme.partition(",")[0]
    found, said = settled(made, target={"column": "tags"})
    assert found.target.scheme == scheme  # type: ignore[attr-defined]
    assert any(scheme in line or (scheme == "none" and "run of equal tags" in line) for line in said)
    names = found.target.learned(row["tags"] for row in made).names
    assert Tags.class_names(names) == (
        ["x", "y"] if scheme != "none" else sorted({n.removeprefix("W-") for n in names})
    )
    again, said = settled(made, **{name: value for name, value in found if name != "data"})
    assert not any("tags:" in line for line in said)
    assert again.target == found.target


@pytest.mark.parametrize(
    ("tags", "words"),
    [
        (["x-B", "x-I", "O"], "'x-B'"),
        (["B_x", "I_x", "O"], "'B_x'"),
        (["b-x", "i-x", "o"], "'b-x'"),
        (["B-x", "x", "O"], "and without, such as 'x'"),
        (["B-x", "I-x", "_"], "and without, such as '_'"),
        (["B-x", "L-x", "E-x"], "prefixes B, E, L"),
        (["U-x", "S-x", "O"], "prefixes S, U"),
    ],
)
def test_tags_of_no_scheme_are_refused_by_name(tags: list[str], words: str) -> None:
    error = refused(of([tags, tags[::-1]]), task="token-classification")
    assert words in error.found
    assert "scheme: none" in error.fix
    found, _ = settled(of([tags]), target={"kind": "tags", "scheme": "none"})
    assert found.target.scheme == "none"  # type: ignore[attr-defined]


def test_a_table_with_one_word_in_each_row_is_refused() -> None:
    made = [{"word": f"w{i}", "tag": ["O", "B-x"][i % 2]} for i in range(20)]
    error = refused(made, target={"column": "tag"})
    assert "each row is one word" in error.found
    assert "conll" in error.fix
    found, _ = settled(made, target={"kind": "label", "column": "tag"}, input={"kind": "text", "columns": ["word"]})
    assert found.target.kind() == "label"


def test_words_without_a_tag_have_none_and_are_no_class() -> None:
    target = Tags().learned([["O", None, "B-x"], None])
    assert target.names == ("B-x", "O")
    assert target.truth(["O", None]) == ["O", None]
    assert target.counts([["O", None]]) == {"O": 1}
    positions = Tags(labels=NAMES, numbers="positions")
    assert positions.truth([1, -100, 0, -1]) == ["B-thing", None, "O", None]
    row: Any = {"_length": np.int32(4), "_words": np.arange(4)}
    assert positions.encode([1, -100, 0, -1], row, cast(Any, None))[1].tolist() == [1, 0, 1, 0]


def test_sizes_are_no_tags() -> None:
    assert not Tags().recognises(["S-size", "M-size", "L-size"])


def test_words_outside_of_entities_without_a_tag_are_refused() -> None:
    """A gap is a word of which nothing is known: without any O, no word could be learned to be outside."""
    made = [{**row, "tags": [tag if tag != "O" else None for tag in row["tags"]]} for row in rows(numbers=False)]
    target = {"kind": "tags", "column": "tags"}
    assert "no word has the tag O" in refused(made, target=target).found
    found, _ = settled(made, target={**target, "labels": NAMES})
    assert found.target.truth(["B-thing", None]) == ["B-thing", None]
