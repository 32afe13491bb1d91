"""The rung that is kept: a bundle of its own, with one artifact."""

from __future__ import annotations

import shutil
from pathlib import Path

from burnish.answering.opening import recorded, write
from burnish.bundle import artifacts
from burnish.bundle import bundle as bundles
from burnish.bundle.artifacts import Artifact
from burnish.bundle.files import CARD
from burnish.runtimes.torch import computing
from burnish.stages.compress.against import Candidate
from burnish.stages.export.exports import Say

GIVEN = ("format", "model", "input", "target", "processor", "decoder")
"""Of bundle.json, what `Contents` says itself."""


def keep(candidate: Candidate, artifact: Artifact, out: Path, say: Say) -> None:
    """Write a bundle of the network with its artifact, which decides as was learned again for it.

    Args:
        candidate: whose export it is.
        artifact: that export.
        out: the new folder.
        say: told where it lies.
    """
    bundle = candidate.bundle
    run, reading = candidate.gate.reopened(artifact)
    examples = [row["example"] for row in bundle.golden()]
    contents = bundles.Contents(
        save_model=candidate.network.save,
        input=bundle.input,
        target=reading.target,
        processor=bundle.processor,
        model=bundle.model,
        facts={name: value for name, value in bundle.settings.items() if name not in GIVEN},
        card=(bundle.path / CARD).read_text(encoding="utf-8"),
        golden=examples,
        decoder=bundle.decoder,
    )
    write(out, contents, computing(candidate.network, bundle.decoder))
    with artifacts.adding(out, artifact.name) as place:
        for path in artifact.path.iterdir():
            if path.is_file() and path.name not in (artifacts.FACTS, artifacts.GOLDEN):
                shutil.copy2(path, place / path.name)
        artifacts.write_facts(place, artifact.facts, recorded(reading, run, examples))
    say(f"kept: {candidate.label}, {artifact.name}, in {out}")
