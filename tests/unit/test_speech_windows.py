"""Windows of speech that are learned from the training recordings."""

from __future__ import annotations

import numpy as np
import pytest

from burnish.inputs.speech import Speech


def learned(window: str, lengths: list[float], **settings: object) -> tuple[Speech, str]:
    made = Speech.model_validate({"window": window, **settings})
    return made.learned({"train": {"seconds": np.array(lengths)}, "test": {"seconds": np.array([25.0])}})


def test_natural_windows_are_little_longer_than_the_longest_training_recording() -> None:
    found, said = learned("natural", [1.2, 3.9, np.nan])
    assert found.seconds == 5.0
    assert "windows of at most 5 s" in said
    assert learned("natural", [0.3])[0].seconds == 2.0


@pytest.mark.parametrize(
    ("window", "seconds", "settings"),
    [
        ("full", [3.0], {}),
        ("natural", [28.0], {}),
        ("natural", [3.0], {"seconds": 20.0}),
        ("natural", [3.0], {"start": "start"}),
        ("natural", [np.nan], {}),
    ],
)
def test_others_stay_what_they_are(window: str, seconds: list[float], settings: dict[str, object]) -> None:
    found, said = learned(window, seconds, **settings)
    assert said == ""
    assert found.seconds == settings.get("seconds")


def test_as_pretrained_has_the_window_of_the_checkpoint() -> None:
    found = learned("natural", [3.0])[0].as_pretrained()
    assert (found.window, found.seconds) == ("full", None)
