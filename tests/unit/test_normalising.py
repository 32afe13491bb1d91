"""Normalised transcripts: what is one text in two ways becomes one, and no mark of any script is lost."""

from __future__ import annotations

import unicodedata

import numpy as np
import pytest

from burnish.media.transcript.normalising import normalised, words_of

SAME = [
    ("The FERRY leaves.", "the ferry leaves"),
    ("don\u2019t, don\u00b4t", "don't don't"),
    ("'quoted' \u201cwords\u201d", "quoted words"),
    ("well-known \u2014 so", "well known so"),
    ("a\u0301 caf\u0065\u0301", "\u00e1 caf\u00e9"),
    ("\ufb01ne \uff21\uff22", "fine ab"),
    ("1,000 and 3.5.", "1,000 and 3.5"),
    ("tabs\tand\nlines  ", "tabs and lines"),
    ("Straße ΟΔΟΣ İzmir", "straße οδος izmir"),
    ("क़िला, नमस्ते। १२३", "\u0915\u093cिला नमस्ते 123"),
    ("مَرْحَبًا، بـــِكَ ٣٫٥؟", "مَرْحَبًا بِكَ 3.5"),
    ("שָׁלוֹם, צה\u05f4ל", "שָׁלוֹם צה\u05f4ל"),
    ("สวัสดี ครับ ทำ", "สวัสดีครับทำ"),
    ("你好， 世界。ｶﾞｲﾄﾞ", "你好世界ガイド"),
    ("안녕하세요!", "안녕하세요"),
    ("col\u00b7legi l'home", "col\u00b7legi l'home"),
    ("soft\u00adhyphen \u200bword\u200f", "softhyphen word"),
    ("5 % & 3 € \u266a \U0001f600", "5 % & 3 €"),
]


@pytest.mark.parametrize(("text", "wanted"), SAME)
def test_basic(text: str, wanted: str) -> None:
    assert normalised(text, "basic") == unicodedata.normalize("NFC", wanted)


@pytest.mark.parametrize("text", ["नमस्ते हिन्दी में", "ที่นี่ น้ำ", "مُحَمَّدٌ", "שָׁלוֹם", "தமிழ்", "မြန်မာ", "ខ្មែរ", "Việt Nam", "বাংলা"])
@pytest.mark.parametrize("form", ["none", "basic", "english"])
def test_no_mark_of_a_script_is_lost(text: str, form: str) -> None:
    """Vowel signs, viramas, tones and points, counted in the canonical form."""

    def marks(given: str) -> list[str]:
        return [c for c in unicodedata.normalize("NFD", given) if unicodedata.category(c).startswith("M")]

    assert marks(normalised(text, form)) == marks(text)  # type: ignore[arg-type]
    assert marks(text) or text == "ที่นี่ น้ำ"


def test_every_mark_of_unicode_stays_on_its_letter() -> None:
    """All of them, behind a letter: a mark that is dropped would make two words equal."""
    lost = [
        hex(code)
        for code in range(0x300, 0x1E950)
        if unicodedata.category(mark := chr(code)).startswith("M")
        and len(unicodedata.normalize("NFD", normalised(f"k{mark}", "basic")))
        < len(unicodedata.normalize("NFKD", f"k{mark}"))
    ]
    assert not lost


@pytest.mark.parametrize("form", ["basic", "english"])
def test_normalising_twice_is_normalising_once(form: str) -> None:
    """Over random texts of many scripts."""
    draw = np.random.default_rng(0)
    ranges = [
        (32, 127),
        (0xA0, 0x24F),
        (0x370, 0x52F),
        (0x590, 0x6FF),
        (0x900, 0xDFF),
        (0xE00, 0xEFF),
        (0x3000, 0x30FF),
    ]
    for _ in range(400):
        low, high = ranges[draw.integers(len(ranges))]
        text = "".join(map(chr, draw.integers(low, high, draw.integers(1, 40))))
        once = normalised(text, form)  # type: ignore[arg-type]
        assert normalised(once, form) == once, text  # type: ignore[arg-type]
        assert unicodedata.is_normalized("NFC", once)


def test_none_changes_nothing() -> None:
    assert normalised(" The  Ferry. ", "none") == " The  Ferry. "
    assert words_of(" The  Ferry. ", "none") == ["The", "Ferry."]


def test_characters_of_scripts_without_spaces_are_words() -> None:
    assert words_of("渡船 leaves 九点。", "basic") == ["渡", "船", "leaves", "九", "点"]
    assert words_of("ที่นี่", "basic") == ["ที่", "นี่"]
    assert words_of("नमस्ते दुनिया", "basic") == ["नमस्ते", "दुनिया"]
    assert words_of("... !", "basic") == []


ENGLISH = [
    ("I won't, can't and cannot", "i will not can not and can not"),
    ("They're sure we've said I'm late; it's hers, he'd know", "they are sure we have said i am late it's hers he'd know"),
    ("two hundred and five", "205"),
    ("nineteen eighty-four and twenty twenty six", "1984 and 2026"),
    ("nineteen hundred and five", "1905"),
    ("one two three", "1 2 3"),
    ("1,234 people, a hundred dogs", "1234 people 100 dogs"),
    ("three point one four", "3.14"),
    ("$2.5 million", "2500000 dollars"),
    ("two point five million", "2500000"),
    ("5% and five per cent", "5 percent and 5 percent"),
    ("the super centre", "the super center"),
    ("the twenty-first, the first, the 21st, the two hundredth", "the 21st the 1st the 21st the 200th"),
    ("one second, the 2nd, twenty-second", "1 second the second 22nd"),
    ("one million two thousand three hundred and four", "1002304"),
    ("five hundred thousand", "500000"),
    ("three point one oh", "3.1 oh"),
    ("hundred and", "100 and"),
    ("the colour of neighbours' organisations was analysed", "the color of neighbors organizations was analyzed"),
    ("our four hours, a rise, advise, promise, travelled, grey", "our 4 hours a rise advise promise traveled gray"),
    ("Mr. Smith & Dr. Jones", "mister smith and doctor jones"),
    ("um, uh, hello", "um uh hello"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "wanted"), ENGLISH)
def test_english(text: str, wanted: str) -> None:
    assert normalised(text, "english") == wanted


def test_every_number_below_ten_thousand_is_read_back() -> None:
    """Written out by the rules of English, with and without `and`."""
    units = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"]
    units += ["thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen"]
    tens = ["", "", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"]

    def spelled(number: int, joint: str) -> str:
        if number < 20:
            return units[number]
        if number < 100:
            return tens[number // 10] + (f"-{units[number % 10]}" if number % 10 else "")
        size, name = (1000, "thousand") if number >= 1000 else (100, "hundred")
        rest = number % size
        between = joint if rest < 100 else " "
        return f"{spelled(number // size, joint)} {name}" + (f"{between}{spelled(rest, joint)}" if rest else "")

    for number in range(10000):
        for joint in (" ", " and "):
            assert normalised(spelled(number, joint), "english") == str(number), spelled(number, joint)
