"""Devices, precision and processes: the only file that knows accelerate."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from datetime import timedelta
from typing import Any, Literal, TypeVar, cast

import accelerate
import torch
from accelerate.state import AcceleratorState
from accelerate.utils import gather_object
from accelerate.utils.memory import should_reduce_batch_size
from torch import Tensor, nn

from burnish.core.batch import Array, Batch, Truth
from burnish.core.errors import InputError

Precision = Literal["auto", "float32", "bfloat16", "float16"]
M = TypeVar("M", bound=nn.Module)
T = TypeVar("T")
Made = TypeVar("Made", bound=torch.optim.Optimizer)
PATIENCE = timedelta(hours=12)


class Accelerator:
    """One process of a run: its device, its precision, and its peers.

    Args:
        device: 'auto', 'cpu', 'cuda' or 'mps'.
        precision: what forward and backward compute in; weights and optimizer state stay in float32. 'auto' is bfloat16
            on a GPU that has it; on a CPU with instructions for it, `precision.decide` finds out; float32 elsewhere.

    Attributes:
        precision: what is computed in.
        undecided: whether that is still to be found by trying; float32 until then.

    Raises:
        InputError: the device is not there, or does not have the precision.
    """

    def __init__(self, device: str = "auto", precision: Precision = "auto") -> None:
        _check_device(device)
        cpu = device == "cpu" or (device == "auto" and not torch.cuda.is_available() and not _mps())
        self.precision = _resolved(precision, cpu)
        self.undecided = precision == "auto" and cpu and cpu_bfloat16()
        self._cpu = cpu
        self._inner = self._joined_in()

    def decided(self, precision: Literal["float32", "bfloat16"]) -> None:
        """Settle the precision that was left open; before anything is placed."""
        self.precision, self.undecided = precision, False
        self._inner = self._joined_in()

    def _joined_in(self) -> accelerate.Accelerator:
        names = {"float32": "no", "bfloat16": "bf16", "float16": "fp16"}
        # Gradual unfreezing and heads that bypass the pooler leave parameters without a gradient; DDP must expect it.
        unused = accelerate.DistributedDataParallelKwargs(find_unused_parameters=True)
        # While the main process encodes or validates, the others wait: longer than the usual ten minutes for large data.
        waiting = accelerate.InitProcessGroupKwargs(timeout=PATIENCE)
        # Accelerate keeps the first device and precision of a process for good; a second run in it may want others.
        AcceleratorState._reset_state(reset_partial_state=not _joined())
        return accelerate.Accelerator(
            cpu=self._cpu, mixed_precision=names[self.precision], kwargs_handlers=[unused, waiting]
        )

    @property
    def device(self) -> torch.device:
        """Where tensors of this process live."""
        return cast(torch.device, self._inner.device)

    @property
    def threads(self) -> int:
        """Threads of the processor that the network computes with; 0: it computes elsewhere."""
        return torch.get_num_threads() if self.device.type == "cpu" else 0

    @property
    def process(self) -> int:
        """The number of this process, from 0."""
        return int(self._inner.process_index)

    @property
    def processes(self) -> int:
        """How many processes run together."""
        return int(self._inner.num_processes)

    @property
    def main(self) -> bool:
        """Whether this process writes files and talks."""
        return bool(self._inner.is_main_process)

    def wait(self) -> None:
        """Until every process has come here."""
        self._inner.wait_for_everyone()

    def place(self, objective: M, make_optimizer: Callable[[], Made]) -> tuple[M, Made]:
        """The objective on this process' device, wrapped for several processes and for the precision, and its optimizer.

        Args:
            objective: with the network inside; everything the network computes in a run goes through it.
            make_optimizer: called afterwards, because wrapping may put other parameters in place of the module's own.
        """
        return cast(M, self._inner.prepare_model(objective)), make_optimizer()

    def gathered_state(self, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Copies on the CPU of whole tensors, in the main process; nothing in the others, which must ask as well."""
        return {name: value.detach().cpu().contiguous().clone() for name, value in tensors.items()} if self.main else {}

    def norm(self, gradients: Sequence[Tensor]) -> Tensor:
        """The norm of all gradients together, as a scalar, the same in every process."""
        return nn.utils.get_total_norm(gradients)

    def bare(self, module: nn.Module) -> nn.Module:
        """The module without wrappers."""
        return cast(nn.Module, self._inner.unwrap_model(module))

    def quiet(self, module: nn.Module) -> AbstractContextManager[Any]:
        """A context in which backward does not exchange gradients: for all micro-batches but the last."""
        return cast(AbstractContextManager[Any], self._inner.no_sync(module)) if self.processes > 1 else nullcontext()

    def autocast(self) -> AbstractContextManager[Any]:
        """The precision's context, for modules that `place` did not wrap."""
        return cast(AbstractContextManager[Any], self._inner.autocast())

    def backward(self, loss: Tensor) -> None:
        """Gradients of a scalar, scaled where float16 needs it."""
        self._inner.backward(loss)

    @property
    def scaler(self) -> torch.amp.GradScaler | None:
        """The gradient scaler of float16; None in other precisions."""
        return cast("torch.amp.GradScaler | None", self._inner.scaler)

    def sum(self, values: Tensor) -> Tensor:
        """The sum over processes of a tensor of any shape."""
        if self.processes == 1:
            return values
        return cast(Tensor, self._inner.reduce(values, reduction="sum"))

    def together(self, values: list[T]) -> list[T]:
        """The values of all processes, those of the first process first."""
        return values if self.processes == 1 else cast(list[T], gather_object(values))

    def tensors(self, arrays: dict[str, Array]) -> dict[str, Tensor]:
        """Numpy arrays as tensors on the device."""
        return {name: self.tensor(value) for name, value in arrays.items()}

    def truth(self, batch: Batch) -> Truth[Tensor]:
        """The truth of a batch as tensors on the device."""
        arrays = batch.truth
        return Truth(*map(self.tensor, (arrays.targets, arrays.weights, arrays.owner, arrays.lines)))

    def tensor(self, array: Array) -> Tensor:
        """One numpy array as a tensor on the device."""
        return torch.from_numpy(array).to(self.device, non_blocking=True)

    def agreed(self, value: float) -> float:
        """The main process' value, in every process."""
        if self.processes == 1:
            return value
        holder = torch.tensor(value if self.main else 0.0, dtype=torch.float64, device=self.device)
        return float(self.sum(holder))

    def any(self, flag: bool) -> bool:
        """Whether the flag is set in any process."""
        if self.processes == 1:
            return flag
        return float(self.sum(torch.tensor(float(flag), device=self.device))) > 0


def out_of_memory(error: BaseException) -> bool:
    """Whether an error says that memory ran out, on a GPU or on the host."""
    return isinstance(error, MemoryError) or (isinstance(error, Exception) and bool(should_reduce_batch_size(error)))


def _mps() -> bool:
    return bool(torch.backends.mps.is_available())


def _joined() -> bool:
    """Whether this process already belongs to a group of processes, which only its end dissolves."""
    return torch.distributed.is_available() and torch.distributed.is_initialized()


def _check_device(device: str) -> None:
    there: dict[str, Callable[[], bool]] = {
        "auto": lambda: True,
        "cpu": lambda: True,
        "cuda": torch.cuda.is_available,
        "mps": _mps,
    }
    if device not in there:
        raise InputError(f"device {device!r}", expected="one of " + ", ".join(there), place="device")
    if not there[device]():
        raise InputError(f"device {device!r} is not on this machine", fix="use device: auto", place="device")


def cpu_bfloat16() -> bool:
    """Whether this CPU has instructions that multiply bfloat16, with tiles (AMX) or without (AVX-512)."""
    asked = ("_is_amx_tile_supported", "_is_avx512_bf16_supported")
    return any(bool(getattr(torch.cpu, name, lambda: False)()) for name in asked)


def _resolved(precision: Precision, cpu: bool) -> Literal["float32", "bfloat16", "float16"]:
    if precision == "auto":
        gpu = not cpu and torch.cuda.is_available() and torch.cuda.is_bf16_supported()
        return "bfloat16" if gpu else "float32"
    if precision == "float16" and cpu:
        raise InputError(
            "float16 on the CPU", expected="float32 or bfloat16 there", fix="set precision: auto", place="precision"
        )
    return precision
