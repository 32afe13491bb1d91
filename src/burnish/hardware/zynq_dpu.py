from __future__ import annotations

from typing import ClassVar

from burnish.hardware import Form, Hardware, Operator, listed

FULLY_CONNECTED = ("Gemm", "MatMul")


class ZynqDpu(Hardware):
    """AMD DPUCZDX8G, a processor for convolutional networks in the FPGA of Zynq UltraScale+ (ZCU102, ZCU104, KV260).

    Shapes must be fixed. int8 for activations and weights, symmetric, one scale a tensor, scales that are powers of two:
    the DPU has no floating point. Products are taken as fully connected layers only, with constant weights. Reshapes
    that move nothing count as taken. Limits of kernels, strides and channels depend on how the DPU is configured; the
    compiler checks them.

    Operators: PG338 (v3.4, 2022-01-20), Features; number format: UG1414 (v2.5, 2022-06-15), VitisQuantizer, strategy
    pof2s, and the sentence that the DPU has no floating-point support; one scale a tensor: MQBench's description of
    Vitis AI, docs/source/user_guide/hardware/vitis.rst (read in November 2026).
    """

    source: ClassVar[str] = (
        "https://docs.amd.com/r/3.4-English/pg338-dpu/Features, PG338 v3.4, 2022-01-20; number format: UG1414 v2.5, "
        "2022-06-15"
    )
    opset: ClassVar[int] = 18
    form: ClassVar[Form] = Form(activations="int8", symmetric=True, per_channel=False, power_of_two=True)
    # By PG338's names: convolution and transposed convolution, also depthwise (Conv, ConvTranspose); max and average
    # pooling; ReLU, ReLU6 (Clip), leaky ReLU; elementwise sum and multiplication; reorg (SpaceToDepth); fully connected
    # layer (Gemm, MatMul); softmax; concat and batch normalisation by the compiler. Flatten, Reshape and Identity move
    # nothing.
    operators: ClassVar[frozenset[str]] = listed(
        """
        Add AveragePool BatchNormalization Clip Concat Conv ConvTranspose Flatten Gemm GlobalAveragePool GlobalMaxPool
        Identity LeakyRelu MatMul MaxPool Mul Relu Reshape Softmax SpaceToDepth
        """
    )

    def refuses(self, operator: Operator) -> str:
        why = super().refuses(operator)
        if not why and operator.kind in FULLY_CONNECTED and not operator.constant:
            return "only with constant weights"
        return why
