"""Rules about a delivery as a whole, in words: English, Chinese."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from jobs.quality.words import SHOWN, bounds, some

Kwargs = Mapping[str, Any]
Say = Callable[[Kwargs], tuple[str, str]]


def bounds_zh(kwargs: Kwargs) -> str:
    """As `words.bounds`, in Chinese."""
    low, high = kwargs.get("min_value"), kwargs.get("max_value")
    parts = [f"{'大于' if kwargs.get('strict_min') else '不小于'} {low}"] if low is not None else []
    parts += [f"{'小于' if kwargs.get('strict_max') else '不大于'} {high}"] if high is not None else []
    return "且".join(parts)


def _between(english: str, chinese: str) -> Say:
    """`{column}` in either stands for the column."""
    return lambda k: (f"{english.format_map(_Named(k))} must be {bounds(k) or 'known'}", f"{chinese.format_map(_Named(k))}应{bounds_zh(k) or '有值'}")


class _Named(dict[str, Any]):
    """Arguments by name; one that the suite left out is written as nothing."""

    def __missing__(self, key: str) -> str:
        return ""


def some_zh(among: Iterable[Any]) -> str:
    """As `words.some`, in Chinese."""
    values = list(map(str, among))
    return "、".join(values[:SHOWN]) + (f" 等 {len(values)} 个" if len(values) > SHOWN else "")


def _sets(english: str, chinese: str, key: str = "value_set") -> Say:
    return lambda k: (f"{english.format_map(_Named(k))}: {some(k.get(key) or ())}", f"{chinese.format_map(_Named(k))}:{some_zh(k.get(key) or ())}")


def _said(english: str, chinese: str) -> Say:
    return lambda k: (english.format_map(_Named(k)), chinese.format_map(_Named(k)))


WHOLE: Mapping[str, Say] = {
    "expect_table_row_count_to_be_between": _between("the number of rows", "行数"),
    "expect_table_row_count_to_equal": _said("the number of rows must be {value}", "行数应为 {value}"),
    "expect_table_column_count_to_be_between": _between("the number of columns", "字段数"),
    "expect_table_column_count_to_equal": _said("the number of columns must be {value}", "字段数应为 {value}"),
    "expect_table_columns_to_match_ordered_list": _sets("the columns must be, in this order", "字段及顺序应为", "column_list"),
    "expect_table_columns_to_match_set": _sets("the columns must be", "字段应为", "column_set"),
    "expect_column_to_exist": _said("there must be a column {column}", "应有字段 {column}"),
    "expect_column_type_to_be": _said("the column {column} must be of the type {type_}", "字段 {column} 的类型应为 {type_}"),
    "expect_column_values_to_be_of_type": _said("the column {column} must be of the type {type_}", "字段 {column} 的类型应为 {type_}"),
    "expect_column_values_to_be_in_type_list": _sets("the column {column} must be of a type of", "字段 {column} 的类型应为以下之一", "type_list"),
    "expect_column_max_to_be_between": _between("the largest value of {column}", "{column} 的最大值"),
    "expect_column_min_to_be_between": _between("the smallest value of {column}", "{column} 的最小值"),
    "expect_column_mean_to_be_between": _between("the mean of {column}", "{column} 的平均值"),
    "expect_column_median_to_be_between": _between("the median of {column}", "{column} 的中位数"),
    "expect_column_stdev_to_be_between": _between("the standard deviation of {column}", "{column} 的标准差"),
    "expect_column_sum_to_be_between": _between("the sum of {column}", "{column} 的合计"),
    "expect_column_quantile_values_to_be_between": _said("the quantiles of {column} are not where they should be", "{column} 的分位数超出约定范围"),
    "expect_column_unique_value_count_to_be_between": _between("the number of different values of {column}", "{column} 的不同值个数"),
    "expect_column_proportion_of_unique_values_to_be_between": _between("the share of different values of {column}", "{column} 的不同值占比"),
    "expect_column_proportion_of_non_null_values_to_be_between": _between("the share of values of {column} that are not empty", "{column} 的非空占比"),
    "expect_column_distinct_values_to_be_in_set": _sets("{column} must have no other values than", "{column} 只能有以下值"),
    "expect_column_distinct_values_to_contain_set": _sets("{column} must have all of the values", "{column} 应包含以下所有值"),
    "expect_column_distinct_values_to_equal_set": _sets("{column} must have exactly the values", "{column} 的值应恰为"),
    "expect_column_most_common_value_to_be_in_set": _sets("the most common value of {column} must be one of", "{column} 的最常见值应为以下之一"),
    "expect_column_kl_divergence_to_be_less_than": _said("the values of {column} are distributed otherwise than agreed", "{column} 的分布与约定不符"),
    "unexpected_rows_expectation": _said("rows were found that should not be there", "查到不应出现的数据行"),
}
ROWS_ZH: Mapping[str, Callable[[Kwargs], str]] = {
    "expect_column_values_to_match_regex_list": lambda k: f"格式应符合以下之一:{some_zh(k.get('regex_list') or ())}",
    "expect_column_values_to_not_match_regex_list": lambda k: f"格式不应符合:{some_zh(k.get('regex_list') or ())}",
    "expect_column_values_to_be_json_parseable": lambda k: "应为 JSON",
    "expect_column_values_to_match_json_schema": lambda k: "应为约定结构的 JSON",
    "expect_column_pair_values_to_be_in_set": lambda k: f"{k['column_A']} 与 {k['column_B']} 的组合不在约定范围内",
    "expect_multicolumn_sum_to_equal": lambda k: f"{' + '.join(k['column_list'])} 应等于 {k['sum_total']}",
    "expect_multicolumn_values_to_be_equal": lambda k: f"{'、'.join(k['column_list'])} 应相同",
    "expect_select_column_values_to_be_unique_within_record": lambda k: f"{'、'.join(k['column_list'])} 应各不相同",
    "expect_column_values_to_be_increasing": lambda k: f"应{'大于' if k.get('strictly') else '不小于'}上一行",
    "expect_column_values_to_be_decreasing": lambda k: f"应{'小于' if k.get('strictly') else '不大于'}上一行",
    "expect_column_value_z_scores_to_be_less_than": lambda k: "与其他值相差过大",
    "expect_column_values_to_not_be_outliers": lambda k: "与其他值相差过大",
}
