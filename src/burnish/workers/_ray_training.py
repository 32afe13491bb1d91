"""Several processes of a Ray cluster as one group: Ray Train starts and joins them, and starts them anew when one dies."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

from burnish.core.errors import InputError, RunFailed
from burnish.core.files import read_json, write_json
from burnish.jobs.job import named
from burnish.workers._ray_cluster import Cluster
from burnish.workers._ray_tasks import passed_on


def together(workers: Cluster, ray: Any, call: str, arguments: dict[str, Any]) -> int:
    """See `Workers.together`; what Ray Train keeps of it goes to `OUT.ray`, beside `arguments["out"]`.

    Raises:
        InputError: the number of workers is not named.
        RunFailed: workers died more often than they may.
    """
    if workers.count is None:
        raise InputError("--workers ray without a number", expected="ray:4: so many processes", place="--workers")
    os.environ.setdefault("RAY_TRAIN_V2_ENABLED", "1")
    workers.joined(ray, heard=True)
    from ray.train import FailureConfig, RunConfig, ScalingConfig
    from ray.train.torch import TorchTrainer

    out = Path(arguments["out"]).absolute()
    each: dict[str, float] = {"CPU": workers.cpus} | ({"GPU": workers.gpus} if workers.gpus else {})
    told = Path(f"{out}.ray") / "code.json"
    asked = {"told": str(told), "call": call, "arguments": arguments, "directory": os.getcwd(), "environment": passed_on(),
             "threads": max(1, int(workers.cpus))}  # fmt: skip
    trainer = TorchTrainer(
        process,
        train_loop_config=asked,
        scaling_config=ScalingConfig(num_workers=workers.count, use_gpu=workers.gpus > 0, resources_per_worker=each),
        run_config=RunConfig(
            name="train", storage_path=f"{out}.ray", failure_config=FailureConfig(max_failures=workers.retries)
        ),
    )
    try:
        trainer.fit()
    except Exception as error:
        raise RunFailed(
            f"the processes died more than {workers.retries} times: {str(error).strip().splitlines()[-1]}",
            fix=f"burnish train --resume --out {out}",
        ) from error
    return int(read_json(told)["code"])


def process(asked: dict[str, Any]) -> None:
    """What each worker does. An error that is raised here means a lost worker: all are started anew."""
    import torch
    from ray import train

    os.environ.update(asked["environment"])
    os.chdir(asked["directory"])
    torch.set_num_threads(asked["threads"])
    context = train.get_context()
    os.environ |= {"RANK": str(context.get_world_rank()), "LOCAL_RANK": str(context.get_local_rank())}
    os.environ |= {"WORLD_SIZE": str(context.get_world_size())}
    os.environ |= {"LOCAL_WORLD_SIZE": str(context.get_local_world_size())}
    code = named(asked["call"])(**asked["arguments"])
    sys.stdout.flush()
    if context.get_world_rank() == 0:  # Ray Train keeps no metrics but those of checkpoints
        write_json(Path(asked["told"]), {"code": code})
