"""Typed axes: a component is a frozen pydantic model in the file named after its kind.

`losses/focal.py` holds one class; `loss: {kind: focal, gamma: 2}` in a recipe is an instance of it. The file system is
the registry: adding a component is adding a file. A component stores its settings and has behaviour; it never stores
state. Component files import heavy libraries (torch, transformers ...) inside methods, so that recipes are checked,
listed and documented in a fraction of a second.
"""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import re
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any, ClassVar, TypeVar, cast, get_args

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    GetJsonSchemaHandler,
    TypeAdapter,
    ValidationError,
    ValidationInfo,
    model_serializer,
)
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from burnish.core.errors import InputError, nearest, unknown

C = TypeVar("C", bound="Component")


class Component(BaseModel):
    """One choice on one axis: settings, their validation, their documentation and the behaviour, in one class.

    Class attributes:
        axis: the dotted package whose files are the choices, such as `burnish.losses`.
        shorthand: the field a bare string in a recipe stands for: `kind` means the string names the kind.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", protected_namespaces=(), allow_inf_nan=False)
    axis: ClassVar[str]
    shorthand: ClassVar[str] = "kind"

    @classmethod
    def kind(cls) -> str:
        """The name of this choice: its file's name, or `module:Class` for a component from outside burnish."""
        package, _, name = cls.__module__.rpartition(".")
        return name if package == cls.axis else f"{cls.__module__}:{cls.__qualname__}"

    @classmethod
    def sentence(cls) -> str:
        """The first sentence of the documentation, on one line."""
        paragraph = " ".join((inspect.getdoc(cls) or "").split("\n\n")[0].split())
        first = re.match(r"(.+?[.])(?=\s+[A-Z`]|$)", paragraph)
        return first.group(1) if first else paragraph

    @model_serializer(mode="plain")
    def _serialize(self) -> dict[str, Any]:
        return {"kind": self.kind(), **{name: getattr(self, name) for name in type(self).model_fields}}


@cache
def kinds(axis: str) -> tuple[str, ...]:
    """The choices of an axis: the public files of its package, in alphabetical order."""
    package = importlib.import_module(axis)
    return tuple(sorted(m.name for m in pkgutil.iter_modules(package.__path__) if not m.name.startswith("_")))


def component_class(axis: str, kind: str, *, place: str = "", trust_code: bool = False) -> type[Component]:
    """The class of one choice.

    Args:
        axis: dotted package of the axis.
        kind: file name in it, or `package.module:Class` for code from elsewhere.
        place: where in the recipe it was named, for the error.
        trust_code: whether code from outside burnish may be imported.

    Raises:
        InputError: unknown kind (with the legal ones and the nearest), or foreign code without `trust_code`.
    """
    if ":" in kind:
        return _foreign_class(axis, kind, place, trust_code)
    if kind not in kinds(axis):
        raise unknown("kind", kind, kinds(axis), place=place)
    module = importlib.import_module(f"{axis}.{kind}")
    classes = [
        c
        for c in vars(module).values()
        if inspect.isclass(c)
        and issubclass(c, Component)
        and c.__module__ == module.__name__
        and c.__name__[0] != "_"
        and getattr(c, "axis", None) == axis
    ]
    if len(classes) != 1:
        raise TypeError(f"{module.__name__} must define exactly one public component of {axis}, found {len(classes)}")
    return classes[0]


def _foreign_class(axis: str, kind: str, place: str, trust_code: bool) -> type[Component]:
    if not trust_code:
        raise InputError(
            f"kind {kind!r} is code from outside burnish",
            fix="if you trust it: trust_code: true in a recipe; --trust-code, or trust_code=True in Python, for a bundle",
            place=place,
        )
    module_name, _, class_name = kind.partition(":")
    try:
        candidate = getattr(importlib.import_module(module_name), class_name)
    except (ImportError, AttributeError, ValueError, TypeError) as error:  # the last two: no module name at all
        raise InputError(
            f"{kind!r} could not be imported: {error}", expected="package.module:Class", place=place
        ) from error
    if not (
        inspect.isclass(candidate) and issubclass(candidate, Component) and getattr(candidate, "axis", None) == axis
    ):
        raise InputError(
            f"{kind!r} is not a component of {axis}", expected=f"a subclass of the base class in {axis}", place=place
        )
    return candidate


def build(
    axis: str, value: Any, *, place: str = "", default_kind: str | None = None, trust_code: bool = False
) -> Component:
    """A component from what a recipe says: an instance, a kind's name, or a mapping with `kind` and settings.

    Raises:
        InputError: with the place, the legal choices and the nearest spelling.
    """
    base = _base(axis)
    if isinstance(value, base):
        return value
    if isinstance(value, str):
        value = {base.shorthand: value}
    if not isinstance(value, dict):
        raise InputError(f"found {value!r}", expected="a name, or a mapping with `kind` and settings", place=place)
    settings = dict(value)
    kind = settings.pop("kind", default_kind)
    if kind is None:
        raise InputError("`kind` is missing", expected="one of " + ", ".join(kinds(axis)), place=place)
    cls = component_class(axis, str(kind), place=place, trust_code=trust_code)
    return validated(cls, settings, place=place)


def _base(axis: str) -> type[Component]:
    package = importlib.import_module(axis)
    return next(
        c
        for c in vars(package).values()
        if inspect.isclass(c) and issubclass(c, Component) and c.__dict__.get("axis") == axis
    )


M = TypeVar("M", bound=BaseModel)


def validated(cls: type[M], settings: dict[str, Any], *, place: str = "", trust_code: bool = False) -> M:
    """An instance of a settings class, with errors in burnish's own form.

    With `trust_code`, kinds anywhere inside may be code from outside burnish.

    Raises:
        InputError: naming each wrong field, what it holds, what it takes and the nearest spelling.
    """
    try:
        return cls.model_validate(settings, context={"trust_code": trust_code})
    except ValidationError as error:
        raise InputError(_explain(cls, error, place), fix=_suggest(cls, error)) from None


def _explain(cls: type[BaseModel], error: ValidationError, place: str) -> str:
    lines = []
    for item in error.errors():
        where = ".".join([p for p in (place, *map(str, item["loc"])) if p])
        if item["type"] == "extra_forbidden":
            fields = ", ".join(_owner(cls, item["loc"]).model_fields) or "no fields"
            lines.append(f"{where}: unknown field; the fields here are: {fields}")
        elif item["type"] == "missing":
            lines.append(f"{where}: this field is required")
        else:
            lines.append(f"{where}: found {item.get('input')!r}: {item['msg']}")
    return "\n".join(lines)


def _suggest(cls: type[BaseModel], error: ValidationError) -> str:
    guesses = []
    for item in error.errors():
        if item["type"] == "extra_forbidden" and item["loc"]:
            word = str(item["loc"][-1])
            if guess := nearest(word, list(_owner(cls, item["loc"]).model_fields)):
                guesses.append(f"write {guess!r} instead of {word!r}")
    return "; ".join(guesses)


def _owner(cls: type[BaseModel], location: Sequence[int | str]) -> type[BaseModel]:
    """The settings class that the last name of a location was looked up in."""
    for name in location[:-1]:
        info = cls.model_fields.get(str(name))
        options = [] if info is None else [info.annotation, *get_args(info.annotation)]
        cls = next((o for o in options if inspect.isclass(o) and issubclass(o, BaseModel)), cls)
    return cls


class Choice:
    """Annotation of a recipe field that takes any component of an axis: `loss: Annotated[Loss, *choice("burnish.losses")]`."""

    def __init__(self, axis: str) -> None:
        self.axis = axis

    def __get_pydantic_json_schema__(self, core_schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        words: list[dict[str, Any]] = [{"type": "string"}]
        if _base(self.axis).shorthand == "kind":
            words = [{"enum": list(kinds(self.axis))}, {"type": "string", "pattern": ":"}]
        foreign = {"type": "object", "properties": {"kind": {"type": "string", "pattern": ":"}}, "required": ["kind"]}
        one = {"anyOf": [*words, *(kind_schema(self.axis, kind) for kind in kinds(self.axis)), foreign]}
        inner: Any = core_schema
        while inner["type"].startswith("function-"):
            inner = inner["schema"]
        optional = inner["type"] == "nullable"
        inner = inner["schema"] if optional else inner
        what = {"type": "array", "items": one} if inner["type"] == "list" else one
        return {"anyOf": [what, {"type": "null"}]} if optional else what


def kind_schema(axis: str, kind: str) -> dict[str, Any]:
    """The JSON schema of one choice, with its `kind` as a constant."""
    cls = component_class(axis, kind)
    raw = cls.model_json_schema(mode="validation")
    schema: dict[str, Any] = _written_out(raw, raw.pop("$defs", {}))
    schema.setdefault("properties", {})
    schema["properties"] = {"kind": {"const": kind}, **schema["properties"]}
    schema["description"] = cls.sentence()
    return schema


def _written_out(value: Any, definitions: Mapping[str, Any]) -> Any:
    """A schema with each definition in the place of what refers to it: it becomes a part of a larger one."""
    if isinstance(value, list):
        return [_written_out(item, definitions) for item in value]
    if not isinstance(value, dict):
        return value
    name = str(value.get("$ref", "")).rpartition("/")[2]
    whole = {**definitions[name], **{k: v for k, v in value.items() if k != "$ref"}} if name in definitions else value
    return {key: _written_out(item, definitions) for key, item in whole.items()}


def choice(axis: str, default_kind: str | None = None) -> tuple[BeforeValidator, Choice]:
    """The two annotations of a field on an axis: how a value becomes a component, and what editors are told."""

    def resolve(value: Any, info: ValidationInfo) -> Any:
        if value is None:
            return None
        trust_code = bool((info.data or {}).get("trust_code", False) or (info.context or {}).get("trust_code", False))
        place = info.field_name or ""
        if isinstance(value, list):
            return [
                build(axis, v, place=f"{place}[{i}]", default_kind=default_kind, trust_code=trust_code)
                for i, v in enumerate(value)
            ]
        return build(axis, value, place=place, default_kind=default_kind, trust_code=trust_code)

    return BeforeValidator(cast(Callable[..., Any], resolve)), Choice(axis)


def having_fields(axis: str, settings: Mapping[str, Any]) -> list[str]:
    """The kinds of an axis that have all of these fields, and of them those whose fields take these values, if any does."""
    classes = {kind: component_class(axis, kind) for kind in kinds(axis)}
    having = [kind for kind, cls in classes.items() if set(settings) <= set(cls.model_fields)]
    return [kind for kind in having if _takes(classes[kind], settings)] or having


def _takes(cls: type[Component], settings: Mapping[str, Any]) -> bool:
    for name, value in settings.items():
        try:
            TypeAdapter(cast(Any, cls.model_fields[name].annotation)).validate_python(value)
        except ValidationError:
            return False
    return True
