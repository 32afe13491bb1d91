"""What takes part in each optimizer step beside forward, backward and the optimizer, at fixed points of it."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext


class StepPart:
    """What a technique does at the steps of a run. It keeps no state of its own that a checkpoint would have to hold.

    The gradients it sees are those of the whole step: of all micro-batches, summed over all processes. All processes see the
    same, so all do the same.
    """

    def begins(self, number: int) -> None:
        """Told before the first forward pass of a step, and again where that begins anew because memory ran out.

        Args:
            number: of the step, from 0.
        """

    def comes_to(self, step: int, total: int) -> None:
        """Told before each step, from 0, of how many."""

    def disturbed(self) -> AbstractContextManager[bool]:
        """A context in which the gradient is computed once more, in place of the first one; False: it is not.

        What it changes in the network is as it was before, bit for bit, when the context ends. Gradients of float16 are
        still scaled here.
        """
        return nullcontext(False)

    def on_gradients(self) -> None:
        """Change the gradients, which are whole and no longer scaled, before they are measured and clipped."""

    def on_clipping(self) -> bool:
        """Bound the gradients, which were measured and are finite, before they are clipped as a whole; whether it may have."""
        return False

    def on_weights(self) -> None:
        """Change the weights after the optimizer has; not called where the step was not applied."""

    def reference(self) -> str:
        """A hash of what it measures the weights by and a resumed run must find again; empty for nothing."""
        return ""
