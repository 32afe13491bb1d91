"""Texts are told by their scripts, and letters that only look right are found."""

from __future__ import annotations

import pytest

from burnish.media.text.scripts import mixes_scripts, script_of_text


@pytest.mark.parametrize(
    ("text", "script"),
    [
        ("Hello, world!", "Latin"),
        ("Ça va très bien", "Latin"),
        ("Добрый день", "Cyrillic"),
        ("καλημέρα", "Greek"),
        ("नमस्ते दुनिया", "Devanagari"),
        ("สวัสดี", "Thai"),
        ("مرحبا", "Arabic"),
        ("今天天气很好", "Han"),
        ("日本語のテキスト", "Han and Kana"),
        ("안녕하세요", "Hangul"),
        ("Wir sagen да", "Latin"),
        ("123 - 456", ""),
        ("", ""),
    ],
)
def test_the_script_of_a_text(text: str, script: str) -> None:
    assert script_of_text(text) == script


@pytest.mark.parametrize(
    ("text", "mixed"),
    [
        ("pаss", True),  # a Cyrillic а
        ("Hello мир", False),
        ("東京タワー", False),
        ("naïve", False),
        ("स्कूल", False),
        ("ＡＢＣ abc", False),
        ("USB-кабель", False),
    ],
)
def test_words_of_two_scripts(text: str, mixed: bool) -> None:
    assert mixes_scripts(text) is mixed
