"""What a recipe leaves open is found in the data, and said; what does not fit is refused before anything is encoded."""

from __future__ import annotations

from typing import Any

import pytest

from burnish.core.errors import InputError
from burnish.evaluation.scores import metrics_for
from burnish.recipe.recipe import Recipe, Settled
from burnish.stages.prepare.settle import _deciding, settle
from burnish.targets.response import Response
from tests.data_cases import table

TEXT_ROWS: list[dict[str, Any]] = [
    {"id": str(n), "message": f"row {n} says something", "intent": "ab"[n % 2], "stars": n % 5 + 1, "customer": n // 2}
    for n in range(40)
]


def settled(rows: list[dict[str, Any]] | None = None, **recipe: Any) -> tuple[Settled, list[str]]:
    said: list[str] = []
    found = settle(Recipe.load({"data": "x.csv", **recipe}), table(rows or TEXT_ROWS), said.append)
    return found, said


def rows_of(**columns: Any) -> list[dict[str, Any]]:
    return [{name: value[n % len(value)] for name, value in columns.items()} for n in range(24)]


SAMPLES: list[tuple[dict[str, Any], str, str, tuple[str, ...]]] = [
    ({"text": ["one text", "two"], "label": ["a", "b"]}, "label", "text", ("text",)),
    ({"review": ["a longer one", "x y"], "id": ["1", "2"], "class": [0, 1]}, "label", "text", ("review",)),
    ({"text": ["one"], "labels": ["a|b", "c"]}, "labels", "text", ("text",)),
    ({"text": ["one"], "labels": [["a"], []]}, "labels", "text", ("text",)),
    ({"sentence1": ["a"], "sentence2": ["b"], "score": [1.5, 2.0, 3.25]}, "score", "text", ("sentence1", "sentence2")),
    ({"question": ["a"], "passage": ["b"], "label": ["1", "0"]}, "label", "text", ("question", "passage")),
    ({"tokens": [["a", "b"]], "tags": [["O", "B-x"]]}, "tags", "tokens", ("tokens",)),
    ({"words": [["a", "b"]], "tags": [["O", "B-x"]]}, "tags", "tokens", ("words",)),
    ({"tokens": ["a b", "c d"], "tags": ["O B-x", "O O"]}, "tags", "tokens", ("tokens",)),
]


@pytest.mark.parametrize(("columns", "target", "input_", "read"), SAMPLES)
def test_target_and_input_are_found_and_said(
    columns: dict[str, Any], target: str, input_: str, read: tuple[str, ...]
) -> None:
    found, said = settled(rows_of(**columns))
    assert (found.target.kind(), found.input.kind(), found.input.required_columns) == (target, input_, read)
    assert found.target.column not in read
    assert any(line.startswith("target: column") and target in line for line in said)
    assert any(line.startswith("input: ") and all(repr(c) in line for c in read) for line in said)
    assert any(line.startswith("default learning_rate: ") for line in said)


def test_nothing_is_left_open() -> None:
    found, _ = settled(target={"column": "intent"})
    for name in ("input", "target", "loss", "sampler", "metrics", "deciding_metric", "learning_rate"):
        assert getattr(found, name) is not None, name
    assert (found.task, found.target_column) == (None, None)
    assert found.loss.kind() == found.target.default_loss
    assert found.deciding_metric == found.target.decides
    assert found.sampler.kind() == "length_bucketed"
    assert found.task_name() == "text-classification"


def test_settling_twice_changes_nothing_and_says_nothing() -> None:
    """What a run's folder keeps is a recipe of the same run."""
    once, _ = settled(target={"column": "intent"}, group="customer")
    again, said = settled(**{name: value for name, value in once if name != "data"})
    assert {**dict(again), "data": None} == {**dict(once), "data": None}
    assert said == []


def test_what_was_chosen_is_kept_and_not_said() -> None:
    found, said = settled(
        target={"kind": "label", "column": "stars"},
        input={"kind": "text", "columns": ["id"]},
        loss={"kind": "focal", "gamma": 3},
        sampler="shuffled",
        deciding_metric="loss",
        learning_rate=0.5,
    )
    assert found.input.required_columns == ("id",)
    assert found.loss.model_dump() == {"kind": "focal", "gamma": 3.0}
    assert (found.sampler.kind(), found.deciding_metric, found.learning_rate) == ("shuffled", "loss", 0.5)
    assert said == []


def test_a_group_makes_the_split_grouped_unless_another_is_chosen() -> None:
    found, said = settled(target={"column": "intent"}, group="customer")
    assert found.split.kind() == "grouped"
    assert found.split.group == "customer"  # type: ignore[attr-defined]
    assert found.group == "customer"
    assert any("split: grouped" in line for line in said)
    chosen, said = settled(target={"column": "intent"}, group="customer", split="stratified")
    assert chosen.split.kind() == "stratified"
    assert chosen.group == "customer"
    assert not any("split" in line for line in said)


def test_a_grouped_split_is_what_intervals_resample_by() -> None:
    found, _ = settled(target={"column": "intent"}, split={"kind": "grouped", "group": "customer"})
    assert found.group == "customer"


def test_a_given_test_file_leaves_the_split_alone() -> None:
    found, _ = settled(target={"column": "intent"}, group="customer", data={"train": "a.csv", "test": "b.csv"})
    assert (found.split.kind(), found.group) == ("stratified", "customer")


@pytest.mark.parametrize(
    ("recipe", "place", "words"),
    [
        ({"target": {"column": "intnt"}}, "target", ["'intnt'", "did you mean 'intent'?"]),
        ({"target": {"kind": "label", "column": "intnt"}}, "target", ["did you mean 'intent'?"]),
        ({"target": {"column": "message"}}, "target", ["none of label, labels, score, tags", "row 0 says"]),
        (
            {"target": {"column": "intent"}, "input": {"kind": "text", "columns": ["mesage"]}},
            "input",
            ["'mesage'", "did you mean 'message'?"],
        ),
        (
            {"target": {"column": "intent"}, "input": {"kind": "text", "columns": ["intent"]}},
            "input",
            ["input and target at once"],
        ),
        ({"target": {"column": "intent"}, "input": "tokens"}, "input", ["no column fits the input 'tokens'"]),
        (
            {"target": {"column": "intent"}, "input": {"kind": "tokens", "column": "mesage"}},
            "input",
            ["did you mean 'message'?"],
        ),
        ({"target": {"column": "intent"}, "group": "custmer"}, "group", ["did you mean 'customer'?"]),
        (
            {"target": {"column": "intent"}, "loss": "squared_error"},
            "loss",
            ["'squared_error' is not defined for target 'label'", "cross_entropy, focal"],
        ),
        (
            {"target": {"kind": "score", "column": "stars"}, "loss": "focal"},
            "loss",
            ["'focal' is not defined for target 'score'", "squared_error"],
        ),
        (
            {"target": {"column": "intent"}, "metrics": ["rmse"]},
            "metrics",
            ["'rmse' is not defined for target 'label'", "accuracy"],
        ),
        (
            {"target": {"column": "intent"}, "deciding_metric": "macro_f2"},
            "deciding_metric",
            ["'macro_f2' is not defined", "did you mean 'macro_f1'?", "loss, "],
        ),
    ],
)
def test_what_does_not_fit_is_refused_with_its_place(recipe: dict[str, Any], place: str, words: list[str]) -> None:
    with pytest.raises(InputError) as caught:
        settled(**recipe)
    assert caught.value.place == place
    for word in words:
        assert word in str(caught.value)


SWAPPED = [
    {"text": f"the {n}th of these messages says something else", "label": ("good", "bad")[n % 2], "id": str(n)}
    for n in range(20)
]


@pytest.mark.parametrize(
    "recipe",
    [
        {"target": {"column": "text"}, "input": {"kind": "text", "columns": ["label"]}},
        {"target": {"kind": "label", "column": "text"}, "input": {"kind": "text", "columns": ["label"]}},
        {"target": {"kind": "labels", "column": "text"}, "input": {"kind": "text", "columns": ["label"]}},
    ],
)
def test_swapped_columns_are_said_with_the_command_that_is_right(recipe: dict[str, Any]) -> None:
    with pytest.raises(InputError, match="input and target seem to be swapped") as caught:
        settled(SWAPPED, **recipe)
    assert caught.value.fix == "--target label --input text"


def test_a_column_of_texts_as_target_names_the_column_of_labels() -> None:
    with pytest.raises(InputError, match="none of label, labels, score, tags") as caught:
        settled(SWAPPED, target={"column": "text"})
    assert "column 'label' holds labels: --target label --input text" in caught.value.fix


@pytest.mark.parametrize(
    "rows",
    [
        SWAPPED[:6],  # too few to tell
        [{**row, "label": f"label {n}"} for n, row in enumerate(SWAPPED)],  # nothing repeats
        [{**row, "text": f"x{n}"} for n, row in enumerate(SWAPPED)],  # as short as labels
        [{**row, "text": f"the text of class {n // 5} among some"} for n, row in enumerate(SWAPPED)],  # it repeats
    ],
)
def test_other_short_inputs_are_not_called_swapped(rows: list[dict[str, Any]]) -> None:
    settled(rows, target={"kind": "label", "column": "text"}, input={"kind": "text", "columns": ["label"]})


def test_a_target_without_a_usual_name_has_to_be_named() -> None:
    rows = [{"message": "text", "mood": "good"}] * 4
    with pytest.raises(InputError, match="no target column is named") as caught:
        settled(rows)
    assert "message, mood" in str(caught.value)
    assert "--target" in str(caught.value)


def test_a_chosen_metric_comes_first_and_the_others_stay() -> None:
    found, _ = settled(target={"column": "intent"}, metrics=[{"kind": "f1", "average": "micro"}])
    labels = [m.label for m in found.metrics]
    assert labels[0] == "micro_f1"
    assert {"accuracy", "macro_f1", "matthews"} <= set(labels)
    assert len(labels) == len(set(labels))


PATHS = {"image": ["a.png", "b.JPG", "c.gif", "", "folder/", "https://x.org/d"], "label": ["a", "b"]}


def test_most_cells_say_what_a_column_holds_and_not_all() -> None:
    """A path that is missing or odd must not turn pictures into texts: the audit names such rows."""
    found, said = settled(rows_of(**{**PATHS, "image": PATHS["image"][:5]}))
    assert (found.input.kind(), found.input.required_columns) == ("image", ("image",))
    assert any(line.startswith("input: image") for line in said)


def test_a_named_column_of_files_is_never_replaced() -> None:
    rows = rows_of(**PATHS, scan=["x", "y"])
    found, _ = settled(rows, input={"kind": "image", "column": "scan"})
    assert found.input.required_columns == ("scan",)
    with pytest.raises(InputError, match="did you mean 'image'"):
        settled(rows, input={"kind": "image", "column": "imgae"})


def test_names_of_files_are_not_read_as_texts() -> None:
    """`--input COLUMN` means a text where nothing says what it is."""
    for recipe in ({"input": {"kind": "text", "columns": ["image"]}}, {"task": "text-classification"}):
        with pytest.raises(InputError, match="files of images") as error:
            settled(rows_of(image=["a.png", "b.png", "c.png"], label=["a", "b"]), **recipe)
        assert "kind: image, column: image" in error.value.fix


def test_an_empty_target_column_is_said_to_be_empty() -> None:
    rows = [{**row, "intent": None if n % 2 else " "} for n, row in enumerate(TEXT_ROWS)]
    with pytest.raises(InputError, match="column 'intent' is empty"):
        settled(rows, target="intent")


@pytest.mark.parametrize(
    ("cell", "words"),
    [
        ({"pos": 1.0, "neg": 0.0}, ("holds objects, such as {'pos': 1.0", "as a list of labels", "['pos']")),
        ({"name": "x", "id": 3}, ("holds objects, such as {'name': 'x'", "in a column of its own")),
        ([{"start": 0, "end": 3, "label": "PER"}], ("holds lists of objects", "one tag for each")),
        ([[0, 3], [4, 5]], ("holds lists of lists", "one tag for each")),
    ],
)
def test_a_full_column_is_never_said_to_be_empty(cell: Any, words: tuple[str, ...]) -> None:
    """What it holds is said, what is expected, and what to write instead."""
    with pytest.raises(InputError) as caught:
        settled([{**row, "intent": cell} for row in TEXT_ROWS], target="intent")
    assert "empty" not in str(caught.value)
    assert [word for word in words if word not in str(caught.value)] == []


def test_values_that_never_repeat_are_counted() -> None:
    rows = [{**row, "note": f"note {n} of its own"} for n, row in enumerate(TEXT_ROWS)]
    with pytest.raises(InputError, match=r"40 different values in 40 rows"):
        settled(rows, target="note")


def test_a_file_that_begins_with_rows_nobody_labelled() -> None:
    """The target is found in the rows that have one, however late they come."""
    rows = [{"text": f"t {n}", "intent": None if n < 3000 else "ab"[n % 2]} for n in range(3100)]
    assert settled(rows, target="intent")[0].target.kind() == "label"


def test_settings_without_a_kind_wait_for_the_data() -> None:
    """Which input, target, loss or sampler they belong to is told by the columns."""
    found, _ = settled(target={"column": "intent"}, loss={"label_smoothing": 0.1}, input={"max_length": 16})
    assert (found.loss.kind(), found.loss.label_smoothing) == ("cross_entropy", 0.1)  # type: ignore[attr-defined]
    assert (found.input.kind(), found.input.max_length) == ("text", 16)  # type: ignore[attr-defined]
    several = rows_of(text=["one"], labels=["a|b", "c"])
    found, _ = settled(several, loss={"label_smoothing": 0.1}, target={"labels": ["a", "b", "c"]})
    assert (found.loss.kind(), found.target.kind()) == ("binary_cross_entropy", "labels")
    assert found.target.names == ("a", "b", "c")
    found, _ = settled(target={"column": "intent", "labels": ["b", "a"]})
    assert (found.target.kind(), found.target.column, found.target.names) == ("label", "intent", ("b", "a"))


@pytest.mark.parametrize(("name", "kind"), [("a.png", "image"), ("a.wav", "audio")])
def test_the_root_of_files_belongs_to_the_input_that_reads_them(name: str, kind: str) -> None:
    """`input.root=clips` of a table that names pictures or sounds."""
    found, _ = settled(rows_of(file=[name, f"b{name}"], label=["x", "y"]), input={"root": "clips"})
    assert (found.input.kind(), found.input.root) == (kind, "clips")  # type: ignore[attr-defined]


def test_settings_that_do_not_fit_what_the_data_are() -> None:
    with pytest.raises(InputError, match="is not defined for target 'label'"):
        settled(target={"column": "intent"}, loss={"delta": 1.0})
    with pytest.raises(InputError, match="no column fits"):
        settled(target={"column": "intent"}, input={"root": "clips"})


def test_what_describes_answers_chooses_no_checkpoint() -> None:
    """Neither longer nor shorter replies are better; of two that judge, either may."""
    metrics = metrics_for(Response())
    assert [_deciding(name, metrics, Response()) for name in ("loss", "rougeL")] == ["loss", "rougeL"]
    with pytest.raises(
        InputError, match="'mean_length' describes predictions, and neither more nor less of it is better"
    ):
        _deciding("mean_length", metrics, Response())
    with pytest.raises(InputError, match=r"'macro_f1' is not defined for target 'response'"):
        _deciding("macro_f1", metrics, Response())
