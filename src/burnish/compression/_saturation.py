"""Whether this processor loses what is too large for sixteen bits when it multiplies bytes."""

from __future__ import annotations

from functools import cache

import numpy as np

ROWS, INNER, COLUMNS = 4, 64, 16  # as large as the kernel of whole batches wants it


@cache
def saturates() -> bool:
    """Whether onnxruntime's products of unsigned states and signed weights are wrong here where both are large.

    Processors with AVX2 or AVX-512 and without VNNI add two products of bytes in sixteen bits (`vpmaddubsw`): 2 · 255 · 127
    does not fit. It is measured, once in a process: the largest bytes are multiplied and compared with whole numbers. Graphs
    that burnish opens are exact everywhere (`session.x64quantprecision`); others open them as this measures.

    Raises:
        ImportError: onnx or onnxruntime is not installed.
    """
    import onnxruntime
    from onnx import TensorProto, helper, numpy_helper

    states = np.full((ROWS, INNER), 255, np.uint8)
    weights = np.full((INNER, COLUMNS), 127, np.int8)
    graph = helper.make_graph(
        [helper.make_node("MatMulInteger", ["states", "weights"], ["products"])],
        "saturation",
        [helper.make_tensor_value_info("states", TensorProto.UINT8, [ROWS, INNER])],
        [helper.make_tensor_value_info("products", TensorProto.INT32, [ROWS, COLUMNS])],
        [numpy_helper.from_array(weights, "weights")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    (found,) = session.run(None, {"states": states})
    return not np.array_equal(found, states.astype(np.int64) @ weights.astype(np.int64))
