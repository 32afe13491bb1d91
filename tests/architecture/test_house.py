"""The rules of the house that no linter knows: sizes, documentation, lean imports, nothing that runs foreign code."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import burnish
from burnish.core.component import component_class, kinds
from burnish.recipe.axes import AXES
from burnish.recipe.parts import EarlyStopping
from burnish.recipe.recipe import Recipe

SOURCE = Path(burnish.__file__).parent
FILES = sorted(SOURCE.rglob("*.py"))
AXES_AND_RUNTIMES = sorted([*AXES.values(), "burnish.runtimes"])
LINES_OF_A_FILE = 300
LINES_OF_A_FUNCTION = 60


def name_of(path: Path) -> str:
    return path.relative_to(SOURCE).as_posix()


@pytest.fixture(scope="module")
def trees() -> dict[str, ast.Module]:
    return {name_of(path): ast.parse(path.read_text(encoding="utf-8")) for path in FILES}


def test_files_are_short() -> None:
    lines = {name_of(path): len(path.read_text(encoding="utf-8").splitlines()) for path in FILES}
    assert not {name: count for name, count in lines.items() if count >= LINES_OF_A_FILE}


def test_functions_are_short(trees: dict[str, ast.Module]) -> None:
    found = {
        f"{name}:{node.lineno} {node.name}": node.end_lineno - node.lineno + 1
        for name, tree in trees.items()
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.end_lineno is not None
    }
    assert not {where: count for where, count in found.items() if count >= LINES_OF_A_FUNCTION}


def public(body: list[ast.stmt], inside: str = "") -> Iterator[tuple[str, ast.AST]]:
    """Public classes, functions and methods; a component's one `order` or `build` says what its base class does not."""
    for node in body:
        if not isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) or node.name.startswith("_"):
            continue
        yield f"{inside}{node.name}", node
        if isinstance(node, ast.ClassDef):
            yield from public(node.body, f"{node.name}.")


def inherits(name: str, owner: str, attribute: str) -> bool:
    """Whether a method without documentation overrides one that has it (the contract says what it does)."""
    import importlib
    import inspect

    module = importlib.import_module("burnish." + name.removesuffix(".py").replace("/", ".").removesuffix(".__init__"))
    cls = getattr(module, owner, None)
    return inspect.isclass(cls) and any(
        inspect.getdoc(vars(b)[attribute]) for b in cls.__mro__[1:] if attribute in vars(b)
    )


def test_what_is_public_is_documented(trees: dict[str, ast.Module]) -> None:
    """Every file, class and function; overrides of documented methods may rely on what they repeat."""
    missing = []
    for name, tree in trees.items():
        if not ast.get_docstring(tree) and tree.body and not component_file(tree):
            missing.append(name)
        for where, node in public(tree.body):
            decorated = {ast.unparse(d) for d in getattr(node, "decorator_list", [])}
            if ast.get_docstring(node) or decorated & {"overload"}:  # type: ignore[arg-type]
                continue
            owner, _, attribute = where.rpartition(".")
            if owner and name.rpartition("/")[2].startswith("_") and not name.endswith("__init__.py"):
                continue  # methods inside a private file
            if not (owner and inherits(name, owner.split(".")[0], attribute)):
                missing.append(f"{name}: {where}")
    assert not missing, "\n".join(missing)


def component_file(tree: ast.Module) -> bool:
    """A file of one choice: the documentation of its class is the documentation of the file."""
    classes = [n for n in tree.body if isinstance(n, ast.ClassDef) and not n.name.startswith("_")]
    return len(classes) == 1 and bool(ast.get_docstring(classes[0]))


@pytest.mark.parametrize("axis", AXES_AND_RUNTIMES)
def test_every_field_of_every_component_is_documented(axis: str) -> None:
    undocumented = []
    for kind in kinds(axis):
        cls = component_class(axis, kind)
        assert cls.sentence().endswith("."), f"{axis}.{kind} has no sentence for `burnish list`"
        undocumented += [f"{kind}.{name}" for name, info in cls.model_fields.items() if not info.description]
    assert not undocumented


def test_every_field_of_a_recipe_is_documented() -> None:
    data = Recipe.model_fields["data"].annotation
    for cls in (Recipe, EarlyStopping, data):
        assert cls is not None
        assert not [name for name, info in cls.model_fields.items() if not info.description]


def test_nothing_in_the_source_runs_foreign_code(trees: dict[str, ast.Module]) -> None:
    """No pickle (or what unpickles), no eval, no torch.load without weights_only, no trust_remote_code=True."""
    forbidden = {"pickle", "cPickle", "dill", "cloudpickle", "joblib", "shelve", "marshal"}
    found = []
    for name, tree in trees.items():
        for node in ast.walk(tree):
            where = f"{name}:{getattr(node, 'lineno', 0)}"
            if isinstance(node, ast.Import):
                found += [f"{where} {a.name}" for a in node.names if a.name.partition(".")[0] in forbidden]
            elif isinstance(node, ast.ImportFrom) and (node.module or "").partition(".")[0] in forbidden:
                found.append(f"{where} {node.module}")
            elif isinstance(node, ast.Call):
                found += [f"{where} {wrong}" for wrong in dangers(node)]
    assert not found


def dangers(call: ast.Call) -> Iterator[str]:
    """What is wrong with a call."""
    called = ast.unparse(call.func)
    words = {k.arg: ast.unparse(k.value) for k in call.keywords if k.arg}
    if called in ("eval", "exec", "os.system"):
        yield called
    if called == "torch.load" and words.get("weights_only") != "True":
        yield "torch.load without weights_only=True"
    if called in ("yaml.load", "yaml.load_all") and "Loader" not in words:
        yield "yaml.load without a safe loader"
    if called in ("np.load", "numpy.load") and words.get("allow_pickle", "False") != "False":
        yield "numpy.load with allow_pickle"
    if words.get("trust_remote_code", "False") != "False":
        yield "trust_remote_code"


def test_dangers_are_found() -> None:
    """The test above can fail."""
    calls = (
        "torch.load(f)",
        "torch.load(f, weights_only=False)",
        "m.from_pretrained(n, trust_remote_code=True)",
        "m.from_pretrained(n, trust_remote_code=x)",
        "eval(t)",
        "yaml.load(t)",
        "np.load(f, allow_pickle=True)",
    )
    for text in calls:
        (statement,) = ast.parse(text).body
        assert isinstance(statement, ast.Expr)
        assert isinstance(statement.value, ast.Call)
        assert list(dangers(statement.value)), text


LEAN = (
    "burnish",
    "burnish.core",
    "burnish.core.answer",
    "burnish.core.batch",
    "burnish.core.chances",
    "burnish.core.collecting",
    "burnish.core.component",
    "burnish.core.errors",
    "burnish.core.events",
    "burnish.core.family",
    "burnish.core.filed",
    "burnish.core.files",
    "burnish.core.generated",
    "burnish.core.joining",
    "burnish.core.predictions",
    "burnish.core.room",
    "burnish.core.processor",
    "burnish.core.fixed_size",
    "burnish.core.libraries",
    "burnish.core.mixed_inputs",
    "burnish.core.names",
    "burnish.core.resident",
    "burnish.core.seeds",
    "burnish.core.source_hash",
    "burnish.bundle.signature",
    "burnish.core.terms",
    "burnish.core.views",
    "burnish.core.weighted",
    "burnish.core.windows",
    "burnish.core.word_counts",
    "burnish.core.written",
    "burnish.core.written_lists",
    "burnish.data.reading.places",
    "burnish.decoders",
    "burnish.inputs",
    "burnish.targets",
    "burnish.bundle.bundle",
    "burnish.answering.explaining",
    "burnish.answering.predictor",
    "burnish.runtimes",
    "burnish.recipe.recipe",
    "burnish.cli.commands",
    "burnish.cli.answers",
    "burnish.cli.chatting",
    "burnish.stages.chat.run",
    "burnish.stages.predict.run",
    "burnish.server.dockerfile",
    "burnish.server.app",
    "burnish.server.processes.process",
)
HEAVY = ("torch", "transformers", "accelerate", "datasets", "peft", "sklearn", "pandas", "scipy", "matplotlib")


def test_the_lean_part_imports_nothing_heavy() -> None:
    """Every module of `LEAN`, and every component that encodes, decodes or runs, in one fresh process."""
    core = {f"burnish.core.{p.stem}" for p in (SOURCE / "core").glob("*.py") if p.stem != "__init__"}
    of_torch = {f"burnish.core.{name}" for name in ("channels", "ensemble", "low_rank", "network", "stacks")}
    assert core - set(LEAN) == of_torch, "a new module of core is lean, or says here why not"
    components = [f"{axis}.{kind}" for axis in AXES_AND_RUNTIMES for kind in kinds(axis)]
    program = (
        "import importlib, sys\n"
        f"for name in {[*LEAN, *components]!r}:\n"
        "    importlib.import_module(name)\n"
        f"    heavy = sorted(set({HEAVY!r}) & set(sys.modules))\n"
        "    assert not heavy, f'{name} imports {heavy}'\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr.splitlines()[-1:]


def test_metrics_and_evaluation_have_no_case_for_one_target(trees: dict[str, ast.Module]) -> None:
    """What answers mean is asked of the target: a comparison with a kind's name would be an edit for each new target."""
    targets = set(kinds("burnish.targets"))
    found = [
        f"{name}:{node.lineno}"
        for name, tree in trees.items()
        if name.startswith(("evaluation/", "report/", "counting/", "metrics/", "losses/", "stages/", "answering/"))
        for node in ast.walk(tree)
        if isinstance(node, ast.Compare)
        and "target" in ast.unparse(node)
        and any(isinstance(c, ast.Constant) and c.value in targets for c in ast.walk(node))
    ]
    assert not found


def test_the_server_works_where_neither_torch_nor_pyarrow_is_installed() -> None:
    """What it imports when it starts, in a process that cannot import them."""
    program = (
        "import sys\n"
        f"sys.modules.update(dict.fromkeys({(*HEAVY, 'pyarrow')!r}))\n"
        "import burnish.server.app, burnish.server.processes.process, burnish.server.dockerfile\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr.splitlines()[-1:]
