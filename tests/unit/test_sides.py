"""Class names that tell left from right are found, and only where pictures are mirrored is there a warning."""

from __future__ import annotations

import pytest

from burnish.data.looking.sides import mirroring_warning, sided


@pytest.mark.parametrize(
    ("names", "pairs"),
    [
        (["turn_left", "turn_right", "stop"], [("turn_left", "turn_right")]),
        (["LeftLung", "RightLung"], [("LeftLung", "RightLung")]),
        (["hand l", "hand r", "foot l"], [("hand l", "hand r")]),
        (["Kurve (links)", "Kurve (rechts)"], [("Kurve (links)", "Kurve (rechts)")]),
        (["左转", "右转", "直行"], [("左转", "右转")]),
        (["left only", "right turn"], []),
        (["bright", "aleft", "cat", "dog"], []),
        ([], []),
    ],
)
def test_pairs_of_sides(names: list[str], pairs: list[tuple[str, str]]) -> None:
    assert sided(names) == pairs


def test_the_warning_names_classes_and_fields() -> None:
    names = ["turn left", "turn right"]
    assert mirroring_warning(names, []) == ""
    assert mirroring_warning(["cat", "dog"], ["augmentation.horizontal_flip"]) == ""
    text = mirroring_warning(names, ["augmentation.horizontal_flip", "input.test_views"])
    assert "'turn left' and 'turn right'" in text
    assert "input.test_views" in text
