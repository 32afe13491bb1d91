"""A tokenizer that keeps only the tokens some texts need, and reads these texts as before."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from tokenizers import Tokenizer

from burnish.core.errors import InputError

PLACE = "distil.student.vocabulary"
KINDS = ("WordPiece", "BPE", "Unigram")


def trimmed(tokenizer: Tokenizer, texts: Iterable[str]) -> tuple[Tokenizer, list[int]]:
    """A tokenizer with the tokens of these texts, single characters and bytes, and what was added, such as special tokens.

    The texts become the same tokens as before: the longest piece of WordPiece, the best path of Unigram and every merge of
    BPE that was used are still there, and nothing else came in their place. Other texts fall apart into shorter pieces.

    Args:
        tokenizer: in the form that `tokenizers` saves.
        texts: what is to be read well.

    Returns:
        The tokenizer, and for each of its tokens the number it had, ascending.

    Raises:
        InputError: its vocabulary is of a kind that cannot be cut.
    """
    told = json.loads(tokenizer.to_str())
    model = told["model"]
    if model["type"] not in KINDS:
        raise InputError(
            f"a tokenizer of kind {model['type']} cannot be cut",
            expected=", ".join(KINDS),
            fix="leave distil.student.vocabulary out",
            place=PLACE,
        )
    bare = Tokenizer.from_str(tokenizer.to_str())
    bare.no_truncation()
    bare.no_padding()
    used: set[int] = set()
    for text in texts:
        used.update(bare.encode(text).ids)
    listed = model["type"] == "Unigram"
    vocabulary = {t: n for n, (t, _) in enumerate(model["vocab"])} if listed else dict(model["vocab"])
    prefix = str(model.get("continuing_subword_prefix") or "")
    names = {number: token for token, number in tokenizer.get_vocab(with_added_tokens=True).items()}
    keep = {names[number] for number in used} | {token["content"] for token in told["added_tokens"]}
    keep |= {token for token in vocabulary if _is_single(token, prefix)}
    keep |= {str(model["unk_token"])} if model.get("unk_token") else set()
    if model["type"] == "BPE":
        model["merges"] = _merges(model["merges"], keep)
    elif listed and model.get("unk_id") is not None:
        keep.add(model["vocab"][model["unk_id"]][0])
    kept = sorted(number for number, token in names.items() if token in keep)
    new = {old: number for number, old in enumerate(kept)}
    _renumber(told, model, vocabulary, new, listed=listed)
    return Tokenizer.from_str(json.dumps(told)), kept


def _is_single(token: str, prefix: str) -> bool:
    """Whether a token is what everything falls apart into: one character, or a byte."""
    bare = token.removeprefix(prefix) if prefix and token != prefix else token
    return len(bare) == 1 or (len(token) == 6 and token.startswith("<0x") and token.endswith(">"))


def _merges(merges: list[Any], keep: set[str]) -> list[Any]:
    """The merges that lead to the tokens that stay; all that is on the way stays as well, and is added to `keep`."""
    makes: dict[str, list[tuple[str, str]]] = {}
    for merge in merges:
        first, second = merge if isinstance(merge, list) else merge.split(" ", 1)
        makes.setdefault(first + second, []).append((first, second))
    waiting = list(keep)
    while waiting:
        for pair in makes.get(waiting.pop(), ()):
            waiting += [part for part in pair if part not in keep]
            keep.update(pair)
    return [m for m in merges if "".join(m if isinstance(m, list) else m.split(" ", 1)) in keep]


def _renumber(
    told: dict[str, Any], model: dict[str, Any], vocabulary: dict[str, int], new: dict[int, int], *, listed: bool
) -> None:
    """Give every token its new number, wherever tokenizer.json names one."""
    if listed:
        if model.get("unk_id") is not None:
            model["unk_id"] = new[model["unk_id"]]
        model["vocab"] = [piece for number, piece in enumerate(model["vocab"]) if number in new]
    else:
        model["vocab"] = {token: new[number] for token, number in vocabulary.items() if number in new}
    for token in told["added_tokens"]:
        token["id"] = new[token["id"]]
    told["padding"] = told["truncation"] = None
    if told.get("post_processor"):
        _renumber_template(told["post_processor"], new)


def _renumber_template(processor: dict[str, Any], new: dict[int, int]) -> None:
    for inner in processor.get("processors", ()):
        _renumber_template(inner, new)
    for name in ("sep", "cls"):
        if name in processor:
            processor[name] = [processor[name][0], new[processor[name][1]]]
    special = processor.get("special_tokens", {})
    for one in special.values() if isinstance(special, dict) else ():
        one["ids"] = [new[number] for number in one["ids"]]
