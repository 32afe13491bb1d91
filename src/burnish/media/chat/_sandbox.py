"""The environment that chat templates run in: the same functions and limits as transformers', without transformers."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import datetime
from functools import lru_cache
from typing import Any, NoReturn

import jinja2
import jinja2.ext
import jinja2.nodes
import jinja2.parser
import jinja2.utils

from burnish.media.chat._bounds import LARGEST, SOURCE, BoundedEnvironment, Costly, counted, within

Generated = list[tuple[int, int]]


class _Marks(jinja2.ext.Extension):
    """`{% generation %}`: notes which characters of the rendered text a reply is, while someone listens."""

    tags = {"generation"}

    def __init__(self, environment: jinja2.Environment) -> None:
        super().__init__(environment)
        environment.extend(listening=self.listening)
        self._heard: ContextVar[tuple[list[str], Generated] | None] = ContextVar("heard", default=None)

    def parse(self, parser: jinja2.parser.Parser) -> jinja2.nodes.Node:
        """A call block around the body."""
        line = next(parser.stream).lineno
        body = parser.parse_statements(("name:endgeneration",), drop_needle=True)
        return jinja2.nodes.CallBlock(self.call_method("_noted"), [], [], body).set_lineno(line)

    @jinja2.pass_eval_context
    def _noted(self, context: jinja2.nodes.EvalContext, caller: Callable[[], str]) -> str:
        text = caller()
        if (heard := self._heard.get()) is not None:
            pieces, spans = heard
            start = sum(map(len, pieces))
            spans.append((start, start + len(text)))
        return text

    @contextmanager
    def listening(self, pieces: list[str], spans: Generated) -> Iterator[None]:
        """Note spans of what is appended to `pieces` meanwhile."""
        token = self._heard.set((pieces, spans))
        try:
            yield
        finally:
            self._heard.reset(token)


class _Dict:
    """`dict` without its attributes, which would lead out of the sandbox."""

    def __call__(self, *args: Any, **kwargs: Any) -> dict[Any, Any]:
        return dict(*args, **kwargs)

    def fromkeys(self, *args: Any, **kwargs: Any) -> dict[Any, Any]:
        """As `dict.fromkeys`."""
        return dict.fromkeys(*args, **kwargs)


class _Namespace(jinja2.utils.Namespace):
    """Jinja's namespace without names that begin with an underscore."""

    def __init__(*args: Any, **kwargs: Any) -> None:
        self, rest = args[0], args[1:]
        values = dict(*rest, **kwargs)
        for name in values:
            _refuse_private(name)
        jinja2.utils.Namespace.__init__(self, values)

    def __setitem__(self, name: str, value: Any) -> None:
        _refuse_private(name)
        super().__setitem__(name, value)


def _refuse_private(name: object) -> None:
    if isinstance(name, str) and name.startswith("_"):
        raise jinja2.exceptions.SecurityError(f"a namespace of a chat template has no attribute {name!r}")


@lru_cache(maxsize=64)
def compiled(source: str, today: str | None) -> jinja2.Template:
    """A template of a chat.

    Args:
        source: its text.
        today: the date (ISO) that the template is told; None for that of the clock.

    Raises:
        jinja2.TemplateSyntaxError: it is no template.
    """
    if len(source) > SOURCE:
        raise Costly(f"it has more than {SOURCE:,} characters")
    environment = BoundedEnvironment(trim_blocks=True, lstrip_blocks=True, extensions=[_Marks, jinja2.ext.loopcontrols])
    environment.filters["tojson"] = _to_json
    environment.globals |= {
        "raise_exception": _raise,
        "strftime_now": lambda form: (datetime.fromisoformat(today) if today else datetime.now()).strftime(form),
        "dict": _Dict(),
        "namespace": _Namespace,
    }
    return environment.from_string(source)


def rendered(template: jinja2.Template, values: dict[str, Any]) -> tuple[str, Generated]:
    """The text, and start and end in characters of what `{% generation %}` marks."""
    pieces: list[str] = []
    spans: Generated = []
    size = 0
    with counted(), template.environment.listening(pieces, spans):  # type: ignore[attr-defined]
        for piece in template.generate(**values):
            pieces.append(piece)
            size += len(piece)
            if size > 4 * LARGEST:
                raise Costly(f"it writes more than {4 * LARGEST:,} characters, which no conversation needs")
    return "".join(pieces), spans


def _raise(message: str) -> NoReturn:
    raise jinja2.exceptions.TemplateError(message)


def _to_json(
    value: Any,
    ensure_ascii: bool = False,
    indent: int | None = None,
    separators: tuple[str, str] | None = None,
    sort_keys: bool = False,
) -> str:
    within(1000 * (indent or 0))
    # Jinja's own filter escapes the letters of HTML.
    return json.dumps(value, ensure_ascii=ensure_ascii, indent=indent, separators=separators, sort_keys=sort_keys)
