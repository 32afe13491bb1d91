"""Seams: places where a text may be cut without changing a token before the cut.

A tokenizer reads a text in steps: added tokens are set apart, the rest is normalised, cut into pieces, and each piece becomes
tokens. Where every step ends something at a place, whatever stands behind it, the tokens up to there are those of the whole
text. Which places are such is known for the steps that are listed here, letter by letter; of any other step nothing is
assumed, and texts are read whole.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from tokenizers import Tokenizer

_HAN = "\u3400-\u4dbf\u4e00-\u9fff"
# Letters and digits that never join what stands before them. Decomposed they may end in a mark, but a space ends that, too.
_LETTERS = (
    "0-9A-Za-z\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u024f\u0391-\u03a1\u03a3-\u03c9\u0400-\u0481\u048a-\u052f\u05d0-\u05ea"
    f"\u0620-\u063f\u0641-\u064a\u0904-\u0939\u3041-\u3096\u30a1-\u30fa{_HAN}\uac00-\ud7a3"
)
_PLAIN = f"0-9A-Za-z{_HAN}"  # those that normalisation leaves a letter without a mark
_SPACE = " "
_SIGN = "\u2581"  # of SentencePiece for a space
_LINES = "\n\t"
_MARKS = '.,;:!?()"\u3001\u3002\u300a\u300b\u300c\u300d\uff01\uff08\uff09\uff0c\uff1a\uff1b\uff1f'
_ALL = _SPACE + _LINES + _MARKS
# Patterns of which each alternative that takes a letter or digit ends before a space, a line end and these marks.
_PATTERNS = {
    # GPT-2
    r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+",
    # GPT-4, Llama 3
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+",
    # Qwen 2
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+",
    # GPT-4o
    r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?"
    r"|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?"
    r"|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+",
}
_LOCAL = {"BertNormalizer", "Lowercase", "NFC", "NFD", "NFKC", "NFKD", "Nmt", "Precompiled", "Strip", "StripAccents"}
_SPACES = {" {2,}", "\\s+", "\\s{2,}"}  # patterns of spaces only: a match begins at a seam, or behind it


@dataclass(frozen=True)
class Seams:
    """Where texts may be cut.

    Attributes:
        pattern: the letter before a seam; None: there are none.
        each: whether there is at least one token between two seams.
        normalized: what becomes of a letter, where it may be anything; None: it stays one.
    """

    pattern: re.Pattern[str] | None
    each: bool
    normalized: Callable[[str], str] | None = None

    def last(self, text: str, most: int) -> int:
        """The last seam among the first `most` characters; 0 where there is none."""
        step, end = 256, min(most, len(text))  # backwards in growing steps: nearly always one is near
        while end > 0 and self.pattern is not None:
            start = max(0, end - step)
            # One character more, because a seam depends on what stands behind it.
            for match in reversed(list(self.pattern.finditer(text, start, end + 1))):
                if self._stays(match.group()):
                    return match.end()
            end, step = start, step * 4
        return 0

    def _stays(self, letter: str) -> bool:
        """Whether a letter is still one, or a letter with marks, when it is normalised."""
        if self.normalized is None:
            return True
        composed = unicodedata.normalize("NFC", self.normalized(letter))
        return bool(composed) and composed[-1].isalnum()

    def count(self, text: str, start: int, end: int) -> int:
        """How many tokens there are at least in a text from one seam to a place."""
        return sum(1 for _ in self.pattern.finditer(text, start, end)) if self.pattern and self.each else 0


def seams_of(tokenizer: Tokenizer) -> Seams:
    """Where texts may be cut for a tokenizer."""
    steps = json.loads(tokenizer.to_str())
    model, normalizers, cutters = steps["model"], _steps(steps["normalizer"]), _steps(steps["pre_tokenizer"])
    if model.get("dropout") or not all(map(_keeps_seams, normalizers)):
        return Seams(None, False)

    def normalized(text: str) -> str:
        return text if tokenizer.normalizer is None else str(tokenizer.normalizer.normalize_str(text))

    rights = _rights(cutters) if cutters else _SPACE * _ends_at_spaces(model, normalizers)
    added = [form for token in steps["added_tokens"] for form in (token["content"], normalized(token["content"]))]
    forms = _forms(_kept(rights, cutters, normalized), added)
    if _cuts_han(normalizers, cutters) and not any(re.search(f"[{_HAN}]", form) for form in added):
        forms.append(f"[{_HAN}](?=[{_HAN}])")
    free = any(n["type"] in ("Replace", "Precompiled") for n in normalizers)
    pattern = re.compile("|".join(forms)) if forms else None
    return Seams(pattern, _knows_all(model, cutters, normalizers), normalized if free else None)


def _forms(rights: Mapping[str, str], added: Sequence[str]) -> list[str]:
    """Patterns of the letters before seams.

    Args:
        rights: what stands behind a seam, and what becomes of it.
        added: added tokens, through which no cut may go.
    """
    inside = {m for form in added for before, m in pairwise(form) if before.isalnum()}
    known = [right for right, becomes in rights.items() if not {right, becomes} & inside]
    marks = "".join(right for right in known if right != _SPACE)
    forms = [f"[{_LETTERS}](?= )"] if _SPACE in known else []
    return forms + ([f"[{_PLAIN}](?=[{re.escape(marks)}])"] if marks else [])


def _kept(rights: str, cutters: Sequence[dict[str, Any]], normalized: Callable[[str], str]) -> dict[str, str]:
    """Those that normalisation leaves what they are, and what becomes of them: nothing, or the sign for a space."""
    kept = {}
    signs = all(cutter["type"] in ("Metaspace", "ByteLevel", "Split") for cutter in cutters)
    for right in rights:
        head, whole = normalized("a"), normalized(f"a{right}b")
        becomes = whole.removeprefix(head).removesuffix("b")
        plain = {right, unicodedata.normalize("NFKC", right), *(" " if right in _LINES else "")}
        if whole == f"{head}{becomes}b" and (becomes in plain or (right == _SPACE and becomes == _SIGN and signs)):
            kept[right] = becomes
    return kept


def _steps(step: dict[str, Any] | None) -> list[dict[str, Any]]:
    """A step, or the steps it is a sequence of."""
    if step is None:
        return []
    if step["type"] != "Sequence":
        return [step]
    return [inner for one in step.get("normalizers", step.get("pretokenizers", ())) for inner in _steps(one)]


def _keeps_seams(normalizer: dict[str, Any]) -> bool:
    """Whether what it makes of the text up to a seam does not depend on what follows."""
    kind = normalizer["type"]
    if kind == "Replace":
        pattern = normalizer["pattern"]
        if "String" in pattern:  # of one character, or without a letter or digit: it cannot reach over a seam
            return len(pattern["String"]) == 1 or not any(map(str.isalnum, pattern["String"]))
        return pattern.get("Regex") in _SPACES
    return kind in _LOCAL or kind == "Prepend"


def _rights(cutters: Sequence[dict[str, Any]]) -> str:
    """What behind a letter begins a new piece for one of them, and disturbs none of the others."""
    ends, calm = set[str](), set(_ALL)
    for cutter in cutters:
        cut_at, undisturbed = _ends(cutter)
        ends |= set(cut_at)
        calm &= set(undisturbed)
    return "".join(mark for mark in _ALL if mark in ends & calm)


def _ends(cutter: dict[str, Any]) -> tuple[str, str]:
    """What behind a letter begins a new piece, and what leaves all pieces before it as they are."""
    kind = cutter["type"]
    if kind in ("BertPreTokenizer", "Whitespace"):
        return _ALL, _ALL
    if kind == "WhitespaceSplit":
        return _SPACE + _LINES, _ALL
    if kind == "Metaspace":
        return (_SPACE if cutter.get("split", True) else ""), _ALL
    if kind == "Digits":
        return "", _ALL
    if kind == "Punctuation" and cutter["behavior"] in ("Isolated", "Contiguous", "Removed"):
        return _MARKS, _ALL
    if kind == "ByteLevel":
        return (_ALL, _ALL) if cutter.get("use_regex", True) else ("", _ALL)
    if kind == "Split":
        return _ends_of_split(cutter)
    return "", ""


def _ends_of_split(cutter: dict[str, Any]) -> tuple[str, str]:
    known = cutter["pattern"].get("Regex") in _PATTERNS
    whole = cutter["behavior"] == "Isolated" or (cutter["behavior"] == "Removed" and cutter["invert"])
    return (_ALL, _ALL) if known and whole else ("", "")


def _ends_at_spaces(model: dict[str, Any], normalizers: Sequence[dict[str, Any]]) -> bool:
    """Whether a model that is given the whole text (Llama 2) joins nothing over a space: no token has one behind a letter.

    Merges are then made before and behind each space as if nothing else were there.
    """
    spaces = [n["content"] for n in normalizers if n["type"] == "Replace" and n["pattern"].get("String") == _SPACE]
    if model["type"] != "BPE" or model.get("ignore_merges") or spaces != [_SIGN] or _SIGN not in model["vocab"]:
        return False
    if model.get("continuing_subword_prefix") or model.get("end_of_word_suffix"):
        return False
    return not any(_SIGN in token.lstrip(_SIGN) for token in model["vocab"])


def _cuts_han(normalizers: Sequence[dict[str, Any]], cutters: Sequence[dict[str, Any]]) -> bool:
    """Whether each Chinese character is a piece of its own."""
    spaced = any(n["type"] == "BertNormalizer" and n["handle_chinese_chars"] for n in normalizers)
    cut = any(cutter["type"] in ("BertPreTokenizer", "Whitespace", "WhitespaceSplit") for cutter in cutters)
    return spaced and cut and all(set(_ends(cutter)[1]) == set(_ALL) for cutter in cutters)


def _knows_all(model: dict[str, Any], cutters: Sequence[dict[str, Any]], normalizers: Sequence[dict[str, Any]]) -> bool:
    """Whether every letter becomes a token, if only the one for what is unknown."""
    if any(step["type"] == "ByteLevel" for step in [*cutters, *normalizers]) or model.get("byte_fallback"):
        return True
    return model.get("unk_token") is not None or model.get("unk_id") is not None
