"""The column that is read as text is one that people wrote, and why it was chosen is said."""

from __future__ import annotations

import base64
import hashlib
import uuid
from collections.abc import Callable
from typing import Any

import pytest

from burnish.core.errors import InputError
from burnish.inputs._columns import looked_at
from burnish.recipe.recipe import Recipe
from burnish.stages.prepare.settle import settle
from tests.data_cases import table

N = 40


def _digest(i: int) -> bytes:
    return hashlib.sha256(str(i).encode()).digest()


NO_TEXTS: dict[str, tuple[str, Callable[[int], Any]]] = {
    "uuid": ("UUID", lambda i: str(uuid.uuid5(uuid.NAMESPACE_DNS, str(i)))),
    "uuid without dashes": ("UUID", lambda i: uuid.uuid5(uuid.NAMESPACE_DNS, str(i)).hex),
    "sha": ("hashes", lambda i: _digest(i).hex()),
    "short hash": ("hashes", lambda i: "0" + _digest(i).hex()[:9]),
    "base64": ("identifiers", lambda i: base64.b64encode(_digest(i)).decode()),
    "order numbers": ("identifiers", lambda i: f"ORDER-NUMBER-2024-FROM-THE-SHOP-{i:05}"),
    "user names": ("identifiers", lambda i: f"@a_very_long_user_name_{i % 9}"),
    "numbers": ("numbers", lambda i: f"{i * 10**30}"),
    "prices": ("numbers", lambda i: f"{i}.000.000.000.000,50 €"),
    "addresses": ("web addresses", lambda i: f"https://example.org/a/very/long/path/to/{i}?query=x&y=z"),
    "mail": ("mail addresses", lambda i: f"somebody.with.a.long.name.{i}@example.org"),
    "iso dates": ("dates and times", lambda i: f"2024-05-{1 + i % 28:02}T10:22:11.000000+00:00"),
    "dates in words": ("dates and times", lambda i: f"Mon Apr {1 + i % 28:02} 22:19:45 PDT 2009"),
    "german dates": ("dates and times", lambda i: f"{1 + i % 28}. Mai 2024, 10:22:11 Uhr"),
    "files": ("names of files", lambda i: f"folder/with a long name/document {i}.txt"),
    "constant": ("one value in every row", lambda i: "All of these rows say the very same thing, at some length"),
    "empty": ("nothing", lambda i: ""),
}
TEXTS: dict[str, Callable[[int], str]] = {
    "sentences": lambda i: f"my parcel no. {i} is late",
    "few words": lambda i: f"late {'abcdefghijklmnopqrstuvwxyz'[i % 26]}",
    "chinese": lambda i: "快递太慢了" + "一二三四五六七八九十"[i % 10],
    "with addresses": lambda i: f"see https://x.org/{i} for more",
    "with dates": lambda i: f"{1 + i % 28}.05.2024 10:22 the card is lost",
    "capitals": lambda i: f"WHERE IS MY CARD {i}",
}


def settled(**columns: Callable[[int], Any]) -> tuple[tuple[str, ...], str]:
    said: list[str] = []
    rows = [{name: of(i) for name, of in columns.items()} | {"label": "ab"[i % 2]} for i in range(N)]
    found = settle(Recipe.load({"data": "x.csv"}), table(rows), said.append)
    return found.input.required_columns, next(line for line in said if line.startswith("input: "))


@pytest.mark.parametrize("name", NO_TEXTS)
@pytest.mark.parametrize("text", TEXTS)
def test_what_is_no_text_is_recognised(name: str, text: str) -> None:
    what, made = NO_TEXTS[name]
    assert what in looked_at("x", [made(i) for i in range(N)]).not_text
    assert looked_at("x", [TEXTS[text](i) for i in range(N)]).not_text == ""


@pytest.mark.parametrize("name", NO_TEXTS)
def test_a_text_is_preferred_however_short_and_the_reason_is_said(name: str) -> None:
    what, made = NO_TEXTS[name]
    read, said = settled(aaa=made, remarks=TEXTS["few words"], zzz=made)
    assert read == ("remarks",)
    assert "the only text" in said
    assert f"'aaa' holds {what}" in said.replace("identifiers (UUID)", "UUID")
    read, said = settled(content=made, remarks=TEXTS["sentences"])
    assert read == (("content",) if what in ("web addresses", "mail addresses", "names of files") else ("remarks",))


def test_of_several_texts_the_longest_is_read_and_names_that_repeat_are_none() -> None:
    read, said = settled(title=TEXTS["few words"], story=TEXTS["sentences"], group=lambda i: f"a long group {i % 3}")
    assert read == ("story",)
    assert "the longest text" in said
    read, _ = settled(title=TEXTS["few words"], group=lambda i: f"a rather long name of a group {i % 3}")
    assert read == ("title",)


def test_a_usual_name_is_still_enough() -> None:
    assert settled(text=lambda i: "ab"[i % 2], story=TEXTS["sentences"])[0] == ("text",)


@pytest.mark.parametrize("name", ["uuid", "sha", "numbers", "iso dates", "constant", "order numbers"])
def test_where_nothing_is_a_text_that_is_said(name: str) -> None:
    with pytest.raises(InputError, match="no column fits any input") as caught:
        settled(one=NO_TEXTS[name][1], two=NO_TEXTS["uuid"][1])
    assert "--input" in caught.value.fix
    assert "'one' holds" in caught.value.found


def test_addresses_are_read_where_there_is_nothing_else() -> None:
    read, said = settled(url=NO_TEXTS["addresses"][1], id=NO_TEXTS["uuid"][1])
    assert read == ("url",)
    assert "'id' holds identifiers" in said
