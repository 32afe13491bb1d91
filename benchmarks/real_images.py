"""Real pictures: our runs, and the same recipe through a plain torchvision loop, three adapters each.

    burnish train benchmarks/real_images/gtsrb.yaml --out runs/real/gtsrb-full-0 seed=0    our side, from the command line
    python benchmarks/real_images.py loop gtsrb --adapter full --seed 0                    the other side
    python benchmarks/real_images.py all --who burnish --seeds 0                           everything that has no result yet
    python benchmarks/real_images.py table                                                 both, side by side

`all` keeps each figure in `benchmarks/real_images/results`, with the seconds of processor time of the whole process,
which a busy machine disturbs less than seconds on the clock; the `table` is made of these files. Both sides read
`../shared` and use as many threads as OMP_NUM_THREADS says.

The loop is the one tutorials have: ImageFolder, torchvision transforms, DataLoader, AdamW, a linear schedule with
warm-up, freezing by `requires_grad`, `model.train()` each epoch, the best epoch by macro F1 on validation kept. It gets
the same weights and padding, size, normalisation, augmentation settings, batch size, epochs, learning rates, weight
decay, clipping and float32; where there is no validation folder it draws its own stratified tenth. Its test answers are
scored by our metrics.
"""

from __future__ import annotations

import argparse
import copy
import json
import sys
import time
from pathlib import Path
from typing import Any

from kept_results import run_and_keep

HERE = Path(__file__).parent
RUNS = HERE.parent / "runs" / "real"
RESULTS = HERE / "real_images" / "results"
WHO = ("burnish", "loop")
LAYERS = 4  # blocks of 18 that last_layers trains
RATES = {
    "full": 1.0,
    "last_layers": 2.0,
    "head_only": 5.0,
}  # times the learning rate of the recipe: fewer weights, longer steps
ADAPTERS: dict[str, str] = {name: name for name in RATES} | {"last_layers": f"{{kind: last_layers, layers: {LAYERS}}}"}


def recipe(name: str, seed: int) -> Any:
    """The recipe of a data set."""
    from burnish.recipe.recipe import Recipe
    from burnish.recipe.text import load_file

    return Recipe.load({**load_file(HERE / "real_images" / f"{name}.yaml"), "seed": seed})


def transforms(settings: Any) -> tuple[Any, Any]:
    """What tutorials do to training and test pictures, with the numbers of a recipe."""
    from torchvision import transforms as t

    own, a = settings.input, settings.augmentation
    tail = [t.ToTensor(), t.Normalize(own.mean, own.std)]
    train = [
        t.RandomResizedCrop(own.size, scale=a.scale, ratio=a.ratio),
        *([t.RandomHorizontalFlip()] if a.horizontal_flip else []),
        *([t.RandomVerticalFlip()] if a.vertical_flip else []),
        *([t.RandomRotation(a.rotation)] if a.rotation else []),
        *([t.ColorJitter(*[a.colour_jitter] * 3, a.colour_jitter / 4)] if a.colour_jitter else []),
    ]
    shorter = round(own.size / (own.crop_ratio or 0.875))
    return t.Compose([*train, *tail]), t.Compose([t.Resize(shorter), t.CenterCrop(own.size), *tail])


def network(settings: Any, adapter: str, classes: int) -> Any:
    """MobileNetV2 with the ImageNet weights, a fresh last layer, and what does not learn frozen."""
    import torchvision
    from safetensors.torch import load_file
    from torch import nn

    from burnish.models._vision.same_padding import pad_as_tensorflow

    model = torchvision.models.mobilenet_v2()
    pad_as_tensorflow(model)
    model.load_state_dict(load_file(Path(settings.model.weights) / "model.safetensors"))
    model.classifier[1] = nn.Linear(model.last_channel, classes)
    blocks = list(model.features)
    frozen = {"full": 0, "head_only": len(blocks), "last_layers": len(blocks) - LAYERS}[adapter]
    for block in blocks[:frozen]:
        for parameter in block.parameters():
            parameter.requires_grad = False
    return model


def folders(settings: Any, seed: int) -> tuple[Any, Any, Any]:
    """Training, validation and test pictures."""
    from sklearn.model_selection import train_test_split
    from torch.utils.data import Subset
    from torchvision.datasets import ImageFolder

    changed, plain = transforms(settings)
    train, test = ImageFolder(settings.data.train, changed), ImageFolder(settings.data.test, plain)
    if settings.data.validation is not None:
        return train, ImageFolder(settings.data.validation, plain), test
    own, held = train_test_split(range(len(train)), test_size=0.1, stratify=train.targets, random_state=seed)
    return Subset(train, own), Subset(ImageFolder(settings.data.train, plain), held), test


def answers(model: Any, loader: Any) -> tuple[Any, Any]:
    """Logits and class numbers of every picture."""
    import torch

    model.eval()
    with torch.no_grad():
        found = [(model(x), y) for x, y in loader]
    return torch.cat([x for x, _ in found]), torch.cat([y for _, y in found])


def loop(name: str, adapter: str, seed: int) -> dict[str, Any]:
    """Train and test one data set as people write it; the test scores with intervals."""
    import torch
    from sklearn.metrics import f1_score
    from torch.utils.data import DataLoader
    from transformers import get_linear_schedule_with_warmup

    settings = recipe(name, seed)
    torch.manual_seed(seed)
    train, validation, test = folders(settings, seed)
    model = network(settings, adapter, len(test.classes))
    batches = DataLoader(train, batch_size=settings.batch_size, shuffle=True)
    checks, tests = (DataLoader(d, batch_size=settings.evaluation_batch_size) for d in (validation, test))
    rate = settings.learning_rate * RATES[adapter]
    learning = [p for p in model.parameters() if p.requires_grad]
    optimizer = torch.optim.AdamW(learning, lr=rate, weight_decay=settings.optimizer.weight_decay)
    epochs, total = int(settings.epochs), int(settings.epochs) * len(batches)
    schedule = get_linear_schedule_with_warmup(optimizer, int(0.06 * total), total)
    criterion = torch.nn.CrossEntropyLoss()
    best, kept = -1.0, None
    started = time.perf_counter()
    for _ in range(epochs):
        model.train()
        for x, y in batches:
            optimizer.zero_grad()
            loss = criterion(model(x), y)
            loss.backward()
            torch.nn.utils.clip_grad_norm_(learning, 1.0)
            optimizer.step()
            schedule.step()
        logits, truth = answers(model, checks)
        score = float(f1_score(truth, logits.argmax(1), average="macro"))
        if score > best:
            best, kept = score, copy.deepcopy(model.state_dict())
    seconds = time.perf_counter() - started
    model.load_state_dict(kept)
    return {"seconds": seconds, "split": "test", **scored(*answers(model, tests), test.classes, seed)}


def scored(logits: Any, truth: Any, names: list[str], seed: int) -> dict[str, Any]:
    """Our metrics of the loop's answers."""
    import pyarrow as pa
    import torch

    from burnish.core.component import build
    from burnish.core.predictions import Predictions, schema
    from burnish.evaluation.scores import metrics_for, scores

    probabilities = logits.softmax(1).numpy()
    columns = {
        "row": range(len(truth)),
        "truth": [names[t] for t in truth],
        "answer": [names[a] for a in logits.argmax(1)],
        "probabilities": list(probabilities),
        "loss": torch.nn.functional.cross_entropy(logits, truth, reduction="none").tolist(),
        "group": [None] * len(truth),
    }
    form = schema("label", tuple(names), pa.string())
    table = pa.table({f.name: pa.array(columns[f.name], type=f.type) for f in form}, schema=form)
    target: Any = build("burnish.targets", {"kind": "label", "labels": names})
    return scores(Predictions(table), metrics_for("label", []), target.headline, seed=seed)


def everything(who: str, seeds: list[int], names: list[str], adapters: list[str]) -> None:
    """Run what has no result yet, one after the other."""
    RESULTS.mkdir(parents=True, exist_ok=True)
    RUNS.mkdir(parents=True, exist_ok=True)
    for seed in seeds:
        for name in names:
            for adapter in adapters:
                if not (RESULTS / f"{name}-{adapter}-{seed}-{who}.json").is_file():
                    _one(name, adapter, seed, who)


def _one(name: str, adapter: str, seed: int, who: str) -> None:
    """One run in a process of its own, so that its processor time can be told from the clock."""
    case = f"{name}-{adapter}-{seed}"
    place = RUNS / case if who == "burnish" else RUNS / f"{case}.loop.json"
    if who == "burnish":
        rate = recipe(name, seed).learning_rate * RATES[adapter]
        settings = [f"seed={seed}", f"adapter={ADAPTERS[adapter]}", f"learning_rate={rate:g}"]
        settings += [f"baselines={str(seed == 0 and adapter == 'full').lower()}"]
        file = HERE / "real_images" / f"{name}.yaml"
        command = [sys.executable, "-m", "burnish.cli", "train", str(file), "--out", str(place), *settings]
    else:
        command = [sys.executable, __file__, "loop", name, "--adapter", adapter, "--seed", str(seed)]
    scores = place / "scores.json" if who == "burnish" else place
    run_and_keep(command, case=case, who=who, runs=RUNS, scores=scores, results=RESULTS)


def show() -> None:
    """Accuracy, macro F1 and area under the ROC curve of the test with intervals, and processor time, of every result."""
    labels = ("accuracy", "macro_f1", "roc_auc")
    print("| data | adapter | seed | who | accuracy | macro F1 | ROC AUC | processor s, all |")
    print("|---|---|---|---|---|---|---|---|")
    for path in sorted(RESULTS.glob("*.json")):
        name, adapter, seed, who = path.stem.rsplit("-", 3)
        found = json.loads(path.read_text(encoding="utf-8"))
        cells = [
            f"{m['value']:.4f} ({m['low']:.4f} to {m['high']:.4f})" if (m := found["metrics"].get(label)) else ""
            for label in labels
        ]
        print(f"| {name} | {adapter} | {seed} | {who} | {' | '.join(cells)} | {found['processor_seconds']:.0f} |")


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    one = commands.add_parser("loop")
    one.add_argument("name")
    one.add_argument("--adapter", choices=list(RATES), default="full")
    one.add_argument("--seed", type=int, default=0)
    many = commands.add_parser("all")
    many.add_argument("--who", choices=WHO, required=True)
    many.add_argument("--seeds", type=int, nargs="+", default=[0])
    many.add_argument("--names", nargs="+", default=sorted(p.stem for p in (HERE / "real_images").glob("*.yaml")))
    many.add_argument("--adapters", nargs="+", choices=list(RATES), default=list(RATES))
    commands.add_parser("table")
    asked = parser.parse_args()
    if asked.command == "table":
        show()
        return
    if asked.command == "all":
        everything(asked.who, asked.seeds, asked.names, asked.adapters)
        return
    found = loop(asked.name, asked.adapter, asked.seed)
    RUNS.mkdir(parents=True, exist_ok=True)
    out = RUNS / f"{asked.name}-{asked.adapter}-{asked.seed}.loop.json"
    out.write_text(json.dumps(found, indent=2), encoding="utf-8")
    print(f"{asked.name} {asked.adapter} seed {asked.seed}: {found['seconds']:.0f} s, {out}")


if __name__ == "__main__":
    main()
