"""The documents match the code: links lead somewhere, commands and options exist, snippets are legal, both READMEs say the same."""

from __future__ import annotations

import ast
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

import burnish
from burnish.cli import reference
from burnish.cli.commands import commands
from burnish.core.component import kinds
from burnish.data.looking.audit import OVERRIDES
from burnish.losses import Loss
from burnish.recipe.axes import AXES
from burnish.recipe.recipe import Recipe
from burnish.recipe.tasks import TASKS
from burnish.recipe.text import loads
from burnish.targets import target_class
from tests.loss_cases import weighed

ROOT = Path(__file__).resolve().parents[2]
ENGLISH, CHINESE = ROOT / "README.md", ROOT / "README.zh-CN.md"
PAGES = [
    ENGLISH,
    CHINESE,
    ROOT / "CHANGELOG.md",
    ROOT / "CONTRIBUTING.md",
    ROOT / "examples" / "customer_messages" / "README.md",
    ROOT / "benchmarks" / "README.md",
    *sorted((ROOT / "docs").glob("*.md")),
]
each_page = pytest.mark.parametrize("page", PAGES, ids=lambda p: str(p.relative_to(ROOT)))


def text(page: Path) -> str:
    """The page."""
    return page.read_text(encoding="utf-8")


def blocks(page: Path, language: str) -> list[str]:
    """The fenced code blocks in one language."""
    return re.findall(rf"^```{language}\n(.*?)^```", text(page), re.DOTALL | re.MULTILINE)


def prose(page: Path) -> str:
    """The page without its fenced code blocks."""
    return re.sub(r"^```.*?^```", "", text(page), flags=re.DOTALL | re.MULTILINE)


def headings(page: Path) -> list[str]:
    """The headings, with their number signs."""
    return re.findall(r"^#+ .+$", prose(page), re.MULTILINE)


def anchor(heading: str) -> str:
    """A heading as GitHub turns it into the fragment of a link."""
    words = re.sub(r"[^\w\- ]", "", heading.lstrip("# ").lower())
    return words.replace(" ", "-")


def links(page: Path) -> list[str]:
    """Where the links and pictures of a page lead within the repository."""
    targets = re.findall(r"\]\(([^)\s]+)\)", prose(page))
    return [t for t in targets if not re.match(r"[a-z]+:", t)]


def calls(page: Path) -> Iterator[list[str]]:
    """The words of every burnish command in the page's bash blocks, without comments, variables and `burnish` itself."""
    for block in blocks(page, "bash"):
        for line in block.replace("\\\n", " ").splitlines():
            words = shlex.split(line, comments=True)
            if "burnish.cli.commands" in words:  # torchrun -m burnish.cli ...
                words = ["burnish", *words[words.index("burnish.cli.commands") + 1 :]]
            if words and words[0] == "burnish":
                yield words[1:]


@each_page
def test_links_lead_somewhere(page: Path) -> None:
    """Every relative link names a file that is there, and a heading that is there."""
    for link in links(page):
        file, _, fragment = link.partition("#")
        target = (page.parent / file).resolve() if file else page
        assert target.exists(), f"{link} leads nowhere"
        assert target.is_relative_to(ROOT), f"{link} leads out of the repository"
        if fragment:
            assert fragment in [anchor(h) for h in headings(target)], f"{link}: no such heading"


@each_page
def test_commands_and_options_exist(page: Path) -> None:
    """Every command in a bash block is one of burnish's, with options it has and the number of arguments it takes."""
    for words in calls(page):
        if words[0].startswith("-"):
            assert words[0] in {o for p in commands.params for o in p.opts} | {"--help", "-h"}, words
            continue
        assert words[0] in commands.commands, words
        command = commands.commands[words[0]]
        context = click.Context(command, info_name=words[0], resilient_parsing=True)
        command.make_parser(context).parse_args(list(words[1:]))  # raises for an unknown option


@each_page
def test_overrides_name_recipe_fields(page: Path) -> None:
    """`place=value` after `burnish train` begins with a field of Recipe."""
    for words in calls(page):
        if words[0] == "train":
            for word in words[1:]:
                name, equals, _ = word.partition("=")
                if equals and not name.startswith("-"):
                    assert name.split(".")[0] in Recipe.model_fields, word


@each_page
def test_axes_and_tasks_in_commands_exist(page: Path) -> None:
    """`burnish list AXIS` names an axis and `burnish new --task` a task."""
    for words in calls(page):
        if words[0] == "list" and len(words) > 1:
            assert words[1] in AXES, words
        if "--task" in words:
            assert words[words.index("--task") + 1] in TASKS, words


@each_page
def test_python_snippets_compile(page: Path) -> None:
    """Python blocks are legal, and what they take from burnish is public."""
    for block in blocks(page, "python"):
        for node in ast.walk(ast.parse(block)):
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "burnish":
                assert node.attr in burnish.__all__, f"burnish.{node.attr}"


@each_page
def test_recipes_in_pages_load(page: Path) -> None:
    """YAML blocks are recipes."""
    for block in blocks(page, "yaml"):
        Recipe.load(loads(block))


def test_both_readmes_have_the_same_shape() -> None:
    """As many headings, of the same levels, in the same order, linked to each other."""
    levels = [[len(h) - len(h.lstrip("#")) for h in headings(page)] for page in (ENGLISH, CHINESE)]
    assert levels[0] == levels[1]
    assert CHINESE.name in links(ENGLISH)
    assert ENGLISH.name in links(CHINESE)


def after_the_quick_start(page: Path) -> str:
    """The page from the second heading of its second level on: each README has a quick start of its own language."""
    return "\n## ".join(text(page).split("\n## ")[2:])


@pytest.mark.parametrize("language", ["python", "yaml", "text"])
def test_both_readmes_show_the_same_code(language: str) -> None:
    """The blocks are equal, letter by letter."""
    shown = [re.findall(rf"^```{language}\n(.*?)^```", after_the_quick_start(p), re.DOTALL | re.MULTILINE)
             for p in (ENGLISH, CHINESE)]  # fmt: skip
    assert shown[0]
    assert shown[0] == shown[1]


def test_both_readmes_show_the_same_commands() -> None:
    """Commands are equal but for their comments, and so are the links."""
    found = [re.findall(r"^```bash\n(.*?)^```", after_the_quick_start(p), re.DOTALL | re.MULTILINE)
             for p in (ENGLISH, CHINESE)]  # fmt: skip
    shown = [
        [shlex.split(line, comments=True) for b in page for line in b.replace("\\\n", " ").splitlines()]
        for page in found
    ]
    assert shown[0]
    assert shown[0] == shown[1]
    assert set(links(ENGLISH)) - {CHINESE.name} == set(links(CHINESE)) - {ENGLISH.name}


def test_the_reference_is_what_the_code_says() -> None:
    """docs/reference.md is written by `make reference`: commands, exit codes, tasks, recipe fields, axes, kinds, settings."""
    assert text(ROOT / "docs" / "reference.md") == reference.page(), "run `make reference`"


def test_the_reference_leaves_nothing_out() -> None:
    """Each command, task and recipe field has a row or heading, and so has each kind of each axis."""
    page = reference.page()
    assert [c for c in commands.commands if f"### burnish {c}\n" not in page] == []
    named = [*TASKS, *Recipe.model_fields, *(kind for package in AXES.values() for kind in kinds(package))]
    assert [n for n in named if f"| `{n}` |" not in page] == []


def test_the_metrics_page_names_every_headline_metric() -> None:
    """docs/metrics.md has each target with the metric that decides and its headline."""
    page = text(ROOT / "docs" / "metrics.md")
    for kind in kinds(AXES["targets"]):
        target = target_class(kind)
        row = next(line for line in page.splitlines() if line.startswith(f"| `{kind}` | `{target.decides}` |"))
        bold = re.search(r"\*\*(.+?)\*\*", row)
        assert bold
        shown = bold.group(1).split(", ")
        assert len(shown) == len(target.headline)


def test_pages_are_not_dense() -> None:
    """A page that is read, not looked up in, stays under 1,600 words."""
    looked_up = {"reference.md", "troubleshooting.md"}
    long = {p.name: len(text(p).split()) for p in (ROOT / "docs").glob("*.md") if p.name not in looked_up}
    assert {name: words for name, words in long.items() if words > 1600} == {}


def test_data_page_names_every_finding() -> None:
    """docs/data.md explains each finding and override, docs/audit.md those of a closer look, speech-corpora.md of speech."""
    code = "".join(f.read_text(encoding="utf-8") for f in (ROOT / "src/burnish/data/looking/audit").glob("*.py"))
    found = set(re.findall(r'(?:Finding\(|finding\(\s*)"([a-z_]+)"', code)) | set(OVERRIDES)
    found |= set(re.findall(r'"([a-z]+_[a-z_]+)",\s*"(?:note|warning|refusal)"', code)) | {"unknown_labels"}
    page = "".join(text(ROOT / "docs" / name) for name in ("data.md", "audit.md", "speech-corpora.md"))
    assert len(found) > 10
    assert [code for code in sorted(found) if f"`{code}`" not in page] == []


def test_every_page_is_in_the_index() -> None:
    """docs/index.md links every page beside it."""
    named = set(links(ROOT / "docs" / "index.md"))
    assert {p.name for p in (ROOT / "docs").glob("*.md")} - {"index.md"} <= named


def test_the_loss_of_the_extending_page_works() -> None:
    """The example of a loss file is a loss: its values are right, and weights of 0 leave elements out."""
    import torch

    block = next(b for b in blocks(ROOT / "docs" / "extending.md", "python") if "AbsoluteError" in b)
    room: dict[str, object] = {"__name__": "absolute_error"}
    exec(compile(block, "absolute_error.py", "exec"), room)
    loss = room["AbsoluteError"](margin=0.5)  # type: ignore[operator]
    assert isinstance(loss, Loss)
    found = weighed(
        loss, torch.tensor([[1.0], [2.0], [9.0]]), torch.tensor([3.0, 2.0, 0.0]), torch.tensor([1.0, 1.0, 0.0])
    )
    assert found.mean == pytest.approx(0.75)


def test_pictures_are_small() -> None:
    """Pictures of the documents stay under 100 KB each."""
    for picture in (ROOT / "docs" / "pictures").glob("*"):
        assert picture.stat().st_size < 100_000, picture.name


@each_page
def test_pages_name_no_place_of_one_machine(page: Path) -> None:
    """No absolute paths of somebody's machine."""
    assert not re.search(r"/(work|home|root|tmp|Users)/", text(page))
