"""The command line: exit codes, messages, speed of help, and what reaches the stages."""

from __future__ import annotations

import importlib
import json
import subprocess
import sys
import types
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from burnish.cli import commands as cli
from burnish.core.component import kinds
from burnish.core.errors import InputError, Interrupted, RunFailed
from burnish.recipe.axes import AXES
from burnish.recipe.recipe import Recipe
from burnish.recipe.tasks import TASKS
from burnish.recipe.text import loads
from tests.slow_cases import slow_but

HEAVY = ("torch", "transformers", "pandas", "sklearn", "datasets", "accelerate", "peft")


@pytest.fixture
def stage(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """Stands in for the stages; keeps what they were called with, and does what `stage["does"]` says."""
    seen: dict[str, Any] = {
        "does": lambda: {"scores": {"f1": {"value": 0.91, "low": 0.88, "high": 0.94}}, "rows": 1200}
    }

    def called(*given: Any, **named: Any) -> Any:
        seen.update(given=given, **named)
        return seen["does"]()

    for place, function in (
        ("burnish.stages.train.run", "run"),
        ("burnish.stages.evaluate", "evaluate"),
        ("burnish.stages.predict.run", "predict"),
        ("burnish.bundle.info", "describe"),
    ):
        module = types.ModuleType(place)
        setattr(module, function, called)
        package, _, name = place.rpartition(".")
        monkeypatch.setitem(sys.modules, place, module)
        monkeypatch.setattr(importlib.import_module(package), name, module, raising=False)
    return seen


def failing(error: BaseException) -> Any:
    def fail() -> None:
        raise error

    return fail


def test_help_imports_nothing_heavy() -> None:
    code = (
        "import sys; from burnish.cli.commands import run; run(['--help']); "
        f"heavy = [m for m in {(*HEAVY, 'pyarrow', 'numpy', 'pydantic', 'rich')} if m in sys.modules]; "
        "sys.exit(f'imported {heavy}' if heavy else 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    # That it takes under 0.3 s follows from what is imported, and is measured by benchmarks/command_line.py: a clock in a
    # test fails on a busy machine.
    assert done.returncode == 0, done.stderr
    assert "train" in done.stdout


@pytest.mark.parametrize(
    "arguments", slow_but([["new"], ["list"], ["list", "losses", "--fields"], ["schema"]], ["schema"])
)
def test_commands_that_only_print_import_nothing_heavy(arguments: list[str]) -> None:
    code = (
        f"import sys; from burnish.cli.commands import run; code = run({arguments!r}); "
        f"heavy = [m for m in {HEAVY!r} if m in sys.modules]; "
        "sys.exit(f'imported {heavy}' if heavy else code)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout


@pytest.mark.parametrize("command", list(cli.commands.commands))
def test_every_command_and_option_explains_itself(command: str) -> None:
    result = CliRunner().invoke(cli.commands, [command, "--help"])
    assert result.exit_code == 0
    for parameter in cli.commands.commands[command].params:
        assert parameter.param_type_name == "argument" or getattr(parameter, "help", None), parameter.name


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["trian"], "Did you mean 'train'?"),
        (["train", "--taget", "x"], "--target"),
        (["predict", "runs/x"], "Missing argument"),
        (["predict", "runs/x", "a.csv", "-o", "b.csv", "--batch-size", "0"], "not in the range"),
        (["list", "loses"], "did you mean 'losses'?"),
        (["train"], "neither a recipe nor data"),
        (["train", "absent.yaml"], "no such recipe file"),
        (["train", "a.yaml", "b.yaml"], "found 2 recipes"),
        (["train", "--resume"], "--out RUN"),
        (["train", "--data", "a.csv", "epochs"], "no such recipe file"),
        (["train", "--data", "a.csv", "epochs=many"], "epochs: found 'many'"),
        (["train", "--data", "a.csv", "learning_rat=1"], "write 'learning_rate'"),
        (["train", "--data", "a.csv", "loss.kind=focl"], "did you mean 'focal'?"),
        (["new", "--task", "text-clasification"], "did you mean 'text-classification'?"),
    ],
)
def test_bad_usage_and_bad_input_exit_with_2(
    arguments: list[str], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.run(arguments) == 2
    shown = capsys.readouterr()
    assert words in shown.err
    assert "Traceback" not in shown.err


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (InputError("no rows", fix="add some", place="a.csv, row 3"), 2),
        (RunFailed("the disk is full"), 1),
        (Interrupted("stopped after step 3"), 130),
        (KeyboardInterrupt(), 130),
    ],
)
def test_errors_become_exit_codes_without_a_traceback(
    error: BaseException, code: int, stage: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    stage["does"] = failing(error)
    assert cli.run(["info", "runs/x"]) == code
    shown = capsys.readouterr().err
    assert str(error).splitlines()[:1] == [] or str(error) in shown
    assert "Traceback" not in shown


def test_an_unexpected_error_is_short_and_saves_its_traceback(
    stage: dict[str, Any], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("BURNISH_DEBUG", raising=False)
    stage["does"] = failing(ZeroDivisionError("oh no"))
    assert cli.run(["info", "runs/x"]) == 1
    shown = capsys.readouterr().err
    assert "unexpected ZeroDivisionError: oh no" in shown
    assert "Traceback" not in shown
    saved = Path(next(word for word in shown.split() if word.endswith(".log")))
    assert "Traceback" in saved.read_text()
    saved.unlink()


@pytest.mark.parametrize("arguments", [["--debug", "info", "runs/x"], ["info", "runs/x", "--debug"]])
def test_debug_shows_the_traceback(
    arguments: list[str], stage: dict[str, Any], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BURNISH_DEBUG", "0")
    stage["does"] = failing(InputError("no rows"))
    assert cli.run(arguments) == 2
    assert "Traceback" in capsys.readouterr().err


def test_train_hands_over_a_recipe_made_of_file_options_and_overrides(
    stage: dict[str, Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "reviews.yaml"
    file.write_text("data: reviews.csv\nloss: {kind: cross_entropy, label_smoothing: 0.1}\nepochs: 5\n")
    options = ["--target", "stars", "--input", "title", "--input", "body", "--model", "my/model", "--device", "cpu"]
    out = tmp_path / "run"
    assert cli.run(["train", str(file), "learning_rate=3e-5", "loss.kind=focal", *options, "--out", str(out)]) == 0
    (recipe,) = stage["given"]
    assert isinstance(recipe, Recipe)
    assert (recipe.data.train, recipe.epochs, recipe.learning_rate, recipe.device) == ("reviews.csv", 5, 3e-5, "cpu")
    assert recipe.loss is not None
    assert recipe.loss.kind() == "focal"
    assert recipe.target_column == "stars"
    assert recipe.input is not None
    assert recipe.input.required_columns == ("title", "body")
    assert recipe.model.name == "my/model"
    assert (stage["out"], stage["resume"]) == (out, False)
    assert "dropped its label_smoothing=0.1" in capsys.readouterr().err


def test_documented_overrides_need_no_kind(stage: dict[str, Any], tmp_path: Path) -> None:
    overrides = ["schedule.warmup_ratio=0.2", "split.test=0.3", "input.max_length=32", "trackers.0.style=plain"]
    words = ["train", "--data", "a.csv", "--target", "label", *overrides, "--out", str(tmp_path / "run")]
    assert cli.run(words) == 0
    (recipe,) = stage["given"]
    assert (recipe.schedule.kind(), recipe.schedule.warmup_ratio) == ("linear", 0.2)
    assert (recipe.split.kind(), recipe.split.test) == ("stratified", 0.3)
    assert recipe.unsettled == {"input": {"max_length": 32}}
    assert [(t.kind(), t.style) for t in recipe.trackers] == [("console", "plain")]


def test_train_needs_no_file(stage: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "runs" / "reviews").mkdir(parents=True)
    assert cli.run(["train", "--data", "reviews.csv", "--target", "label"]) == 0
    assert stage["given"][0].data.train == "reviews.csv"
    assert stage["out"] == Path("runs/reviews-2")


def test_resume_reads_the_recipe_of_the_run(stage: dict[str, Any], tmp_path: Path) -> None:
    (tmp_path / "recipe.yaml").write_text("data: a.csv\nepochs: 7\n")
    for arguments in (["--out", str(tmp_path)], [str(tmp_path)]):
        assert cli.run(["train", "--resume", *arguments]) == 0
        assert stage["given"][0].epochs == 7
        assert (stage["out"], stage["resume"]) == (tmp_path, True)


def test_evaluate_shows_scores_with_intervals(stage: dict[str, Any], capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["evaluate", "runs/x", "--data", "new.csv"]) == 0
    assert (stage["given"], stage["data"], stage["out"]) == ((Path("runs/x"),), ["new.csv"], None)
    out = capsys.readouterr().out
    assert "0.9100" in out
    assert "95 % CI 0.8800 to 0.9400" in out
    assert "1,200" in out


def test_predict_hands_over_what_it_was_given(stage: dict[str, Any]) -> None:
    assert cli.run(["predict", "runs/x", "in.csv", "-o", "out.csv", "--batch-size", "8"]) == 0
    assert stage["given"] == (Path("runs/x"), "in.csv")
    assert (stage["out"], stage["batch_size"]) == (Path("out.csv"), 8)


@pytest.mark.parametrize("task", list(TASKS))
def test_a_new_recipe_reads_back_as_the_recipe_of_defaults(task: str) -> None:
    result = CliRunner().invoke(cli.commands, ["new", "--task", task, "--data", "my file: 1.csv"])
    assert result.exit_code == 0
    settings = loads(result.output)
    assert list(settings) == list(Recipe.model_fields)
    assert Recipe.load(settings) == Recipe.load({"task": task, "data": {"train": "my file: 1.csv"}})


def test_new_never_overwrites(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "recipe.yaml"
    assert cli.run(["new", "-o", str(file)]) == 0
    text = file.read_text()
    assert cli.run(["new", "-o", str(file)]) == 2
    assert file.read_text() == text
    assert "there already" in capsys.readouterr().err


@pytest.mark.parametrize("axis", list(AXES))
def test_list_shows_every_kind_of_an_axis(axis: str) -> None:
    result = CliRunner().invoke(cli.commands, ["list", axis, "--fields"])
    assert result.exit_code == 0, result.exception
    first = [line.split()[0] for line in result.output.splitlines()[1:] if line and line[0] != " "]
    assert set(kinds(AXES[axis])) <= set(first)
    assert axis in CliRunner().invoke(cli.commands, ["list"]).output


def test_the_schema_accepts_good_recipes_and_refuses_bad_ones() -> None:
    jsonschema = pytest.importorskip("jsonschema")
    schema = json.loads(CliRunner().invoke(cli.commands, ["schema"]).output)
    validator = jsonschema.Draft202012Validator(schema)
    validator.check_schema(schema)
    good: list[Any] = [
        {"data": "a.csv"},
        {"data": ["a.csv", "b.csv"], "early_stopping": 3, "loss": None, "metrics": ["f1", {"kind": "accuracy"}]},
        {"data": {"train": "a.csv"}, "target": {"column": "stars"}, "model": "some/model", "loss": "focal"},
        {"data": "a.csv", "trust_code": True, "loss": {"kind": "mine:Loss", "weight": 2}},
        *(loads(CliRunner().invoke(cli.commands, ["new", "--task", task]).output) for task in TASKS),
    ]
    for settings in good:
        assert [e.message for e in validator.iter_errors(settings)] == []
    for settings in (
        {"data": "a.csv", "epoch": 3},
        {"data": "a.csv", "loss": "focl"},
        {"data": "a.csv", "loss": {"kind": "focal", "gama": 2}},
    ):
        assert not validator.is_valid(settings)


def test_a_field_given_as_an_option_is_shown_as_it_is_written(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["train", "--data", "x.csv", "--batch-size", "8"]) == 2
    assert "batch_size=VALUE" in capsys.readouterr().err
    assert cli.run(["train", "--data", "x.csv", "--traget", "y"]) == 2
    assert "without dashes" not in capsys.readouterr().err
