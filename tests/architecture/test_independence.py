"""Choices of one axis never import each other; what they share starts with an underscore or is the package itself."""

from __future__ import annotations

import grimp
import pytest

from burnish.recipe.axes import AXES


@pytest.fixture(scope="module")
def graph() -> grimp.ImportGraph:
    return grimp.build_graph("burnish")


@pytest.mark.parametrize("package", sorted(AXES.values()))
def test_choices_do_not_know_each_other(graph: grimp.ImportGraph, package: str) -> None:
    """No public file of an axis imports another public file of it."""
    public = {m for m in graph.find_children(package) if not m.rpartition(".")[2].startswith("_")}
    assert public, f"{package} has no choices"
    known = {m: sorted(public & graph.find_modules_directly_imported_by(m)) for m in public}
    assert not {m: others for m, others in known.items() if others}


def test_no_room_is_a_junk_drawer(graph: grimp.ImportGraph) -> None:
    """No module is called by a name that says nothing."""
    empty = {"utils", "util", "helpers", "helper", "common", "misc", "base", "tools"}
    assert not {m for m in graph.modules if m.rpartition(".")[2].lstrip("_") in empty}
