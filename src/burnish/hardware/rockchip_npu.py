from __future__ import annotations

from typing import ClassVar

from burnish.hardware import Form, Hardware, Operator, listed

ONE_ROW = ("LogSoftmax", "Slice", "Softmax", "Tile")


class RockchipNpu(Hardware):
    """Rockchip NPU, through RKNN-Toolkit2.

    Shapes must be fixed. Activations are int8 with a zero of their own, weights int8 with a scale a channel. Some
    operators are taken for one row at a time only. Limits of sizes are in the compiler's own list and are not checked
    here.

    Operators: airockchip/rknn-toolkit2, doc/RKNNToolKit2_OP_Support-v2.1.0.md (opset 19; read in November 2026).
    """

    source: ClassVar[str] = (
        "https://github.com/airockchip/rknn-toolkit2, doc/RKNNToolKit2_OP_Support-v2.1.0.md, read 2026-11"
    )
    opset: ClassVar[int] = 19
    form: ClassVar[Form] = Form(activations="int8", per_channel=True)
    operators: ClassVar[frozenset[str]] = listed(
        """
        Add And ArgMax ArgMin AveragePool BatchNormalization Cast Clip Concat Constant ConstantOfShape Conv
        ConvTranspose Cos DepthToSpace Div Dropout Elu Equal Erf Exp Expand Flatten Floor Gather GatherElements Gemm
        GlobalAveragePool GlobalMaxPool Greater GreaterOrEqual HardSigmoid HardSwish Identity InstanceNormalization LRN
        LSTM LayerNormalization LeakyRelu Less LessOrEqual Log LogSoftmax LpNormalization MatMul Max MaxPool MaxRoiPool
        MaxUnpool MeanVarianceNormalization Min Mish Mod Mul PRelu Pad Pow ReduceMax ReduceMean ReduceMin ReduceSum Relu
        Reshape Resize ReverseSequence ScatterND Shape Sigmoid Sin Size Slice Softmax Softplus SpaceToDepth Split Sqrt
        Squeeze Sub Tanh Tile Transpose Unsqueeze Where
        """
    )

    def refuses(self, operator: Operator) -> str:
        why = super().refuses(operator)
        if not why and operator.kind in ONE_ROW and operator.shape and operator.shape[0] != 1:
            return "only for one example at a time"
        return why
