"""What a chat template may cost: it comes with a checkpoint, and one that never ends must not hold a server or a training.

Steps (turns of loops, calls, filters) and seconds of the processor are counted over one rendering; texts and lists that a
single expression makes are bounded before they are made, where one expression can make them as large as it likes.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from functools import wraps
from typing import Any, NoReturn

import jinja2
import jinja2.compiler
import jinja2.nodes
import jinja2.runtime
from jinja2.sandbox import ImmutableSandboxedEnvironment

STEPS = 2_000_000
SECONDS = 20.0
"""Of this thread's processor time. A conversation of 10,000 turns takes a second."""
LARGEST = 1 << 24
"""Characters of a text, or elements of a list, that is made on the way; of the whole text four times as many."""
_SHORT = 4096  # texts whose sum costs nothing beside the loop it is in
_LOOKED_AT = 64  # steps between two looks at the clock
SOURCE = 1 << 20
"""Characters of a template; the longest that are known have some ten thousand."""
_WIDE = re.compile(r"\d{6,}")  # a width of a format
_GIVEN = re.compile(r":[^{}]*\{|%[^a-zA-Z%]*\*")  # a width that stands among the arguments
_PADDED = ("center", "ljust", "rjust", "zfill", "indent", "batch", "slice", "wordwrap", "truncate")
_FORMATS = ("format", "format_map")
_MULTIPLIED = ("replace", "join", "translate", "expandtabs")


class Costly(jinja2.exceptions.SecurityError):
    """A template that costs more than any conversation does."""


class _Spent:
    """Of one rendering."""

    def __init__(self) -> None:
        self.steps, self.began = 0, time.thread_time()

    def add(self, steps: int) -> None:
        before, self.steps = self.steps, self.steps + steps
        if self.steps > STEPS:
            _refuse(f"it takes more than {STEPS:,} steps")
        if self.steps // _LOOKED_AT > before // _LOOKED_AT and time.thread_time() - self.began > SECONDS:
            _refuse(f"it takes longer than {SECONDS:g} seconds")


_SPENT: ContextVar[_Spent | None] = ContextVar("spent", default=None)


@contextmanager
def counted() -> Iterator[None]:
    """One rendering."""
    token = _SPENT.set(_Spent())
    try:
        yield
    finally:
        _SPENT.reset(token)


def _step(steps: int = 1) -> None:
    if (spent := _SPENT.get()) is not None:
        spent.add(steps)


def _refuse(why: str) -> NoReturn:
    raise Costly(f"{why}, which no conversation needs")


def within(size: float) -> None:
    """Check the size of what is about to be made, or was made.

    Raises:
        Costly: larger than any conversation.
    """
    if size > LARGEST:
        _refuse(f"it makes a text or list of more than {LARGEST:,}")


def _made(value: Any) -> Any:
    if isinstance(value, str | bytes | list | tuple | dict):
        within(len(value))
        _step(1 + len(value) // 1024)
    return value


@jinja2.pass_context
def _turns(context: Any, values: Iterable[Any]) -> Iterator[Any]:
    """What a loop goes through, counted."""
    for value in values:
        _step()
        yield value


class BoundedEnvironment(ImmutableSandboxedEnvironment):
    """The sandbox with bounds on what is computed."""

    intercepted_binops = frozenset({"*", "**", "+", "%"})

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.code_generator_class = _Code
        self.filters = {name: _bounded(name, of) for name, of in self.filters.items()} | {"_turns": _turns}
        self.globals.pop("lipsum", None)

    def _parse(self, source: str, name: str | None, filename: str | None) -> jinja2.nodes.Template:
        tree = super()._parse(source, name, filename)
        for loop in list(tree.find_all(jinja2.nodes.For)):
            loop.iter = jinja2.nodes.Filter(loop.iter, "_turns", [], [], None, None, lineno=loop.lineno)
        tree.set_environment(self)
        return tree

    def call(__self, __context: Any, __obj: Any, *args: Any, **kwargs: Any) -> Any:  # noqa: N805  (as the class above)
        """A call of the template, counted and bounded."""
        method = getattr(__obj, "__wrapped__", __obj)  # the sandbox wraps `format`
        owner = getattr(method, "__self__", None)
        if isinstance(owner, str):
            _checked(getattr(method, "__name__", ""), owner, (*args, *kwargs.values()))
        if isinstance(__obj, jinja2.runtime.LoopContext) and args:
            args = (_turns(__context, args[0]), *args[1:])
        _step()
        return _made(super().call(__context, __obj, *args, **kwargs))

    def call_binop(self, context: Any, operator: str, left: Any, right: Any) -> Any:
        """`*`, `**`, `+` and `%`, bounded."""
        if operator == "+" and isinstance(left, str) and isinstance(right, str) and len(left) + len(right) < _SHORT:
            return left + right
        if operator == "**" and isinstance(left, int) and isinstance(right, int):
            within(max(1, left.bit_length()) * right)
        if operator == "*":
            within(_length(left) * _length(right))
        if operator == "%" and isinstance(left, str):
            _checked("format", left, right if isinstance(right, tuple) else (right,))
        return _made(super().call_binop(context, operator, left, right))

    def joined(self, pieces: Iterable[Any]) -> str:
        """What `~` makes of its pieces."""
        texts = [str(piece) for piece in pieces]
        within(sum(map(len, texts)))
        return str(_made("".join(texts)))


class _Code(jinja2.compiler.CodeGenerator):
    def visit_Concat(self, node: jinja2.nodes.Concat, frame: jinja2.compiler.Frame) -> None:  # noqa: N802  (its name)
        """`environment.joined((first, second, ...))`."""
        self.write("environment.joined((")
        for piece in node.nodes:
            self.visit(piece, frame)
            self.write(", ")
        self.write("))")


def _length(value: Any) -> int:
    """By how much a value multiplies another one, or is multiplied."""
    return abs(value) if isinstance(value, int) else len(value) if isinstance(value, str | bytes | list | tuple) else 1


def _bounded(name: str, of: Callable[..., Any]) -> Callable[..., Any]:
    """A filter with bounds on what it makes."""

    @wraps(of)
    def filtered(*args: Any, **kwargs: Any) -> Any:
        _step()
        given = [a for a in (*args, *kwargs.values()) if isinstance(a, str | bytes | list | tuple | int | Mapping)]
        if given:
            _checked(name, given[0], given[1:])
        return _made(of(*args, **kwargs))

    return filtered


def _checked(name: str, value: Any, arguments: Iterable[Any]) -> None:
    """What one method or filter would make, before it does."""
    sizes = [_length(a) if not isinstance(a, Mapping) else max(map(_length, a.values()), default=1) for a in arguments]
    if name in _PADDED:
        within(max(sizes, default=0))
    if name in _MULTIPLIED:
        within(max(1, _length(value)) * max(sizes, default=1))
    if name in _FORMATS and isinstance(value, str):
        if _WIDE.search(value):
            _refuse("a format in it has a width of six figures or more")
        within(max(sizes, default=0) if _GIVEN.search(value) else 0)
