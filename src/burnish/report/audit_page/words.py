"""What issues are called, in both languages."""

from __future__ import annotations

from burnish.report.page.markup import Both

_NAMED = {
    "label_errors": Both("label is probably wrong", "标签可能有误"),
    "conflicting_labels": Both("same content, different labels", "内容相同，标签不同"),
    "exact_duplicates": Both("repeats an earlier row", "与前面的行重复"),
    "near_duplicates": Both("nearly repeats an earlier row", "与前面的行几乎相同"),
    "reworded_duplicates": Both("nearly the words of an earlier row", "与前面的行措辞几乎相同"),
    "outliers": Both("like no other row", "与其他行都不相似"),
    "personal_data": Both("looks like personal data", "疑似个人信息"),
}
_SPLITS = {"train": "训练", "validation": "验证", "test": "测试"}


def issue(code: str) -> Both:
    """The name of an issue; of rows in two splits, which these are."""
    if code in _NAMED:
        return _NAMED[code]
    nearly = code.startswith(("near_", "reworded_"))
    _, between, right = code.removeprefix("near_").removeprefix("reworded_").partition("_rows_in_")
    if between:
        en = f"in {right} {'almost ' if nearly else ''}as well"
        return Both(en, f"{_SPLITS.get(right, right)}中也有{'几乎相同的行' if nearly else '相同的行'}")
    return Both(code.replace("_", " "), code.replace("_", " "))


def proposal(name: str) -> Both:
    """What could be done."""
    known = {
        "look": Both("look at it", "请查看"),
        "relabel": Both("relabel", "改标签"),
        "remove": Both("remove", "删除"),
    }
    return known[name]
