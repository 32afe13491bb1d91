"""What English texts write in two ways, in one: contractions, numbers, signs, titles, British and American spelling.

Only where both ways are the same words. `'s` (is, has, or whose) and `'d` (had, would) stay as they are.
"""

from __future__ import annotations

import re

from burnish.media.transcript._english_numbers import numbers_in_digits

_WHOLE = {
    "won't": "will not",
    "can't": "can not",
    "cannot": "can not",
    "shan't": "shall not",
    "ain't": "ain't",
    "let's": "let us",
    "y'all": "you all",
    "ma'am": "madam",
    "gonna": "going to",
    "wanna": "want to",
    "gotta": "got to",
    "gimme": "give me",
    "lemme": "let me",
    "okay": "ok",
    "mr": "mister",
    "mrs": "missus",
    "dr": "doctor",
    "vs": "versus",
    "%": "percent",
    "&": "and",
    "@": "at",
    "+": "plus",
    "=": "equals",
}
_ENDINGS = (("n't", " not"), ("'re", " are"), ("'ll", " will"), ("'ve", " have"), ("'m", " am"))
_CURRENCY = {"$": "dollars", "£": "pounds", "€": "euros"}
_AMOUNT = re.compile(r"([$£€]) ?(\d[\d.,]*)(?: (million|billion|trillion))?")
_PER_CENT = re.compile(r"\bper cent\b")
_SIGN = re.compile(r"([%&@+=])")

# British stems and what American texts write; endings follow.
_OUR = "armour|behaviour|clamour|colour|endeavour|favour|flavour|harbour|honour|humour|labour|neighbour|odour|parlour|rumour|savour|saviour|splendour|vapour"  # noqa: E501
_ISE = "apolog|author|capital|character|civil|critic|emphas|equal|general|hospital|ideal|industrial|maxim|memor|minim|modern|organ|penal|popular|priorit|real|recogn|special|stabil|standard|summar|symbol|util|visual"  # noqa: E501
_LL = "cancel|counsel|fuel|label|level|marvel|model|quarrel|signal|travel"
_SPELLINGS = [
    (re.compile(rf"^({'|'.join(stem[:-3] for stem in _OUR.split('|'))})our(?=(s|ed|ing|able|ite|ites|ful|less|er|ers|hood|hoods|ly)?$)"), r"\1or"),  # noqa: E501
    (re.compile(rf"^((?:re|dis|un)?(?:{_ISE}))is(?=(e|es|ed|ing|er|ers|ation|ations)$)"), r"\1iz"),
    (re.compile(r"^(anal|catal|paral)ys(?=(e|ed|ing)$)"), r"\1yz"),
    (re.compile(rf"^({_LL})l(?=(ed|ing|er|ers)$)"), r"\1"),
    (re.compile(r"^(cent|theat|fib|lit|lust|sab|spect|(?:kilo|centi|milli)?met|calib|meag|somb)re(?=s?$)"), r"\1er"),
    (re.compile(r"^(def|off|pret)ence(?=s?$)"), r"\1ense"),
    (re.compile(r"^licence(?=s?$)"), "license"),
    (re.compile(r"^(catal|dial|anal)ogue(?=s?$)"), r"\1og"),
    (re.compile(r"^practis(?=(e|es|ed|ing)$)"), "practic"),
]  # fmt: skip
_WORDS = {
    "grey": "gray",
    "greys": "grays",
    "programme": "program",
    "programmes": "programs",
    "jewellery": "jewelry",
    "plough": "plow",
    "sceptical": "skeptical",
    "moustache": "mustache",
    "pyjamas": "pajamas",
    "cosy": "cozy",
    "mould": "mold",
    "enrol": "enroll",
    "fulfil": "fulfill",
    "skilful": "skillful",
}


def in_one_spelling(text: str) -> str:
    """A text in small letters with single spaces, written in one way."""
    text = _SIGN.sub(r" \1 ", _AMOUNT.sub(_amount, text))
    words = [part for word in text.split() for part in _expanded(word).split()]
    joined = _PER_CENT.sub("percent", " ".join(words))
    return " ".join(_american(word) for word in numbers_in_digits(joined.split()))


def _amount(found: re.Match[str]) -> str:
    sign, digits, scale = found.groups()
    return " ".join(filter(None, (digits, scale, _CURRENCY[sign])))


def _expanded(word: str) -> str:
    if word in _WHOLE:
        return _WHOLE[word]
    for ending, whole in _ENDINGS:
        if word.endswith(ending) and len(word) > len(ending):
            return word.removesuffix(ending) + whole
    return word


def _american(word: str) -> str:
    if word in _WORDS:
        return _WORDS[word]
    for british, american in _SPELLINGS:
        changed = british.sub(american, word)
        if changed != word:
            return changed
    return word
