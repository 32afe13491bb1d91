"""Which scheme the prefixes of tags follow: IOB2, BIOES, BILOU ...; what follows none is refused by name."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Literal

from burnish.core.errors import InputError
from burnish.targets._spans import OUTSIDE, PREFIXES, split_tag

Scheme = Literal["IOB1", "IOB2", "IOE", "BIOES", "BILOU", "BMES", "BMEWO", "none"]
_LETTERS: tuple[tuple[Scheme, str], ...] = (
    ("IOB2", "BI"),
    ("IOE", "IE"),
    ("BIOES", "BIES"),
    ("BILOU", "BILU"),
    ("BMES", "BMES"),
    ("BMEWO", "BMEW"),
)
_PREFIXED = re.compile(rf"[{PREFIXES}](-.*)?", re.DOTALL)
_BEHIND = re.compile(rf".+[-_/][{PREFIXES}]")
_OTHER_JOINT = re.compile(rf"[{PREFIXES}{PREFIXES.lower()}][_:/|.].+|[{PREFIXES.lower()}]-.+")


def scheme_of(names: Iterable[str], rows: Iterable[Sequence[str | None]], column: str) -> Scheme:
    """The scheme of tags; `none` where they have no prefixes, such as parts of speech.

    Args:
        names: all tags that occur.
        rows: sentences of them, which tell IOB1 from IOB2.
        column: for the error.

    Raises:
        InputError: prefixes that are of no one scheme, or are written another way.
    """
    tags = sorted(set(names) - {OUTSIDE})
    plain = [tag for tag in tags if not _PREFIXED.fullmatch(tag)]
    letters = {tag[0] for tag in tags if tag not in plain}
    if not letters or ("B" not in letters and 2 * len(plain) > len(tags)):
        odd = [tag for tag in plain if _OTHER_JOINT.fullmatch(tag) or _BEHIND.fullmatch(tag)]
        if odd and 2 * len(odd) > len(plain):
            raise _refused(column, f"tags such as {odd[0]!r}, whose prefixes are not written as in B-person")
        return "none"
    if plain:
        having = next(tag for tag in tags if tag not in plain)
        raise _refused(column, f"tags with a prefix, such as {having!r}, and without, such as {plain[0]!r}")
    fitting = [scheme for scheme, known in _LETTERS if letters <= set(known)]
    if not fitting:
        raise _refused(column, f"tags with the prefixes {', '.join(sorted(letters))}, which belong to no one scheme")
    return "IOB1" if fitting[0] == "IOB2" and _begins_only_between(rows) else fitting[0]


def _begins_only_between(rows: Iterable[Sequence[str | None]]) -> bool:
    """Whether entities begin with I-, and B- stands only where one follows another of its type, as in IOB1."""
    inside_first = 0
    for tags in rows:
        before, kind = OUTSIDE, ""
        for tag in tags:
            prefix, this = split_tag(OUTSIDE if tag is None else tag)
            if prefix == "B" and (before == OUTSIDE or kind != this):
                return False
            inside_first += prefix == "I" and (before == OUTSIDE or kind != this)
            before, kind = prefix, this
    return inside_first > 0


def _refused(column: str, what: str) -> InputError:
    return InputError(
        f"column {column!r} holds {what}: entities cannot be counted",
        expected="IOB1, IOB2, IOE, BIOES, BILOU, BMES or BMEWO: O outside of entities, else B-person, I-person ... "
        "or tags without any prefix",
        fix="write the tags so; or count each run of equal tags as one span: "
        f"target={{kind: tags, column: {column}, scheme: none}}",
        place="target",
    )
