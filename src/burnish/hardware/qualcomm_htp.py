from __future__ import annotations

from typing import ClassVar

from burnish.hardware import Form, Hardware, listed


class QualcommHtp(Hardware):
    """Qualcomm Hexagon NPU (HTP), through the QNN execution provider of onnxruntime.

    Shapes must be fixed. Activations are uint8; weights of convolutions are int8 with a scale a channel, those of
    products uint8 with one scale, as QNN has no products with a scale a channel. What stays in float32 the provider
    runs in half precision (its option `enable_htp_fp16_precision`, on unless it is switched off), so that texts are
    quantised in their products only. Data types vary by operator: the provider has the last word.

    Operators and requirements: onnxruntime/onnxruntime-qnn, docs/execution_providers/QNN-ExecutionProvider.md,
    QNN EP 2.3.0; weights: quant_config.py of onnxruntime 1.32 (both read in November 2026).
    """

    source: ClassVar[str] = (
        "https://github.com/onnxruntime/onnxruntime-qnn, docs/execution_providers/QNN-ExecutionProvider.md, "
        "QNN EP 2.3.0, read 2026-11"
    )
    opset: ClassVar[int] = 20
    form: ClassVar[Form] = Form(activations="uint8", per_channel=True, one_scale=("MatMul", "Gemm"), floats=True)
    # Left out: operators that it takes only inside a fusion (ConvInteger, MatMulInteger, DynamicQuantizeLinear).
    operators: ClassVar[frozenset[str]] = listed(
        """
        Abs Add And ArgMax ArgMin Asin Atan AveragePool BatchNormalization Cast Ceil Clip Concat Conv ConvTranspose Cos
        CumSum DepthToSpace Div Einsum Elu Equal Exp Expand Flatten Floor Gather GatherElements GatherND Gelu Gemm
        GlobalAveragePool GlobalMaxPool Greater GreaterOrEqual GridSample GroupNormalization HardSigmoid HardSwish
        Identity InstanceNormalization Inverse IsNaN LRN LSTM LayerNormalization LeakyRelu Less LessOrEqual Log
        LogSoftmax LpNormalization MatMul Max MaxPool Mean Min Mod Mul Neg NonZero Not Or PRelu Pad Pow
        RandomNormalLike RandomUniformLike Reciprocal ReduceL2 ReduceMax ReduceMean ReduceMin ReduceProd ReduceSum Relu
        RMSNormalization Reshape Resize RoiAlign Round RotaryEmbedding STFT ScatterElements ScatterND Sigmoid Sign Sin
        Slice Softmax Softplus SpaceToDepth Split Sqrt Squeeze Sub Sum Tan Tanh ThresholdedRelu Tile TopK Transpose
        Unsqueeze Upsample Where com.microsoft:FusedMatMul com.microsoft:Gelu com.microsoft:MatMulNBits
        com.microsoft:QuickGelu com.microsoft:RotaryEmbedding com.microsoft:SimplifiedLayerNormalization
        """
    )
