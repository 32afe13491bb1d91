"""Tunes as conversations: a caption asks, the tune in ABC answers."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from burnish.core.errors import InputError
from burnish.media.chat.conversation import Conversation, Message
from burnish.media.chat.form import Form
from burnish.media.music.abc.headers import header_of, parted, tidied
from burnish.media.music.abc.transposing import transposed
from burnish.media.music.captions import caption_of, moved_caption

if TYPE_CHECKING:
    from burnish.media.chat.form import Format

Headed = Literal["written", "given"]
"""Who writes the header of a tune: the model, or who asks."""

CAPTION = ("caption", "prompt")
ABC = ("abc",)
_HEADER = re.compile(r"^X:.*?^K:[^\n]*$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class AskedTune:
    """A caption, and the tune that it asks for as ABC text; empty where it is yet to be written."""

    caption: str
    abc: str = ""

    def conversation(self, headed: Headed) -> Conversation:
        """The caption, and the tune as its reply; a header that is given stands behind the caption and not in the reply."""
        if headed == "written":
            return _turns(self.caption, self.abc)
        header, music = parted(self.abc)
        return _turns(f"{self.caption}\n{header}", music)

    def moved(self, semitones: int) -> AskedTune:
        """Both so many semitones higher.

        Raises:
            InputError: the tune cannot be read, or leaves what MIDI has pitches for.
        """
        abc = transposed(self.abc, semitones)
        return AskedTune(moved_caption(self.caption, header_of(self.abc), header_of(abc)), abc)


def _turns(asked: str, reply: str) -> Conversation:
    answer = (Message("assistant", reply),) if reply else ()
    return Conversation((Message("user", asked), *answer))


def given_header(prompt: str) -> str:
    """The header that stands in a prompt; empty where none does."""
    found = _HEADER.search(prompt)
    return "" if found is None else found[0]


def asked_tune(conversation: Conversation) -> AskedTune:
    """What `AskedTune.conversation` was made of."""
    asked = conversation.messages[0].content
    reply = conversation.messages[-1].content if len(conversation.messages) > 1 else ""
    header = given_header(asked)
    if not header:
        return AskedTune(asked, reply)
    return AskedTune(asked[: -len(header)].rstrip("\n"), f"{header}\n{reply}")


def whole_tune(prompt: str, reply: str) -> str:
    """The tune that a reply is, with the header that its prompt gave."""
    header = given_header(prompt)
    return f"{header}\n{reply}" if header else reply


def tune_form(headed: Headed, tidy: bool) -> Form:
    """The form of rows with a tune and a caption; without a caption one is made from the tune's header.

    Args:
        headed: who writes the header.
        tidy: whether what says nothing of the music is left out.
    """

    def read(form: Format, row: Mapping[str, Any], place: str) -> Conversation:
        return _asked(form, row, place, headed, tidy).conversation(headed)

    return Form("tune", {"abc": ABC}, {"caption": CAPTION}, "captions and tunes in ABC", read)


def asking_form(headed: Headed, tidy: bool) -> Form:
    """The form of rows that ask for a tune: a caption, and with `header: given` a header or a tune that has one."""

    def read(form: Format, row: Mapping[str, Any], place: str) -> Conversation:
        if _filled(form.cell(row, "abc")):
            return Conversation(_asked(form, row, place, headed, tidy).conversation(headed).messages[:1])
        caption, header = form.cell(row, "caption"), form.cell(row, "header")
        if not _filled(caption):
            raise InputError("a row without a caption", expected="a text such as: a waltz in D major", place=place)
        if headed == "written":
            return AskedTune(caption.strip()).conversation(headed)
        given = given_header(tidied(header)) if _filled(header) else ""
        if not given:
            raise InputError(
                "a caption without the header of its tune, which this model was trained to be given",
                expected="a column `header` from X: to K:, or `abc` with a tune whose header is taken",
                place=place,
            )
        return _turns(f"{caption.strip()}\n{given}", "")

    return Form("tune", {"caption": CAPTION}, {"abc": ABC, "header": ("header",)}, "captions", read)


def _asked(form: Format, row: Mapping[str, Any], place: str, headed: Headed, tidy: bool) -> AskedTune:
    abc, caption = form.cell(row, "abc"), form.cell(row, "caption")
    if not _filled(abc):
        raise InputError("a row without a tune", expected="ABC text", fix="leave the row out", place=place)
    abc = tidied(abc) if tidy else abc.strip()
    if headed == "given" and not parted(abc)[1]:
        raise InputError(
            "a tune without a K: field, or without music behind it",
            expected="a header that ends in the key, which `header: given` gives to the model",
            fix="mend or leave out the tune, or choose `input.header=written`",
            place=place,
        )
    return AskedTune(caption.strip() if _filled(caption) else caption_of(header_of(abc)), abc)


def _filled(cell: Any) -> bool:
    return isinstance(cell, str) and bool(cell.strip())
