"""What every split must do."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from burnish.core.component import build, kinds
from burnish.core.errors import InputError
from burnish.data.parts import whole
from burnish.data.reading.contents import content_hashes
from burnish.data.splits import TEST, TRAIN, VALIDATION, Split
from burnish.data.truths import strata_of
from tests.data_cases import label_target, table, text_input

AXIS = "burnish.data.splits"
KINDS = kinds(AXIS)
SETTINGS: dict[str, dict[str, Any]] = {
    "grouped": {"group": "customer"},
    "time": {"column": "when", "validation_from": "2024-03-01", "test_from": "2024-04-01"},
    "column": {"column": "part"},
}


def rows(n: int) -> list[dict[str, Any]]:
    """Rows that every split can work on: customers, dates and parts come in no order."""
    words = ("train", "dev", "Test ", "training")
    return [
        {
            "text": f"message {i * 7 % (n - n // 10)}",  # a tenth repeats
            "label": "abc"[i % 7 % 3],
            "customer": f"c{i * 7 % 97}",
            "when": f"2024-{1 + i * 11 % 5:02d}-{1 + i % 28:02d}",
            "part": words[i * 13 % 4],
        }
        for i in range(n)
    ]


def assigned(
    split: Split, data: Sequence[dict[str, Any]], seed: int = 0, parts: Any = (True, True)
) -> NDArray[np.int8]:
    """The split of each row, through the same calls as `divide`."""
    made = table(data)
    contents = content_hashes(made, ("text",), text_input().audited_text)
    return split.assign(made, contents, strata_of(whole(made), label_target()), seed=seed, parts=parts)


def split(kind: str) -> Split:
    """The split with settings for `rows`."""
    found = build(AXIS, {"kind": kind, **SETTINGS.get(kind, {})})
    assert isinstance(found, Split)
    return found


@pytest.mark.parametrize("kind", KINDS)
def test_every_row_has_a_split_and_every_split_rows(kind: str) -> None:
    """One int8 a row, all three numbers used."""
    found = assigned(split(kind), rows(500))
    assert found.dtype == np.int8
    assert len(found) == 500
    assert set(found.tolist()) == {TRAIN, VALIDATION, TEST}


@pytest.mark.parametrize("kind", KINDS)
def test_same_seed_same_splits(kind: str) -> None:
    """A pure function of its arguments."""
    assert assigned(split(kind), rows(300), 3).tolist() == assigned(split(kind), rows(300), 3).tolist()


@pytest.mark.parametrize("kind", KINDS)
def test_appending_moves_no_old_row(kind: str) -> None:
    """Not even rows of a class that sorts first, or repeats of old texts."""
    old = rows(300)
    new = [{**row, "label": "A new class"} for row in rows(80)] + rows(120)
    before, after = assigned(split(kind), old), assigned(split(kind), [*old, *new])
    assert after[:300].tolist() == before.tolist()


@pytest.mark.parametrize("kind", [k for k in KINDS if k != "column"])
@pytest.mark.parametrize("parts", [(False, True), (True, False), (False, False)])
def test_parts_that_have_a_file_get_no_rows(kind: str, parts: tuple[bool, bool]) -> None:
    """Their share goes to train."""
    found = set(assigned(split(kind), rows(300), parts=parts).tolist())
    assert found == {TRAIN, *([VALIDATION] if parts[0] else []), *([TEST] if parts[1] else [])}


@pytest.mark.parametrize("kind", sorted(SETTINGS))
def test_a_misspelt_column_offers_the_nearest(kind: str) -> None:
    """By its place in the recipe."""
    field, column = next((f, v) for f, v in SETTINGS[kind].items() if f in ("group", "column"))
    wrong = split(kind).model_copy(update={field: column + "s"})
    with pytest.raises(InputError, match=f"split.{field}") as caught:
        assigned(wrong, rows(30))
    assert repr(column) in caught.value.fix
