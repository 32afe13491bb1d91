"""Fresh heads of several labels begin at how common each label is; trained ones keep what they know."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from burnish.targets.label import Label
from burnish.targets.labels import Labels
from burnish.training.head_bias import begin_at
from tests import network_cases, vision_cases

LABELS = Labels(labels=["common", "half", "rare"])
VALUES = [["common"], ["common", "half"], ["common", "half"], ["common", "rare"], None]


def test_log_odds_of_rows_with_a_truth() -> None:
    """Four rows count; a label that all have, and one that one has, stay finite."""
    prior = LABELS.prior(VALUES)
    assert prior is not None
    assert prior.tolist() == pytest.approx([np.log(4.5 / 0.5), np.log(2.5 / 2.5), np.log(1.5 / 3.5)])
    assert Label(labels=["a", "b"]).prior(["a", "b"]) is None


@pytest.mark.parametrize("architecture", ["bert", "roberta", "distilbert", "deberta_v2", "modernbert"])
def test_an_untrained_network_answers_the_prior(architecture: str) -> None:
    """Weights of a fresh head are small: before training each probability is near the share of its label."""
    network = network_cases.network(architecture, LABELS).float().eval()
    prior = LABELS.prior(VALUES)
    assert prior is not None
    assert begin_at(network, prior)
    biases = [p for n, p in network.named_parameters() if n.endswith("bias") and p.shape == (3,)]
    assert any(torch.equal(p.detach(), torch.from_numpy(prior)) for p in biases)
    network.fresh_head = False
    assert not begin_at(network, prior + 1)
    assert any(torch.equal(p.detach(), torch.from_numpy(prior)) for p in biases)


def test_networks_without_such_a_bias() -> None:
    """The head of GPT-2 has none."""
    assert not begin_at(network_cases.network("gpt2", LABELS), np.zeros(3, np.float32))


@pytest.mark.parametrize("architecture", ["timm_resnet", "timm_vit", "torchvision_mobilenet"])
def test_pictures(architecture: str) -> None:
    """Heads of the image libraries, which begin at a random bias."""
    network = vision_cases.network(architecture, target=LABELS)
    assert begin_at(network, np.array([1, 2, 3], np.float32))
