"""Settings: how do I get it again?"""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from pathlib import PurePath
from typing import Any

import yaml

from burnish.recipe.text import loads
from burnish.report import run as report_run
from burnish.report.page.contents import Contents
from burnish.report.page.markdown_html import blocks
from burnish.report.page.markup import Both, Html, both, code, join, tag
from burnish.report.page.privacy import relative
from burnish.report.page.section import Section

MATTER = (
    "learning_rate",
    "head_learning_rate",
    "layer_decay",
    "epochs",
    "max_steps",
    "batch_size",
    "adapter",
    "loss",
    "class_weights",
    "sampler",
    "augmentation",
    "mixing",
    "optimizer",
    "schedule",
    "split",
    "early_stopping",
    "averaging",
    "precision",
    "decoder",
    "calibration",
    "thresholds",
    "abstention",
    "conformal",
    "seed",
)
"""Fields of a recipe that a reader asks for first; null ones are left out."""


def settings(contents: Contents) -> Section:
    """What matters most, commands to copy, the whole recipe, environment and hashes."""
    recipe: Mapping[str, Any] = loads(contents.recipe) if contents.recipe.strip() else {}
    parts = [
        tag("div", _matter(recipe), _commands(contents), class_="two"),
        _recipe(recipe),
        _environment(contents),
        blocks(report_run.further(contents.facts)),
    ]
    return Section(
        "settings",
        Both("Settings", "设置"),
        both("What is needed to get this run again.", "重现本次运行所需的一切。"),
        join(*parts),
    )


def _matter(recipe: Mapping[str, Any]) -> Html | None:
    listed = {name: relative(_spoken(recipe.get(name))) for name in MATTER}
    pairs = [join(tag("dt", code(name)), tag("dd", said)) for name, said in listed.items() if said not in ("", "none")]
    if not pairs:
        return None
    return tag("div", tag("h3", both("What matters most", "最重要的设置")), tag("dl", *pairs, class_="kv"))


def _spoken(value: Any) -> str:
    """A setting on one line: `grouped, validation 0.1`; what is null within it is left out."""
    if isinstance(value, Mapping):
        inner = [(name, said) for name, one in value.items() if one is not None and (said := _spoken(one))]
        return ", ".join(said if name == "kind" else f"{name} {said}" for name, said in inner)
    if isinstance(value, list):
        return ", ".join(filter(None, map(_spoken, value)))
    return "" if value is None else str(value).lower() if isinstance(value, bool) else str(value)


def _commands(contents: Contents) -> Html | None:
    command = (contents.facts.get("environment") or {}).get("command")
    name = shlex.quote(PurePath(str(contents.facts.get("name", "run"))).name)
    if not contents.recipe:
        return None
    run = f"runs/{name}"
    rows = [
        (both("Run it again, exactly", "原样再次运行"), f"burnish train {run}/recipe.yaml --out {run}-again"),
        (both("Score it on other examples", "在其他数据上评分"), f"burnish evaluate {run} --data new.csv"),
        (both("Predict a file", "预测一个文件"), f"burnish predict {run} new.csv -o predictions.csv"),
    ]
    if isinstance(command, list):
        said = " ".join(
            shlex.quote(relative(str(part))) if "…" not in relative(str(part)) else relative(str(part))
            for part in command
        )
        rows.append((both("As it was started", "当时的命令"), said))
    return tag("div", tag("h3", both("Commands", "命令")), *(_command(*row) for row in rows))


def _command(title: Both, command: str) -> Html:
    copy = tag("button", both("Copy", "复制"), class_="btn cp", type="button", data_c=command, hidden=True)
    return tag("div", tag("p", title), tag("pre", tag("code", command), tabindex="0"), copy, class_="cmd")


def _recipe(recipe: Mapping[str, Any]) -> Html | None:
    if not recipe:
        return None
    text = relative(yaml.safe_dump(dict(recipe), sort_keys=False, allow_unicode=True, width=110))
    return tag(
        "details", tag("summary", both("The whole recipe", "完整配方")), tag("pre", text, tabindex="0", class_="tall")
    )


def _environment(contents: Contents) -> Html | None:
    recorded: Mapping[str, Any] = contents.facts.get("environment") or {}
    hashes = contents.facts.get("hashes") or {}
    lines = report_run.environment(contents.facts)
    if not recorded and not hashes:
        return None
    pairs = [
        join(tag("dt", code(relative(str(name)))), tag("dd", tag("code", str(value)))) for name, value in hashes.items()
    ]
    listed = tag("dl", *pairs, class_="kv hashes") if pairs else None
    return tag(
        "details",
        tag("summary", both("Environment and hashes", "环境与哈希")),
        listed,
        blocks(lines[2:]) if lines else None,
    )
