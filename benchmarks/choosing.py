"""Whether `burnish choose` ranks checkpoints as fine-tuning does, and what its first choice costs.

    python benchmarks/choosing.py run trec sst2 bccd_cells    # results are kept as they end; what is kept is not run again
    python benchmarks/choosing.py table

Candidates of texts: the starter whole and cut to 4 and 2 of its 6 blocks, and `multilingual_e5_small` where
`MULTILINGUAL` names its folder. Of pictures: MobileNetV2 at three sizes. Each is also trained as `burnish train` does
without settings; the regret is the best test score among them minus that of the first choice.
"""

from __future__ import annotations

import argparse
import json
import os
import time
from pathlib import Path
from typing import Any

from default_cases import RUNS, Case, case, cut

HERE = Path(__file__).resolve().parent
RESULTS = HERE / "results"
METRIC = "macro_f1"
BLOCKS = (4, 2)


def texts() -> list[dict[str, Any]]:
    """Candidates that read texts."""
    found: list[dict[str, Any]] = [{"name": "starter", "model": {"kind": "transformers", "name": "starter"}}]
    for blocks in BLOCKS:
        found.append(
            {"name": f"starter, {blocks} blocks", "model": {"kind": "transformers", "name": str(_cut_down(blocks))}}
        )
    if folder := os.environ.get("MULTILINGUAL"):
        found.append({"name": "multilingual_e5_small", "model": {"kind": "transformers", "name": folder}})
    return found


def pictures(one: Case) -> list[dict[str, Any]]:
    """MobileNetV2 at three sizes of picture."""
    given = one.input or {}
    return [
        {"name": f"mobilenet_v2 at {size}", "model": one.model, "input": {**given, "size": size}}
        for size in (48, 64, 96)
    ]


def _cut_down(blocks: int) -> Path:
    from transformers import AutoModel, AutoTokenizer

    from burnish.models.transformers import Transformers

    out = RUNS / "cut" / f"starter-{blocks}"
    if not (out / "config.json").is_file():
        folder = Transformers(name="starter").folder()
        model = AutoModel.from_pretrained(folder)
        model.encoder.layer = model.encoder.layer[:blocks]
        model.config.num_hidden_layers = blocks
        model.save_pretrained(out)
        AutoTokenizer.from_pretrained(folder).save_pretrained(out)
    return out


def run(name: str) -> None:
    """Choose, then train every candidate."""
    import burnish
    from burnish.recipe.recipe import Recipe
    from burnish.stages.choose.candidates import Candidate
    from burnish.stages.choose.choose import Wishes, choose

    one, kept = case(name), RESULTS / f"choosing-{name}.json"
    if kept.is_file():
        return
    cut(one)
    entries = texts() if one.kind == "texts" else pictures(one)
    given = [Candidate(e["name"], e["model"], {"input": e["input"]} if "input" in e else {}) for e in entries]
    recipe = Recipe.load({**one.recipe(0), "baselines": False})
    began = time.perf_counter()
    found = choose(recipe, given, Wishes(), print)
    seconds, tested, training = time.perf_counter() - began, {}, 0.0
    for candidate in given:
        began = time.perf_counter()
        out = RUNS / "choosing" / f"{name}-{candidate.name.replace(' ', '_').replace(',', '')}"
        if not (out / "scores.json").is_file():
            burnish.train(candidate.recipe(recipe), out=out)
        training += time.perf_counter() - began
        tested[candidate.name] = json.loads((out / "scores.json").read_text())["metrics"][METRIC]["value"]
    RESULTS.mkdir(exist_ok=True)
    values = {**found.as_values(), "tested": tested, "choosing_seconds": seconds, "training_seconds": training}
    kept.write_text(json.dumps(values, indent=1) + "\n")


def table() -> None:
    """Rank correlation, regret and cost of each set, and their means."""
    from scipy.stats import kendalltau

    print(
        "| data | chosen | best by test | regret, points | Kendall's tau of features | of all | choosing / training all |"
    )
    print("|---|---|---|---|---|---|---|")
    regrets = []
    for path in sorted(RESULTS.glob("choosing-*.json")):
        one = json.loads(path.read_text())
        tested, ranks = one["tested"], {c["name"]: c["ranked"]["rank"] for c in one["candidates"] if c["ranked"]}
        best = max(tested, key=tested.__getitem__)
        regrets.append(100 * (tested[best] - tested[one["chosen"]]))
        names = [n for n in tested if n in ranks]
        tau = kendalltau([ranks[n] for n in names], [-tested[n] for n in names]).statistic
        share = one["choosing_seconds"] / one["training_seconds"]
        print(
            f"| {path.stem.removeprefix('choosing-')} | {one['chosen']} | {best} | {regrets[-1]:.1f} | {tau:+.2f} "
            f"| {len(names)} | {share:.2f} |"
        )
    if regrets:
        print(f"\nmean regret: {sum(regrets) / len(regrets):.2f} points (at most 1 is to be reached)")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["run", "table"])
    parser.add_argument("names", nargs="*", default=["trec", "sms_spam", "sst2", "bccd_cells", "gtsrb"])
    asked = parser.parse_args()
    if asked.what == "table":
        table()
    for name in asked.names if asked.what == "run" else ():
        run(name)
