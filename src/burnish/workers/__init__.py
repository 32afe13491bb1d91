"""Workers: where trainings run side by side, and where the processes of one training run. One file a kind."""

from __future__ import annotations

import re
from abc import abstractmethod
from typing import Any, ClassVar, cast

from burnish.core.component import Component, build, kinds
from burnish.core.errors import InputError
from burnish.jobs.pool import Pool

_WRITTEN = re.compile(r"(?P<kind>[a-z_]+)(?::(?P<count>\d+))?")


class Workers(Component):
    """Where work is done.

    Two ways to use it: `open` for jobs that know nothing of each other (trials, seeds, folds), `together` for the processes
    of one training.
    """

    axis: ClassVar[str] = "burnish.workers"

    @abstractmethod
    def open(self) -> Pool:
        """Workers to start jobs on; use it in a `with`.

        Raises:
            InputError: a library or a cluster is not there.
        """

    @abstractmethod
    def together(self, call: str, arguments: dict[str, Any]) -> int:
        """Call a function in all of them, as the processes of one group that torch.distributed knows, and wait.

        Args:
            call: `burnish.module:function`; it gives an exit code, and is called again when a process has died.
            arguments: of the function, plain values.

        Returns:
            The exit code.

        Raises:
            InputError: a library or a cluster is not there.
            RunFailed: processes died more often than they may.
        """


def workers_of(told: str | dict[str, Any], place: str = "--workers") -> Workers:
    """The workers that an option names: `local:2`, `ray`, `ray:4`, `ray://HOST:10001`, or settings.

    Raises:
        InputError: anything else.
    """
    value: Any = None
    if isinstance(told, dict):
        value = told
    elif told.startswith("ray://"):
        value = {"kind": "ray", "address": told}
    elif (match := _WRITTEN.fullmatch(told.strip())) and match["kind"] in kinds(Workers.axis):
        value = {"kind": match["kind"], **({"count": int(match["count"])} if match["count"] else {})}
    if value is None:
        raise InputError(
            f"found {told!r}",
            expected="local:2, ray, ray:4, ray://HOST:10001, or settings such as '{kind: ray, count: 4, gpus: 1}'",
            place=place,
        )
    return cast(Workers, build(Workers.axis, value, place=place))
