"""The JSON schema of recipes, for editors."""

from __future__ import annotations

from typing import Any


def recipe_schema() -> dict[str, Any]:
    """What a recipe file may hold, as JSON Schema (2020-12): YAML editors complete, check and explain with it."""
    from burnish.recipe.recipe import Recipe

    schema = Recipe.model_json_schema()
    fields = schema["properties"]
    # What `Recipe.load` takes beside the full form: data as files alone, patience alone, decay alone, one of a list alone.
    files = [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]
    fields["data"] = {**_outer(fields["data"]), "anyOf": [*files, _inner(fields["data"])]}
    stopping = fields["early_stopping"]
    stopping["anyOf"] = [{"type": "integer", "minimum": 1}, *stopping["anyOf"]]
    averaging = fields["averaging"]
    averaging["anyOf"] = [{"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 1}, *averaging["anyOf"]]
    conformal = fields["conformal"]
    conformal["anyOf"] = [{"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 1}, *conformal["anyOf"]]
    for name in ("penalty", "perturbation"):
        several = next(one for one in [fields[name], *fields[name].get("anyOf", [])] if one.get("type") == "array")
        fields[name] = {**_outer(fields[name]), "anyOf": [several["items"], _inner(several), {"type": "null"}]}
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema, "title": "burnish recipe"}


def _outer(field: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in field.items() if name in ("description", "default", "title")}


def _inner(field: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in field.items() if name not in ("description", "default", "title")}
