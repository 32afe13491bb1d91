"""N-gram models of ARPA files: back-off by hand, files that are none, and what a prefix beam makes of them."""

from __future__ import annotations

import gzip
import math
from itertools import product
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest

from burnish.core.component import build
from burnish.core.errors import InputError
from burnish.core.generated import Ends
from burnish.decoders import Decoder
from burnish.decoders._language_model import language_model
from burnish.decoders._stepwise import log_softmax
from tests.contracts.test_decoders import labelling

ARPA = """\\data\\
ngram 1=6
ngram 2=4
ngram 3=2

\\1-grams:
-1.0\t<unk>\t-0.1
-99\t<s>\t-0.3
-0.9\t</s>
-0.5\ta\t-0.2
-0.7\tb\t-0.4
-1.2\tba\t-0.25

\\2-grams:
-0.2\t<s> a\t-0.15
-0.6\ta b\t-0.05
-0.3\tb a
-0.45\tb </s>

\\3-grams:
-0.1\t<s> a b
-0.25\ta b </s>

\\end\\
"""
TEXT = "-ab "  # a blank, two letters and a space


@pytest.fixture
def arpa(tmp_path: Path) -> str:
    (tmp_path / "model.arpa").write_text(ARPA, encoding="utf-8")
    return str(tmp_path / "model.arpa")


def sentence(path: str, words: str) -> float:
    """Log 10 of the probability of a sentence with its end."""
    model = language_model(path)
    total, context = 0.0, model.start
    for word in words.split():
        log, context = model.after(context, word)
        total += log
    return (total + model.ended(context)) / math.log(10)


@pytest.mark.parametrize(
    ("words", "logs"),
    [
        ("a", [-0.2, -0.15 - 0.2 - 0.9]),  # <s> a | then </s> is after no longer context
        ("a b", [-0.2, -0.1, -0.25]),
        ("b", [-0.3 - 0.7, -0.45]),  # <s> b is not there: its back-off; then b </s>
        ("b a", [-0.3 - 0.7, -0.3, -0.2 - 0.9]),  # b a has no back-off of its own
        ("a b a", [-0.2, -0.1, -0.05 - 0.3, -0.2 - 0.9]),
        ("zebra a", [-0.3 - 1.0, -0.1 - 0.5, -0.2 - 0.9]),  # an unknown word is <unk>
        ("", [-0.3 - 0.9]),
    ],
)
def test_back_off_by_hand(arpa: str, words: str, logs: list[float]) -> None:
    assert sentence(arpa, words) == pytest.approx(sum(logs), abs=1e-6)


def test_probabilities_of_all_that_may_follow_are_one(tmp_path: Path) -> None:
    """A bigram model with exact back-off weights."""
    shares, after_a = {"a": 0.5, "b": 0.3, "</s>": 0.2}, {"a": 0.1, "b": 0.6}
    weight = (1 - sum(after_a.values())) / (1 - shares["a"] - shares["b"])
    lines = ["\\data\\", "ngram 1=4", "ngram 2=2", "\\1-grams:", "-99 <s> 0"]
    lines += [f"{math.log10(p)} {w} {math.log10(weight) if w == 'a' else 0}" for w, p in shares.items()]
    lines += ["\\2-grams:", *(f"{math.log10(p)} a {w}" for w, p in after_a.items()), "\\end\\"]
    (tmp_path / "model.arpa").write_text("\n".join(lines), encoding="utf-8")
    model = language_model(str(tmp_path / "model.arpa"))
    for before in ("a", "b"):
        context = model.after(model.start, before)[1]
        total = sum(math.exp(model.after(context, word)[0]) for word in ("a", "b")) + math.exp(model.ended(context))
        assert total == pytest.approx(1.0, abs=1e-6)


def test_a_packed_file_is_the_same(arpa: str, tmp_path: Path) -> None:
    (tmp_path / "model.arpa.gz").write_bytes(gzip.compress(ARPA.encode()))
    assert sentence(str(tmp_path / "model.arpa.gz"), "a b a") == sentence(arpa, "a b a")


@pytest.mark.parametrize(
    ("broken", "words"),
    [
        ("", "no .data"),
        ("hello\n", "no .data"),
        (ARPA.replace("\\end\\", ""), "no .end"),
        (ARPA.replace("ngram 2=4", "ngram 2=5"), "4 2-grams, and .data. names 5"),
        (ARPA.replace("ngram 1=6", "ngram 1=99999999"), "at most 20,000,000"),
        (ARPA.replace("-0.6\ta b\t-0.05", "-0.6\ta"), "no 2-gram"),
        (ARPA.replace("-0.6\ta b\t-0.05", "0.6\ta b\t-0.05"), "no logs"),
        (ARPA.replace("-0.6\ta b\t-0.05", "nan\ta b\t-0.05"), "no logs"),
        (ARPA.replace("\\2-grams:", "\\3-grams:"), "is due"),
        (ARPA.replace("ngram 2=4\n", ""), "is due"),
        ("\\data\\\nngram 1=1\n\\1-grams:\n-1 " + "x" * 70000, "too long"),
        (b"\\data\\\nngram 1=1\n\\1-grams:\n-1 \xff\n\\end\\", "utf-8"),
    ],
)
def test_what_is_no_arpa_file_is_refused_with_the_place(broken: str | bytes, words: str, tmp_path: Path) -> None:
    path = tmp_path / "model.arpa"
    path.write_bytes(broken if isinstance(broken, bytes) else broken.encode())
    with pytest.raises(InputError, match=words):
        beam(str(path)).check()
    (tmp_path / "packed.arpa.gz").write_bytes(b"no gzip")
    with pytest.raises(InputError, match="cannot be used"):
        beam(str(tmp_path / "packed.arpa.gz")).check()
    with pytest.raises(InputError, match="there is no language model"):
        beam(str(tmp_path / "missing.arpa")).check()


def beam(path: str | None, **settings: Any) -> Decoder:
    return cast(Decoder, build("burnish.decoders", {"kind": "ctc_beam", "language_model": path, **settings}))


def spelled(ids: Any) -> str:
    return "".join(TEXT[i] for i in ids)


ENDS = Ends(text=spelled)


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize(("weight", "bonus"), [(0.7, 0.0), (2.0, 1.5), (0.0, -2.0)])
def test_a_full_beam_is_the_best_labelling_of_network_and_language_model(
    arpa: str, seed: int, weight: float, bonus: float
) -> None:
    """By every one of the paths, and every sentence that they spell."""
    frames = np.random.default_rng(seed).normal(size=(5, 4)) * 2
    logs = log_softmax(frames)
    paths: dict[tuple[int, ...], float] = {}
    for path in product(range(4), repeat=5):
        log = float(sum(logs[i, token] for i, token in enumerate(path)))
        paths[labelling(path)] = float(np.logaddexp(paths.get(labelling(path), -math.inf), log))
    words = {ids: spelled(ids).split() for ids in paths}
    worth = {
        ids: log + weight * sentence(arpa, spelled(ids)) * math.log(10) + bonus * len(words[ids])
        for ids, log in paths.items()
    }
    best = max(worth, key=worth.__getitem__)
    settings = {"language_model_weight": weight, "word_bonus": bonus}
    found = beam(arpa, width=10_000, **settings).labelled(frames, ENDS)
    assert worth[tuple(found.ids.tolist())] == pytest.approx(worth[best], abs=1e-9)
    assert found.score == pytest.approx(paths[tuple(found.ids.tolist())], abs=1e-9), "the score is the network's"


def test_without_weight_the_network_alone_decides(arpa: str) -> None:
    for seed in range(20):
        frames = np.random.default_rng(seed).normal(size=(30, 4)) * 2
        plain, with_model = (beam(path, language_model_weight=0.0) for path in (None, arpa))
        one, other = plain.labelled(frames, ENDS), with_model.labelled(frames, ENDS)
        assert one.ids.tolist() == other.ids.tolist()
        assert one.score == other.score


def test_a_language_model_changes_what_the_network_cannot_tell(arpa: str) -> None:
    """The network finds `a b` and `b b` alike; the model has seen `a b`."""
    sure = 12 * np.eye(4)
    frames = np.stack([(sure[1] + sure[2]) / 2 - 1e-3 * np.eye(4)[1], sure[3], sure[2]])
    assert spelled(beam(None).labelled(frames, ENDS).ids) == "b b"
    assert spelled(beam(arpa).labelled(frames, ENDS).ids) == "a b"


def test_what_cannot_be_asked_is_refused(arpa: str) -> None:
    with pytest.raises(InputError, match="name language_model"):
        beam(None, word_bonus=1.0)
    with pytest.raises(InputError, match="no texts"):
        beam(arpa).labelled(np.zeros((2, 4)), Ends())


def test_the_language_model_travels_in_a_folder(arpa: str, tmp_path: Path) -> None:
    frames = np.random.default_rng(3).normal(size=(20, 4)) * 2
    before = beam(arpa).labelled(frames, ENDS)
    kept = beam(arpa).save_files(tmp_path / "decoder")
    assert kept.model_dump()["language_model"] == "language_model.arpa"
    Path(arpa).unlink()
    opened = cast(Decoder, build("burnish.decoders", kept.model_dump(mode="json"))).with_files(tmp_path / "decoder")
    assert opened.labelled(frames, ENDS).ids.tolist() == before.ids.tolist()
    with pytest.raises(InputError, match="outside"):
        beam("../secret.arpa").with_files(tmp_path)
    assert beam(None).save_files(tmp_path / "none") == beam(None)
    assert not (tmp_path / "none").exists()
