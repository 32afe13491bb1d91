"""What metrics, baselines, splits and findings are called, and what they mean, in both languages."""

from __future__ import annotations

from burnish.report.baselines import baseline_name
from burnish.report.page.markup import Both
from burnish.report.summary import titled

METRICS = {
    "accuracy": Both("share of right predictions", "预测正确的比例"),
    "macro_f1": Both("mean F1; every class counts the same", "各类 F1 的平均，各类同等"),
    "micro_f1": Both("F1 over all decisions together", "全部判断合计的 F1"),
    "weighted_f1": Both("mean F1 by the size of the classes", "按各类样本数加权的平均 F1"),
    "balanced_accuracy": Both("mean recall; every class counts the same", "各类召回率的平均，各类同等"),
    "matthews": Both("correlation of label and prediction", "标签与预测的相关系数"),
    "roc_auc": Both("order of the probabilities; 0.5 is chance", "概率的排序能力；0.5 为随机"),
    "average_precision": Both("area under precision by recall", "精确率—召回率曲线下面积"),
    "log_loss": Both("lower is better; punishes sure mistakes", "越低越好；自信的错误受罚最重"),
    "brier": Both("lower is better; squared error of probabilities", "越低越好；概率的平方误差"),
    "adaptive_calibration_error": Both("lower is better; the same in bins of equal mass", "越低越好；等样本数分箱"),
    "debiased_calibration_error": Both("lower is better; less what chance makes", "越低越好；扣除随机偏差"),
    "classwise_calibration_error": Both("lower is better; of all classes", "越低越好；所有类别"),
    "risk_coverage_area": Both("lower is better; mean risk over coverages", "越低越好；各覆盖率的平均风险"),
    "excess_risk_coverage_area": Both("lower is better; above the best order", "越低越好；高出最佳排序"),
    "expected_calibration_error": Both("lower is better; confidence against accuracy", "越低越好；置信度与准确率之差"),
    "subset_accuracy": Both("share of examples with exactly the right labels", "标签完全正确的样本比例"),
    "hamming_loss": Both("lower is better; share of wrong decisions", "越低越好；错误判断的比例"),
    "pearson": Both("linear correlation of prediction and true value", "预测与真值的线性相关"),
    "spearman": Both("correlation of the ranks", "秩相关"),
    "rmse": Both("lower is better; large errors weigh more", "越低越好；大误差权重更大"),
    "mae": Both("lower is better; mean size of an error", "越低越好；平均误差大小"),
    "r2": Both("share of the variance explained; 0 is the mean", "解释的方差比例；0 等于只猜平均值"),
    "span_f1": Both("entities whose type, first and last word are right", "类型与首尾词都正确的实体"),
    "span_precision": Both("share of predicted entities that are right", "预测实体中正确的比例"),
    "span_recall": Both("share of true entities that are found", "真实实体中找出的比例"),
    "wer": Both("lower is better; wrong words in 100 said, as a share", "越低越好；词错误率"),
    "cer": Both("lower is better; wrong characters, as a share", "越低越好；字符错误率"),
    "raw_wer": Both("lower is better; casing and punctuation count", "越低越好；大小写与标点也计算"),
    "bits_per_byte": Both("lower is better; cost of the labels' text", "越低越好；参考文本的编码代价"),
    "perplexity": Both("lower is better; choices per token", "越低越好；每个词元的困惑度"),
    "exact_match": Both("share of replies that are exactly the label", "与参考完全相同的回答比例"),
    "valid_json": Both("share of replies that are valid JSON", "有效 JSON 的回答比例"),
    "chrf": Both("overlap of character sequences with the label", "与参考文本的字符序列重合"),
    "label_ranking": Both("how high the true labels are ranked", "真实标签的排名高低"),
    "cohen_kappa": Both("agreement beyond chance", "超出偶然的一致程度"),
}
ZH_METRICS = {
    "accuracy": "准确率",
    "balanced_accuracy": "平衡准确率",
    "wer": "词错误率",
    "cer": "字符错误率",
    "log_loss": "对数损失",
    "bits_per_byte": "每字节比特数",
    "exact_match": "完全匹配率",
    "average_precision": "平均精确率",
    "pearson": "Pearson 相关系数",
    "spearman": "Spearman 相关系数",
}
BASELINES = {
    "majority": Both("majority baseline", "多数类基线"),
    "frozen_features": Both("linear model on frozen features", "冻结特征上的线性模型"),
    "tf_idf": Both("linear model on word counts (TF-IDF)", "词频（TF-IDF）上的线性模型"),
    "zero_shot": Both("untouched checkpoint (zero-shot)", "未经训练的检查点（零样本）"),
    "base": Both("checkpoint as it was", "训练前的检查点"),
    "full_windows": Both("same model with full windows", "使用完整窗口的同一模型"),
}
SHORT_BASELINES = {
    "majority": Both("majority", "多数类"),
    "frozen_features": Both("linear model", "线性模型"),
    "tf_idf": Both("TF-IDF", "TF-IDF"),
    "zero_shot": Both("zero-shot", "零样本"),
    "base": Both("before training", "训练前"),
    "full_windows": Both("full windows", "完整窗口"),
}
SPLITS = {"train": Both("train", "训练"), "validation": Both("validation", "验证"), "test": Both("test", "测试")}
ADVICE = {
    "empty_texts": Both("Delete the row, or find its text.", "删除该行，或补上文本。"),
    "conflicting_labels": Both(
        "Decide which label is right and correct the other.", "确定哪个标签正确，并改正另一个。"
    ),
    "imbalanced_classes": Both(
        "`class_weights: balanced` makes rare classes count more.", "`class_weights: balanced` 可提高少见类别的权重。"
    ),
    "exact_duplicates": Both("Repeated examples count twice in training.", "重复样本在训练中会被计算两次。"),
    "near_duplicates": Both("Repeated examples count twice in training.", "重复样本在训练中会被计算两次。"),
    "test_rows_in_train": Both(
        "The test is easier than reality: remove them from training.", "测试比实际更容易：请从训练数据中删除。"
    ),
    "test_groups_in_train": Both(
        "Use `split: grouped`, so that no group is in two splits.", "使用 `split: grouped`，使同一组不跨划分。"
    ),
    "label_errors": Both(
        "Look at each: correct it or keep it (`burnish audit` makes a review).",
        "请逐条核对：更正或保留（`burnish audit` 会生成核对表）。",
    ),
    "reworded_duplicates": Both("Repeated examples count twice in training.", "重复样本在训练中会被计算两次。"),
    "reworded_test_rows_in_train": Both(
        "The test is easier than reality: remove them from training.", "测试比实际更容易：请从训练数据中删除。"
    ),
    "target_leakage": Both(
        "Take it out of the text, picture or sound, or collect rows without it.",
        "请从文本、图片或声音中去除，或收集不含它的数据。",
    ),
    "target_leakage_beside": Both(
        "See whether what it stands for shows in what the model reads.",
        "请确认它所代表的内容是否会出现在模型读到的数据中。",
    ),
    "shifted_splits": Both(
        "Scores on one say little of the other; divide at random, or say why they differ.",
        "一个划分上的得分难以说明另一个；请随机划分，或说明差异原因。",
    ),
    "personal_data": Both("Remove or mask it before you share data or model.", "共享数据或模型之前请删除或遮盖。"),
    "outliers": Both("See whether they belong to the task.", "请确认它们是否属于本任务。"),
    "long_rows": Both("See how much of them the model reads.", "请查看模型读到多少。"),
}
"""What to do about a finding, by its code."""


def metric(label: str) -> Both:
    """A metric as people write it."""
    return Both(titled(label), ZH_METRICS.get(label) or titled(label))


def meaning(label: str) -> Both | None:
    """What a metric is, in a few words; None where nothing is known of it."""
    return METRICS.get(label)


def baseline(key: str) -> Both:
    """A baseline by its key in scores.json."""
    return BASELINES.get(key) or Both(baseline_name(key), baseline_name(key))


def short_baseline(key: str) -> Both:
    """Where there is little room."""
    return SHORT_BASELINES.get(key) or Both(key.replace("_", " "), key.replace("_", " "))


def split(name: str) -> Both:
    """A split, or a file that was scored in its place."""
    return SPLITS.get(name) or Both(name, name)


def capital(name: Both) -> Both:
    """The same at the beginning of a sentence."""
    return Both(name.en[:1].upper() + name.en[1:], name.zh)
