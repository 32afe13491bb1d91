"""What data sets call the four roles."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from burnish.core.errors import InputError
from burnish.media.chat.conversation import ROLES

CALL = "call"  # a turn that is a tool call by its name, as ShareGPT's function_call
NAMES: Mapping[str, str] = {
    **dict.fromkeys(("system", "developer"), "system"),
    **dict.fromkeys(("user", "human", "prompter", "customer", "client", "question", "instruction"), "user"),
    **dict.fromkeys(("assistant", "gpt", "chatgpt", "bot", "model", "ai", "bard", "answer", "agent"), "assistant"),
    **dict.fromkeys(("function_call", "tool_call", "function-call", "tool-call", "assistant_tool_call"), CALL),
    **dict.fromkeys(("tool", "observation", "function", "function_response", "function-response", "ipython"), "tool"),
    "tool_response": "tool",
}


def role_of(name: object, given: Mapping[str, str], place: str) -> str:
    """One of the four roles, or `CALL`.

    Args:
        name: what the row calls it.
        given: further names, from the user or from `guessed`.
        place: file and row, for the message.

    Raises:
        InputError: unknown.
    """
    if isinstance(name, str):
        known = given.get(name) or NAMES.get(name.strip().lower())
        if known:
            return known
    raise InputError(
        f"the unknown role {name!r}",
        expected="system, user (human ...), assistant (gpt ...), tool (observation ...) or function_call",
        fix=f"say what it is, for example roles: {{{name}: user}}",
        place=place,
    )


def checked(given: Mapping[str, str]) -> dict[str, str]:
    """Names of roles that a user gives.

    Raises:
        InputError: a name is given to something that is no role.
    """
    for name, role in given.items():
        if role not in (*ROLES, CALL):
            raise InputError(f"roles: {name!r} is given the unknown role {role!r}", expected=", ".join((*ROLES, CALL)))
    return dict(given)


def guessed(speakers: Sequence[Sequence[str]], given: Mapping[str, str]) -> dict[str, str]:
    """Two unknown names that speak in turn are user and assistant: the one that begins is the user.

    Args:
        speakers: of some conversations, the names in order.
        given: names that are known already.

    Returns:
        The two, or nothing where it is not so in each of the conversations.
    """
    unknown = [[s for s in names if s not in given and s.strip().lower() not in NAMES] for names in speakers]
    every = {name for names in unknown for name in names}
    first = {names[0] for names in unknown if names}
    taken = {given.get(s) or NAMES.get(s.strip().lower()) for names in speakers for s in names} - {None}
    if len(every) != 2 or len(first) != 1 or taken & {"user", "assistant"}:
        return {}
    user = first.pop()
    return {user: "user", (every - {user}).pop(): "assistant"}
