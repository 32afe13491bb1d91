"""Examples that need no template: plain texts for continued pretraining, and rows that were tokenised elsewhere."""

from __future__ import annotations

from itertools import groupby

import numpy as np
from tokenizers import Tokenizer

from burnish.core.errors import InputError
from burnish.media.chat.conversation import PlainText, TokenIds
from burnish.media.chat.rendered import Rendered, Span
from burnish.media.text.tokenizer import not_unicode


def text_example(tokenizer: Tokenizer, row: PlainText, end: int | None) -> Rendered:
    """A document: what the tokenizer puts around a text, and the end-of-text token behind it; all is learned.

    Args:
        tokenizer: of the checkpoint.
        row: the text.
        end: the end-of-text token; None where there is none.

    Raises:
        InputError: it is no Unicode text.
    """
    try:
        ids = tokenizer.encode(row.text, add_special_tokens=True).ids
    except (TypeError, UnicodeEncodeError):
        raise not_unicode([row.text]) from None
    if end is not None and (not ids or ids[-1] != end):
        ids = [*ids, end]
    return Rendered(np.array(ids, np.int32), (Span(0, len(ids), 0, 1.0),), (0,))


def ids_example(row: TokenIds, vocabulary: int, where: str) -> Rendered:
    """A row of token ids as it is.

    Args:
        row: ids, and which of them are learned.
        vocabulary: tokens the checkpoint knows.
        where: file and row, for the message.

    Raises:
        InputError: an id that the checkpoint does not know.
    """
    wrong = next((token for token in row.ids if not 0 <= token < vocabulary), None)
    if wrong is not None:
        raise InputError(
            f"the token id {wrong}",
            expected=f"0 to {vocabulary - 1}, the checkpoint's vocabulary",
            fix="tokenise the rows with this checkpoint's tokenizer, or give their texts",
            place=where,
        )
    spans, at = [], 0
    for learned, group in groupby(row.learned):
        size = len(list(group))
        spans += [Span(at, at + size, 0, 1.0)] if learned else []
        at += size
    return Rendered(np.array(row.ids, np.int32), tuple(spans), (0,))
