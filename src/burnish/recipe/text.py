"""Recipes as text: YAML read with errors a person can act on, overrides from the command line, commented YAML written."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

from burnish.core.errors import InputError

_FLOAT = r"""[-+]?(?:[0-9]+\.[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]+)?|[-+]?[0-9]+[eE][-+]?[0-9]+
            |[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)"""
_MEANINGS: tuple[tuple[str, str, str], ...] = (
    # YAML 1.2: PyYAML's own YAML 1.1 reads 3e-5 as text, `no` as false, 1:30 as ninety and 010 as eight.
    ("null", r"~|null|Null|NULL|", "~nN"),
    ("bool", r"true|True|TRUE|false|False|FALSE", "tTfF"),
    ("int", r"[-+]?(?:0|[1-9][0-9]*)", "-+0123456789"),
    ("float", _FLOAT, "-+.0123456789"),
)


def _resolve_as_yaml_1_2(cls: Any) -> None:
    merge = [r for r in cls.yaml_implicit_resolvers.get("<", []) if r[0].endswith(":merge")]
    cls.yaml_implicit_resolvers = {"<": merge}
    for name, pattern, first in _MEANINGS:
        whole = re.compile(rf"^(?:{pattern})$", re.VERBOSE)
        cls.add_implicit_resolver(f"tag:yaml.org,2002:{name}", whole, [*first, ""] if name == "null" else list(first))


class _Mappings(yaml.constructor.SafeConstructor):
    """Keys are always text; a key that comes twice is an error."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen: dict[str, yaml.Node] = {}
        for key, _ in node.value:
            if not isinstance(key, yaml.ScalarNode):
                raise yaml.constructor.ConstructorError(None, None, "a key must be a word", key.start_mark)
            if key.tag.endswith(":merge"):
                continue
            if key.value in seen:
                first = seen[key.value].start_mark.line + 1
                problem = f"key {key.value!r} is here a second time; the first is in line {first}"
                raise yaml.constructor.ConstructorError(None, None, problem, key.start_mark)
            seen[key.value] = key
            key.tag = "tag:yaml.org,2002:str"
        return super().construct_mapping(node, deep)


class _Loader(_Mappings, yaml.SafeLoader):
    """YAML 1.2 scalars; a value inside itself is an error."""

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        if self.check_event(yaml.AliasEvent):
            event: Any = self.peek_event()  # type: ignore[no-untyped-call]
            known = self.anchors.get(event.anchor)
            if known is not None and known.end_mark is None:
                raise yaml.composer.ComposerError(None, None, f"{event.anchor!r} contains itself", event.start_mark)
        return super().compose_node(parent, index)


_Quick: Any = None
# libyaml lets a value be inside itself, allows tabs, and reads a tag without a value as another one.
_NOT_QUICK = re.compile(r"\t|(?:^|[\s\[\]{},:?-])[*!]")
if yaml.__with_libyaml__:

    class _Quick(_Mappings, yaml.CSafeLoader):  # type: ignore[no-redef]
        """libyaml's parser, in a tenth of the time."""


class _Dumper(yaml.SafeDumper):
    """Writes what is read back as equal; text that would be read as something else is quoted."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def _float(dumper: yaml.SafeDumper, value: float) -> yaml.ScalarNode:
    special = {"inf": ".inf", "-inf": "-.inf", "nan": ".nan"}
    return dumper.represent_scalar("tag:yaml.org,2002:float", special.get(repr(value), repr(value)))


def _text(dumper: yaml.SafeDumper, value: str) -> yaml.ScalarNode:
    # Line breaks and control characters as escapes, so that every value stays on its line.
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style=None if value.isprintable() else '"')


for _cls in (_Loader, _Dumper, *([_Quick] if _Quick else [])):
    _resolve_as_yaml_1_2(_cls)
_Dumper.add_representer(float, _float)
_Dumper.add_representer(str, _text)


def loads(text: str, *, place: str = "recipe") -> Any:
    """The value a YAML text stands for.

    Raises:
        InputError: not YAML; with the line, the column and the line's text.
    """
    if _Quick is not None and not _NOT_QUICK.search(text):
        try:
            return yaml.load(text, Loader=_Quick)
        except (yaml.YAMLError, ValueError):
            pass  # the other reader says more clearly what is wrong, and where
    try:
        return yaml.load(text, Loader=_Loader)
    except yaml.MarkedYAMLError as error:
        raise _explained(error, text, place) from None
    except ValueError as error:  # an explicit tag over text it cannot hold, such as `!!int x`
        raise InputError(f"a value that is not what its tag says: {error}", place=place) from None
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        raise InputError(f"a character YAML does not allow: {error.reason}", place=f"{place}, line {line}") from None


def _explained(error: yaml.MarkedYAMLError, text: str, place: str) -> InputError:
    mark = error.problem_mark or error.context_mark
    problem = " ".join(part for part in (error.context, error.problem) if part) or "not YAML"
    if mark is None:
        return InputError(problem, place=place)
    lines = text.splitlines()
    shown = lines[mark.line] if mark.line < len(lines) else ""
    fix = ""
    if "\t" in shown[: mark.column + 1]:
        fix = "indent with spaces: YAML does not allow tabs"
    elif "mapping values are not allowed" in problem:
        fix = "put text with ': ' in it in quotes, and check the indentation"
    what = f"{problem}\n  {shown}\n  {' ' * mark.column}^"
    return InputError(what, fix=fix, place=f"{place}, line {mark.line + 1}, column {mark.column + 1}")


def load_file(path: Path) -> dict[str, Any]:
    """The settings in a recipe file.

    Raises:
        InputError: no such file, not UTF-8, not YAML, or not a mapping of names to values.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise InputError(
            "no such recipe file", fix="`burnish new -o recipe.yaml` writes one", place=str(path)
        ) from None
    except UnicodeDecodeError as error:
        raise InputError(f"not UTF-8 text (byte {error.start})", place=str(path)) from None
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror}", place=str(path)) from None
    value = loads(text, place=str(path))
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise InputError(
            f"found a {type(value).__name__}",
            expected="a mapping of names to values, such as `epochs: 3`",
            fix=f"where it is the data, say: --data {path}" if path.suffix not in (".yaml", ".yml") else "",
            place=str(path),
        )
    return value


@dataclass
class Overridden:
    """Settings after overrides, and in words what an override took with it."""

    settings: dict[str, Any]
    notes: list[str] = field(default_factory=list)


def overridden(
    settings: Mapping[str, Any], overrides: Iterable[str], shorthands: Mapping[str, str] | None = None
) -> Overridden:
    """Settings with `place=value` overrides applied; the settings given are left as they are.

    Places are dotted (`loss.gamma`), list positions are numbers (`trackers.0.project`), values are YAML. Setting the
    `kind` of a component that is another kind starts it afresh: settings of the old kind are dropped, and that is noted.

    Args:
        shorthands: for a top-level name, the field a bare string stands for where it is not `kind` (`model`: `name`).

    Raises:
        InputError: no `=`, no name before it, a value that is not YAML, or a place inside something that has no places.
    """
    result = Overridden(_copied(settings))
    parsed = [_parsed(override) for override in overrides]
    # A kind first, wherever it stands: `loss.gamma=3 loss.kind=focal` means focal with gamma 3.
    for places, value in sorted(parsed, key=lambda item: item[0][-1] != "kind"):
        _apply(result, places, value, (shorthands or {}).get(places[0], "kind"))
    return result


def _copied(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: _copied(v) for name, v in value.items()}
    return [_copied(v) for v in value] if isinstance(value, list) else value


def _parsed(override: str) -> tuple[list[str], Any]:
    name, equals, text = override.partition("=")
    places = name.strip().split(".")
    if not equals or not all(places):
        raise InputError(f"found {override!r}", expected="place=value, such as learning_rate=3e-5 or loss.kind=focal")
    return places, loads(text, place=f"the value of {name.strip()!r}")


def _apply(result: Overridden, places: list[str], value: Any, shorthand: str) -> None:
    at: Any = result.settings
    for depth, place in enumerate(places[:-1]):
        at = _inside(at, place, ".".join(places[: depth + 1]), shorthand)
    last = places[-1]
    if isinstance(at, list):
        at[_position(at, last, ".".join(places))] = value
        return
    if last == "kind" and len(places) > 1 and at.get("kind", value) != value:
        dropped = [f"{name}={at[name]!r}" for name in at if name != "kind"]
        if dropped:
            where = ".".join(places[:-1])
            result.notes.append(f"{where}: {value!r} instead of {at['kind']!r}; dropped its {', '.join(dropped)}")
        at.clear()
    at[last] = value


def _inside(at: Any, place: str, where: str, shorthand: str) -> Any:
    """The mapping or list at a place; a bare string becomes the component it stands for, nothing becomes a mapping."""
    key: Any = _position(at, place, where) if isinstance(at, list) else place
    held = at[key] if isinstance(at, list) else at.get(key)
    if held is None:
        at[key] = {}
    elif isinstance(held, str):
        at[key] = {shorthand: held}
    elif not isinstance(held, (dict, list)):
        raise InputError(f"found {held!r}, which has no settings inside", expected="a place that has", place=where)
    return at[key]


def _position(items: list[Any], place: str, where: str) -> int:
    if not place.isdigit() or int(place) >= len(items):
        raise InputError(
            f"{place!r} is no position in a list of {len(items)}", expected=f"0 to {len(items) - 1}", place=where
        )
    return int(place)


@dataclass(frozen=True)
class Line:
    """One setting to write: its name, its value (or the lines inside it), and a comment."""

    name: str
    value: Any = None
    comment: str = ""
    inside: tuple[Line, ...] = ()
    """Lines of a mapping; empty: `value` says everything."""
    items: tuple[tuple[Line, ...], ...] = ()
    """Lines of each mapping in a list."""


def dumps(lines: Iterable[Line], *, column: int = 32) -> str:
    """Commented YAML that `loads` reads back as equal; comments start at `column` or two spaces after the value."""
    return "".join(f"{text}\n" for text in _written(tuple(lines), "", column))


def _written(lines: tuple[Line, ...], indent: str, column: int) -> Iterator[str]:
    for line in lines:
        value = "" if line.inside or line.items else f" {scalar(line.value)}"
        yield _commented(f"{indent}{scalar(line.name)}:{value}", line.comment, column)
        yield from _written(line.inside, indent + "  ", column)
        for item in line.items:
            first, *others = _written(item, indent + "    ", column)
            yield f"{indent}  - {first[len(indent) + 4 :]}"  # the dash takes the place of two blanks
            yield from others


def _commented(text: str, comment: str, column: int) -> str:
    return f"{text.ljust(column - 2)}  # {' '.join(comment.split())}" if comment else text


def scalar(value: Any) -> str:
    """A value on one line of YAML: `3e-05`, `[question, passage]`, `'no'` ..."""
    return _word(value) if isinstance(value, str) else _dumped(value)


@lru_cache(4096)
def _word(value: str) -> str:
    return _dumped(value)


def _dumped(value: Any) -> str:
    settings: dict[str, Any] = {"allow_unicode": True, "sort_keys": False, "explicit_end": False}
    text: str = yaml.dump(value, Dumper=_Dumper, default_flow_style=True, width=10**9, **settings)
    return text.removesuffix("\n").removesuffix("\n...").strip()
