"""What CTranslate2's own threads may hold: nothing that ends in them, for that takes the process along."""

from __future__ import annotations

import weakref
from types import SimpleNamespace
from typing import Any, cast

import pytest

from burnish.core.component import build
from burnish.core.errors import InputError
from burnish.core.generated import Ends
from burnish.decoders import Decoder
from burnish.runtimes._batches import batch_written
from burnish.runtimes.ctranslate2 import settings_of


class Caller:
    """Whose callback the library is given."""

    def told(self, step: Any) -> bool:
        return bool(step)


class Library:
    """Keeps the callback after it has returned, as a thread of the library may."""

    num_generators = 2

    def __init__(self, fails: bool) -> None:
        self.kept: Any = None
        self.fails = fails

    def generate_batch(self, prompts: list[list[str]], callback: Any, max_batch_size: int, **options: Any) -> list[Any]:
        assert max_batch_size == 1
        self.kept = callback
        assert callback(1) is True
        assert callback(0) is False
        if self.fails:
            raise RuntimeError("out of memory")
        return [SimpleNamespace(prompt=prompt) for prompt in prompts]


@pytest.mark.parametrize("fails", [False, True])
def test_a_callback_reaches_nothing_of_the_caller_once_a_batch_is_written(fails: bool) -> None:
    library, caller = Library(fails), Caller()
    gone = weakref.ref(caller)
    if fails:
        with pytest.raises(RuntimeError, match="out of memory"):
            batch_written(library, [["a"]], 4, Ends(), {}, caller.told)
    else:
        assert len(batch_written(library, [["a"], ["b"]], 4, Ends(), {}, caller.told)) == 2
    del caller
    assert library.kept is not None
    assert gone() is None


def test_a_beam_with_stop_texts_is_refused() -> None:
    beam = cast(Decoder, build("burnish.decoders", {"kind": "beam", "width": 3, "stop": ["."]}))
    with pytest.raises(InputError, match="beam that ends at stop texts"):
        settings_of(beam)
