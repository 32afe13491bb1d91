"""Patterns of personal data in texts: addresses, numbers of telephones, cards, accounts and persons. Found, never kept."""

from __future__ import annotations

import re
from collections.abc import Callable

_DIGITS = re.compile(r"\D")


def _luhn(text: str) -> bool:
    """The check digit of cards (ISO/IEC 7812-1, annex B)."""
    digits = [int(d) for d in _DIGITS.sub("", text)]
    if not 13 <= len(digits) <= 19 or len(set(digits)) == 1:
        return False
    doubled = [d if i % 2 == 0 else (2 * d - 9 if d > 4 else 2 * d) for i, d in enumerate(reversed(digits))]
    return sum(doubled) % 10 == 0


def _iban(text: str) -> bool:
    """The check digits of bank accounts (ISO 13616): 1 is left when all is divided by 97."""
    plain = re.sub(r"\s", "", text).upper()
    return 15 <= len(plain) <= 34 and int("".join(str(int(c, 36)) for c in plain[4:] + plain[:4])) % 97 == 1


def _resident(text: str) -> bool:
    """The check digit of Chinese resident numbers (GB 11643-1999)."""
    weights = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
    total = sum(int(digit) * weight for digit, weight in zip(text[:17], weights, strict=True))
    return "10X98765432"[total % 11] == text[17].upper()


def _address(text: str) -> bool:
    """Four numbers up to 255, and none that many machines have."""
    return all(int(part) < 256 for part in text.split(".")) and not text.startswith(("0.", "127.", "255."))


def _telephone(text: str) -> bool:
    """With ten digits, or with a country's; fewer may be any number."""
    return (9 if text.startswith("+") else 10) <= len(_DIGITS.sub("", text)) <= 15


PATTERNS: dict[str, tuple[re.Pattern[str], Callable[[str], bool] | None]] = {
    "e-mail addresses": (re.compile(r"(?<![\w.+-])[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{2,63})+"), None),
    "Chinese mobile numbers": (re.compile(r"(?<!\d)1[3-9]\d{9}(?!\d)"), None),
    "payment cards": (re.compile(r"(?<![\d.])\d{4}[ -]?\d{4}[ -]?\d{4}[ -]?\d{1,7}(?!\d)"), _luhn),
    "bank accounts (IBAN)": (re.compile(r"\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,3})?\b"), _iban),
    "Chinese resident numbers": (re.compile(r"(?<!\d)[1-9]\d{5}(?:19|20)\d{9}[\dXx](?!\d)"), _resident),
    "US social security numbers": (
        re.compile(r"(?<![\d-])(?!000|666|9)\d{3}-(?!00)\d{2}-(?!0000)\d{4}(?![\d-])"),
        None,
    ),
    "internet addresses of machines": (re.compile(r"(?<![\d.])\d{1,3}(?:\.\d{1,3}){3}(?![\d.])"), _address),
    "telephone numbers": (
        re.compile(r"(?<![\w.])(?<!\d[ -])(?:\+\d[\d ()/-]{7,18}\d|\(?0\d{2,4}\)?[ /-]?\d[\d /-]{5,10}\d)(?!\w)"),
        _telephone,
    ),
}
"""What is looked for, by its name, and what else must hold of a match, such as a check digit."""
_ANY = re.compile(r"@|\d")


def personal(text: str) -> dict[str, int]:
    """How often each kind occurs in a text; kinds that do not occur are left out."""
    if not _ANY.search(text):
        return {}
    counts: dict[str, int] = {}
    for name, (pattern, holds) in PATTERNS.items():
        found = [match for match in pattern.finditer(text) if holds is None or holds(match[0])]
        if found:
            counts[name] = len(found)
            # What is one kind is no other: an account holds digits that look like a telephone number.
            for match in reversed(found):
                text = f"{text[: match.start()]} {text[match.end() :]}"
    return counts
