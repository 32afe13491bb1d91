"""A file is looked at anew when its bytes changed, also where its size and its old date were put back."""

from __future__ import annotations

import os
from pathlib import Path

from burnish.data.looking.file_index import _stamp
from tests.image_cases import OLD


def test_other_bytes_of_the_same_size_and_date_are_another_file(tmp_path: Path) -> None:
    place = tmp_path / "a.wav"
    place.write_bytes(b"first")
    os.utime(place, (OLD, OLD))
    before = _stamp(place)
    place.write_bytes(b"other")
    os.utime(place, (OLD, OLD))
    after = _stamp(place)
    assert before is not None
    assert after is not None
    assert (before.size, before.modified) == (after.size, after.modified)
    assert before.text != after.text
