"""Which prompts share a batch."""

LONGER = 1.5  # times as many tokens as the shorter prompt may the longer have
SHORT = 32  # tokens by which prompts may differ in any case


def alike(one: int, other: int) -> bool:
    """Whether two prompts of so many tokens are of like length.

    torch pads the shorter one, and CTranslate2 reads the rest of the longer one a token at a time. Of short prompts both
    cost less than another call: with SmolLM2 in torch 8 and 30 tokens take 0.7 of the time together, 50 and 80 take 0.9.
    """
    shorter, longer = sorted((one, other))
    return longer <= max(LONGER * shorter, shorter + SHORT)
