"""What computes of a bundle: which artifact or runtime answers, opened, and checked by the bundle's golden examples."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from burnish.bundle import artifacts
from burnish.bundle.artifacts import Artifact
from burnish.bundle.bundle import TOLERANCE, Bundle, Contents, save
from burnish.bundle.files import MODEL
from burnish.core.batch import Encoded, Example
from burnish.core.component import build
from burnish.core.errors import InputError
from burnish.core.filed import FileAnswer
from burnish.core.written import as_written
from burnish.decoders import answered
from burnish.runtimes import Generate, Runner, Runtime
from burnish.runtimes.torch import Torch, computing
from burnish.targets import Decoded, Generative

if TYPE_CHECKING:
    from burnish.core.network import Network

Computed = Runner | Generate
"""What computes a bundle: `Generate` where its decoder reads steps, else `Runner`."""


def opened(bundle: Bundle, device: str) -> tuple[Network, Computed]:
    """The network of a bundle in torch, and what computes its answers, once it has answered the golden examples.

    Both are one network: what is tested answers, and is shown the truth where losses are not to be had of answers.

    Raises:
        InputError: torch is missing, or it answers otherwise than it did.
    """
    with as_written(bundle.path / MODEL, "the model"):
        network = Torch(device=device).network(bundle.path / MODEL, bundle.model, bundle.input, bundle.target)
        run = computing(network, bundle.decoder)
    check(bundle, run)
    return network, run


def settled(bundle: Bundle, runtime: str | dict[str, Any] | None = None) -> Runtime:
    """The runtime that answers, with the artifact it opens.

    Where none is asked for, it is the float32 artifact that passed the gate and takes rows of any size: it decides as
    the tested weights do, starts in a fraction of the time, and is faster. Without one it is torch, and where that is
    not installed the fastest artifact there is.

    Args:
        bundle: the trained model.
        runtime: a kind of runtime, the name of an artifact, or settings with `kind`, of which an artifact that is not
            named is the fastest.

    Raises:
        InputError: the bundle has no such artifact; or neither an artifact nor torch is there.
    """
    readable = [artifact for artifact in bundle.artifacts() if artifact.format]
    named = next((a for a in readable if a.name == runtime), None)
    wanted = {"kind": named.format, "artifact": named.name} if named else runtime or _usual(bundle, readable)
    built = cast(Runtime, build("burnish.runtimes", wanted, place="runtime"))
    if not built.reads:
        return built
    artifact = artifacts.chosen(bundle.path, built.reads, getattr(built, "artifact", None))
    return built.model_copy(update={"artifact": artifact.name})


def answers_with(runtime: Runtime) -> str:
    """What computes, in a word: `torch`, or the name of an artifact."""
    return str(getattr(runtime, "artifact", None) or runtime.kind())


def _usual(bundle: Bundle, readable: Sequence[Artifact]) -> str | dict[str, Any]:
    usable = [a for a in readable if not a.hardware]
    exact = [a for a in usable if a.stands_in]
    if not exact and find_spec("torch") is not None:
        return "torch"
    if not usable:
        raise InputError(
            "the bundle was not exported, and torch is not installed",
            fix="export it where it was trained (burnish export RUN --to onnx), or pip install 'burnish[train]'",
            place=str(bundle.path),
        )
    first = (exact or usable)[0]
    return {"kind": first.format, "artifact": first.name}


def opened_by(bundle: Bundle, runtime: Runtime) -> tuple[Bundle, Computed]:
    """What answers, checked by the golden rows, and the bundle as it reads rows.

    Raises:
        InputError: no artifact for the runtime, its library is missing, or it answers otherwise than it did.
    """
    if not runtime.reads:
        with as_written(bundle.path / MODEL, "the model"):
            run = _computed(bundle, runtime, bundle.path / MODEL)
        check(bundle, run)
        return bundle, run
    artifact = artifacts.chosen(bundle.path, runtime.reads, getattr(runtime, "artifact", None))
    with as_written(artifact.path, f"artifact {artifact.name}"):
        run = _computed(bundle, runtime, artifact.path)
        bundle = bundle.reading(artifact)
    check(bundle, run, artifact)
    return bundle, run


def _computed(bundle: Bundle, runtime: Runtime, folder: Path) -> Computed:
    if bundle.decoder.writes() and isinstance(bundle.target, Generative):
        runtime.require(bundle.decoder, bundle.target, bundle.target.ends(bundle.processor))
    opens = runtime.generates if bundle.decoder.writes() else runtime.open
    return opens(folder, bundle.model, bundle.input, bundle.target)


def answers(bundle: Bundle, run: Computed, examples: Sequence[Example]) -> list[Decoded]:
    """One batch: encode, run, decode; the same code as in training."""
    return decoded(bundle, run, bundle.input.views(examples, bundle.processor.for_input), limit=max(1, len(examples)))


def decoded(
    bundle: Bundle, run: Computed, rows: Iterable[Iterable[Encoded]], *, limit: int, timed: bool = False
) -> list[Decoded]:
    """Answers for rows given as their views, at most `limit` views through the network at once; `timed`: see `answered`."""
    parts = bundle.decoder, bundle.input, bundle.target, bundle.processor
    return answered(run, *parts, rows, limit=limit, timed=timed)


def recorded(bundle: Bundle, run: Computed, examples: Sequence[Example]) -> list[dict[str, Any]]:
    """Golden rows: examples with the answers of `run`."""
    said = answers(_briefly(bundle), run, examples) if examples else []
    return [
        {"example": dict(e), "answer": _told(d.answer), "probabilities": np.asarray(d.probabilities, float).tolist()}
        for e, d in zip(examples, said, strict=True)
    ]


def write(path: Path, contents: Contents, run: Computed) -> Bundle:
    """Write a bundle with the answers of `run` to its golden examples; see `burnish.bundle.bundle.save`."""
    return save(path, contents, recorded(contents.bundle(path), run, contents.golden))


def check(bundle: Bundle, run: Computed, artifact: Artifact | None = None) -> None:
    """Answer the golden rows and compare, with the network's answers or, of an artifact, its own.

    Raises:
        InputError: an answer differs from the one given when the bundle or artifact was made.
    """
    rows = artifact.golden() if artifact else bundle.golden()
    tolerance = artifact.tolerance if artifact else TOLERANCE
    if not rows:
        return
    place = artifact.path if artifact else bundle.path
    with as_written(place, "the reference examples"):
        said = answers(_briefly(bundle), run, [r["example"] for r in rows])
        pairs = list(zip(rows, said, strict=True))
        agreed = [same(row, now, tolerance) for row, now in pairs]
    for (row, now), agrees in zip(pairs, agreed, strict=True):
        if not agrees:
            raise InputError(
                f"the model predicts {_told(now.answer)!r} for a reference example whose recorded prediction is {row['answer']!r}",
                expected="the recorded prediction",
                fix=_otherwise(artifact),
                place=str(place),
            )


def _otherwise(artifact: Artifact | None) -> str:
    """What to do where the answers are others."""
    fix = "the files or the libraries are not those the bundle was made with; see bundle.json"
    precision = "" if artifact is None else str(artifact.facts.get("precision", ""))
    if "int8" not in precision or precision == "int8-weights":
        return fix
    method = precision.replace("-", "_")
    there = f"'{{method: {method}, unsigned: true}}'"
    return (
        f"{fix}. Or the integer arithmetic of this processor is another: export again here (burnish export RUN --quantize "
        f"{method}), or where the model was trained with --quantize {there}, which every processor computes alike"
    )


def same(recorded: Mapping[str, Any], now: Decoded, tolerance: float = TOLERANCE) -> bool:
    """Whether an answer is the recorded one: equal words, probabilities and numbers within float32 of another machine."""
    expected = np.asarray(recorded["probabilities"], np.float64)
    if len(expected):
        return len(expected) == len(now.probabilities) and bool(
            np.allclose(expected, now.probabilities, rtol=0, atol=tolerance)
        )
    if isinstance(recorded["answer"], float):
        return bool(np.isclose(recorded["answer"], now.answer, rtol=tolerance, atol=tolerance))
    return bool(recorded["answer"] == _told(now.answer))


def _briefly(bundle: Bundle) -> Bundle:
    """The bundle as it answers golden examples: quickly."""
    return replace(bundle, decoder=bundle.decoder.briefly())


def _told(answer: Any) -> Any:
    """An answer as JSON holds it; of a file what it says in a few characters."""
    return answer.identity if isinstance(answer, FileAnswer) else answer
