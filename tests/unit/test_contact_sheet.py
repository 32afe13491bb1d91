"""Contact sheets."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image as Pillow

from burnish.report.contact_sheet import TILE, contact_sheet, plain, shortened, width
from burnish.report.drawing import canvas
from tests.image_cases import picture


def test_holds_every_picture(tmp_path: Path) -> None:
    """Pictures of any shape are on the sheet in their colours, and the sheet grows with them."""
    red = np.zeros((10, 30, 3), np.uint8)
    red[:] = (255, 0, 0)
    contact_sheet([red, np.asarray(picture(1, 300, 200))], ["red", "二"], tmp_path / "new" / "sheet.png")
    one = np.asarray(Pillow.open(tmp_path / "new" / "sheet.png").convert("RGB")).astype(int)
    assert one.shape[1] >= 2 * TILE
    assert ((one[:, :, 0] > 240) & (one[:, :, 1] < 15)).sum() > TILE * TILE / 3 * 0.8
    contact_sheet([red] * 17, [f"{i}\nsecond line" for i in range(17)], tmp_path / "sheet.png", title="many")
    assert Pillow.open(tmp_path / "sheet.png").height > 3 * TILE


def test_captions_are_shortened(tmp_path: Path) -> None:
    """A long caption does not run into the next picture; control characters are not drawn."""
    with canvas(tmp_path / "x.png", 2, 2) as figure:
        figure.set_layout_engine("none")
        for text in ("WWWWWWWW_IMG_20240101_WA0001.jpeg", "i" * 200, "图" * 30, "person_0001_session_02_take_3.png"):
            shown = shortened(plain(text), TILE, figure)
            assert width(shown, figure) <= TILE
            assert (shown[0], shown[-1]) == (text[0], text[-1]) or "?" in shown
        assert shortened("short.png", TILE, figure) == "short.png"
    assert plain("a\nb\x00c") == "a b c"


def test_needs_a_caption_for_each(tmp_path: Path) -> None:
    """Numbers that do not fit are an error, not a sheet with wrong captions."""
    with pytest.raises(ValueError, match="captions"):
        contact_sheet([np.zeros((2, 2, 3), np.uint8)], [], tmp_path / "sheet.png")
