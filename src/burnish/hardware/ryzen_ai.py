from __future__ import annotations

from typing import ClassVar

from burnish.hardware import Form, Hardware, listed


class RyzenAi(Hardware):
    """AMD Ryzen AI NPU (XDNA) in its format XINT8, through the Vitis AI execution provider of onnxruntime.

    Shapes must be fixed. XINT8 is int8 for activations and weights, symmetric, one scale a tensor, scales that are
    powers of two. AMD names int8 for convolutional networks only; transformers are for bfloat16, which is not written
    here. Its documentation recommends opset 17; torch.export writes 18 and above.

    Operators: amd/ryzen-ai-documentation, docs/ops_support.rst, column XINT8 of Ryzen AI 1.5.0; kinds of models:
    docs/model_quantization.rst there; powers of two: docs/vai_quant/vai_q_onnx.rst there; one scale a tensor: MQBench's
    description of Vitis AI, docs/source/user_guide/hardware/vitis.rst (all read in November 2026). The column leaves
    out QuantizeLinear, without which there is no XINT8; it counts as taken.
    """

    source: ClassVar[str] = (
        "https://github.com/amd/ryzen-ai-documentation, docs/ops_support.rst, Ryzen AI 1.5.0, column XINT8, read 2026-11"
    )
    opset: ClassVar[int] = 18
    form: ClassVar[Form] = Form(activations="int8", symmetric=True, per_channel=False, power_of_two=True)
    operators: ClassVar[frozenset[str]] = listed(
        """
        Abs Add And ArgMax ArgMin AveragePool BatchNormalization BitShift BitwiseAnd BitwiseNot BitwiseOr BitwiseXor
        Cast Ceil Celu Clip Concat Constant ConstantOfShape Conv CumSum DepthToSpace Div Elu Equal Erf Expand Flatten
        Floor Gelu Gemm GlobalAveragePool GlobalMaxPool Greater GreaterOrEqual GroupNormalization HardSwish Identity
        InstanceNormalization LayerNormalization LeakyRelu Less LessOrEqual Log MatMul Max MaxPool Min Mish Mul Neg Or
        Pad Pow Range Reciprocal ReduceMax ReduceMean ReduceMin ReduceSum Relu Reshape Resize Round STFT Shape Shrink
        Sign Slice Softmax Softsign Sqrt Squeeze Sub Tanh ThresholdedRelu Tile TopK Transpose Unsqueeze Upsample Where
        """
    )
