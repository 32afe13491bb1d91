"""What begins with an underscore stays in its room."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import burnish

SOURCE = Path(burnish.__file__).parent


def modules() -> dict[str, Path]:
    by_name = {}
    for path in SOURCE.rglob("*.py"):
        parts = ("burnish", *path.relative_to(SOURCE).with_suffix("").parts)
        by_name[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return by_name


@cache
def parsed(path: Path) -> list[ast.Import | ast.ImportFrom]:
    """The import statements of a file, wherever in it."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return [node for node in ast.walk(tree) if isinstance(node, ast.Import | ast.ImportFrom)]


def imports(path: Path, known: dict[str, Path]) -> Iterator[str]:
    """Modules of burnish that a file imports, for types alone as well."""
    for node in parsed(path):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("burnish"):
            for alias in node.names:
                whole = f"{node.module}.{alias.name}"
                yield whole if whole in known else str(node.module)
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name in known)


def room_of(module: str) -> str | None:
    """The package that alone may import a module; None where anyone may."""
    parts = module.split(".")
    private = next((number for number, part in enumerate(parts) if part.startswith("_")), None)
    return None if private is None else ".".join(parts[:private])


def test_private_modules_are_imported_in_their_room_alone() -> None:
    known = modules()
    wrong = {
        f"{name} imports {other}"
        for name, path in known.items()
        for other in imports(path, known)
        if (room := room_of(other)) and not f"{name}.".startswith(f"{room}.")
    }
    assert not wrong


def test_rooms_are_told_by_the_underscore() -> None:
    """The test above can fail."""
    assert room_of("burnish.models._vision.network") == "burnish.models"
    assert room_of("burnish.models.timm.network") is None


def circles(importing: dict[str, set[str]]) -> list[list[str]]:
    """Files that import each other, directly or by way of others: strongly connected ones, two or more (Tarjan 1972)."""
    numbers: dict[str, int] = {}
    lowest: dict[str, int] = {}
    path: list[str] = []
    found: list[list[str]] = []

    def visit(name: str) -> None:
        numbers[name] = lowest[name] = len(numbers)
        path.append(name)
        for other in importing[name]:
            if other not in numbers:
                visit(other)
            if other in path:
                lowest[name] = min(lowest[name], lowest[other])
        if lowest[name] == numbers[name]:
            circle = path[path.index(name) :]
            del path[-len(circle) :]
            if len(circle) > 1:
                found.append(sorted(circle))

    for name in importing:
        if name not in numbers:
            visit(name)
    return found


def test_no_two_files_import_each_other_in_a_circle() -> None:
    """Neither when they are loaded, nor inside functions, nor for types alone."""
    known = modules()
    assert not circles(
        {name: {other for other in imports(path, known) if other in known} for name, path in known.items()}
    )


def test_a_circle_is_found() -> None:
    """The test above can fail."""
    assert circles({"a": {"b"}, "b": {"c"}, "c": {"a", "d"}, "d": set()}) == [["a", "b", "c"]]
    assert not circles({"a": {"b", "c"}, "b": {"c"}, "c": set()})
