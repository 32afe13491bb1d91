"""What is told while it is written is what would be told at the end, in whole characters; settings of one request."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

import pytest

from burnish.answering.requested import Decoding
from burnish.core.component import build, kinds
from burnish.core.errors import InputError
from burnish.decoders import Decoder
from burnish.media.text.streaming import TextStream
from tests.contracts.test_decoders import ENDS, STEPWISE, Table, made


def of_bytes(ids: Sequence[int]) -> str:
    """Tokens that are single bytes, as of byte-level tokenizers; above 255 are control tokens, which are not shown."""
    return bytes(i for i in ids if i < 256).decode(errors="replace")


def pieces(text: str, stop: Sequence[str] = (), *, cut: int | None = None, ids: list[int] | None = None) -> list[str]:
    """What is shown after each token, and at last."""
    ids = list(text.encode()) if ids is None else ids
    stream = TextStream(of_bytes, stop)
    return [*(stream.more(ids[:n]) for n in range(1, len(ids) + 1)), stream.rest(ids, cut)]


@pytest.mark.parametrize("text", ["plain", "Fähre für 2 €", "渡轮 09:00", "🛳️ ahoy 👨‍👩‍👧", "a\ufffdb", ""])
def test_characters_come_whole_and_all_of_them(text: str) -> None:
    shown = pieces(text)
    assert "".join(shown) == text
    for piece in shown:
        assert "\ufffd" not in piece or "\ufffd" in text


def test_each_character_comes_as_soon_as_it_is_whole() -> None:
    assert pieces("a€b") == ["a", "", "", "€", "b", ""]


def test_control_tokens_are_not_shown() -> None:
    assert "".join(pieces("", ids=[*b"a", 300, *b"b", 301])) == "ab"


def test_half_a_character_at_the_end_is_shown_as_the_answer_has_it() -> None:
    assert pieces("", ids=[97, 0xE2, 0x82])[-1] == of_bytes([0xE2, 0x82])


@pytest.mark.parametrize("stop", [["END"], ["ND", "END"], ["\n\n"], ["€"]])
@pytest.mark.parametrize("text", ["one END two", "ENEND", "a\n b\n\nc", "2 € or", "nothing", "E", "EN"])
def test_nothing_behind_a_stop_text_is_ever_shown(text: str, stop: list[str]) -> None:
    at = min((text.find(s) for s in stop if s in text), default=None)
    whole = text[:at]
    so_far = ""
    for piece in pieces(text, stop, cut=at):
        so_far += piece
        assert whole.startswith(so_far)
    assert so_far == whole


def test_what_may_become_a_stop_text_waits() -> None:
    stream = TextStream(of_bytes, ["END"])
    assert [stream.more(b"aE"), stream.more(b"aEN"), stream.more(b"aENT")] == ["a", "", "ENT"]


@pytest.mark.parametrize("kind", STEPWISE)
def test_told_while_it_is_written_as_at_the_end(kind: str) -> None:
    decoder = made(kind, max_new_tokens=12)
    rows, seeds = list(range(9)), list(range(9))
    whole = decoder.written(Table(rows), len(rows), ENDS, seeds)
    told: dict[int, list[Any]] = {row: [] for row in rows}
    for progress in decoder.writing(Table(rows), len(rows), ENDS, seeds):
        told[progress.row].append(progress)
    for row, of_row in told.items():
        last = of_row[-1]
        assert last.whole.ids.tolist() == whole[row].ids.tolist()
        assert last.whole.ended == whole[row].ended
        assert last.whole.score == whole[row].score
        assert [p.whole for p in of_row[:-1]] == [None] * (len(of_row) - 1)
        assert all(list(p.ids) == last.whole.ids.tolist()[: len(p.ids)] for p in of_row)


def test_one_token_at_a_time_and_none_that_is_not_asked_for() -> None:
    table = Table([3])
    telling = made("greedy", max_new_tokens=12).writing(table, 1, ENDS)
    assert table.calls == 0
    first = next(telling)
    assert table.calls == 1
    assert len(first.ids) <= 1


def usual(kind: str = "greedy", **settings: Any) -> Decoder:
    return cast(Decoder, build("burnish.decoders", {"kind": kind, **settings}))


def test_a_request_that_asks_nothing_has_the_decoder_of_the_bundle() -> None:
    decoder = usual("beam", width=3)
    assert Decoding().decoder(decoder) is decoder


def test_settings_of_draws_make_another_decoder_draw_and_keep_its_other_settings() -> None:
    drawn = Decoding(temperature=0.5, seed=7).decoder(usual(max_new_tokens=9, stop=["x"]))
    assert drawn == usual("sampling", temperature=0.5, seed=7, max_new_tokens=9, stop=["x"])


def test_a_seed_alone_draws_nothing() -> None:
    assert Decoding(seed=7).decoder(usual()) == usual()
    assert Decoding(seed=7).decoder(usual("sampling", top_k=4)) == usual("sampling", top_k=4, seed=7)


def test_lengths_and_stop_texts_stay_with_the_same_decoder() -> None:
    assert Decoding(max_new_tokens=3, stop=("a",)).decoder(usual("beam")) == usual("beam", max_new_tokens=3, stop=["a"])


@pytest.mark.parametrize(
    ("asked", "word"),
    [({"temperature": -1.0}, "temperature"), ({"top_p": 0.0}, "top_p"), ({"max_new_tokens": 0}, "max_new_tokens")],
)
def test_a_setting_out_of_its_bounds_is_named(asked: dict[str, Any], word: str) -> None:
    with pytest.raises(InputError, match=f"decoder.{word}"):
        Decoding.of(asked).decoder(usual())


def test_an_unknown_setting_is_an_error() -> None:
    with pytest.raises(InputError, match="unknown setting 'temprature'"):
        Decoding.of({"temprature": 1})


@pytest.mark.parametrize("kind", [k for k in kinds("burnish.decoders") if k not in STEPWISE])
def test_a_bundle_that_does_not_write_says_so(kind: str) -> None:
    with pytest.raises(InputError, match="token by token"):
        Decoding(seed=1).decoder(usual(kind))
