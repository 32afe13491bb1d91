"""Share of answers that are JSON."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, ClassVar

import numpy as np
from pydantic import BeforeValidator, Field

from burnish.core.errors import InputError
from burnish.core.predictions import Predictions
from burnish.counting.replies import is_structure, json_value, replies
from burnish.counting.resampling import Values
from burnish.metrics import ShareOfRows


def _read(value: Any) -> Any:
    """A schema as an object: given so, as JSON text, or as the path of a file; checked, so that a wrong one is said at once."""
    if isinstance(value, str):
        written = value if value.lstrip().startswith("{") else _file(Path(value))
        value = json_value(written)
        if not isinstance(value, dict):
            raise ValueError("a JSON schema is an object such as {'type': 'object', ...}, and this is none")
    if isinstance(value, dict):
        _checked(value)
    return value


def _file(path: Path) -> str:
    try:
        return path.expanduser().read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ValueError(f"the JSON schema cannot be read from this file: {error}") from None


def _checked(schema: dict[str, Any]) -> None:
    from jsonschema import Draft202012Validator, SchemaError
    from jsonschema.validators import validator_for

    try:
        validator_for(schema, default=Draft202012Validator).check_schema(schema)
    except SchemaError as error:
        raise ValueError(f"no JSON schema: {error.message}") from None


Schema = Annotated[dict[str, Any] | None, BeforeValidator(_read, json_schema_input_type=dict[str, Any] | str | None)]


class ValidJson(ShareOfRows):
    """Share of answers that are JSON and fit a schema, of the replies whose truth is a JSON object or array.

    Answers must be JSON objects or arrays as a whole; text around them is an error.
    """

    targets: ClassVar[tuple[str, ...]] = ("response",)
    json_schema: Schema = Field(
        None,
        description="JSON schema that predictions must fit, or the path of its file, which is read into the recipe.",
    )

    @property
    def label(self) -> str:
        """With a schema it is another figure."""
        return self.kind() if self.json_schema is None else f"{self.kind()}_schema"

    def rows(self, known: Predictions) -> tuple[Values, Values]:
        """Judged are the rows whose truth is a JSON object or array."""
        both, fits = replies(known), self._validator()
        wanted = np.array([is_structure(json_value(truth.content)) for truth in both.truth], np.float64)
        right = [
            bool(judged) and is_structure(value := json_value(answer.content)) and fits(value)
            for judged, answer in zip(wanted, both.answer, strict=True)
        ]
        return np.array(right, np.float64), wanted

    def _validator(self) -> Any:
        """A function from a JSON value to whether it fits. References to other places are not followed."""
        if self.json_schema is None:
            return lambda value: True
        from jsonschema import Draft202012Validator
        from jsonschema.validators import validator_for
        from jsonschema_specifications import REGISTRY
        from referencing.exceptions import Unresolvable

        made = validator_for(self.json_schema, default=Draft202012Validator)(self.json_schema, registry=REGISTRY)

        def fits(value: Any) -> bool:
            try:
                return bool(made.is_valid(value))
            except RecursionError:
                return False
            except Unresolvable as error:
                raise InputError(
                    f"the JSON schema refers to {error.ref!r}, which is not in it",
                    expected="a schema that is complete",
                    fix="put what it refers to under its `$defs`",
                    place="metrics: valid_json.json_schema",
                ) from None

        return fits
