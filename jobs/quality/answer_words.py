"""What an answer to a department says, in its contract's language."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from jobs.contracts.date_words import written
from jobs.contracts.model import Column, Language
from jobs.quality.rules import Rule
from jobs.quality.whole_words import ROWS_ZH, WHOLE, bounds_zh, some_zh
from jobs.quality.words import message_of

FORMATS = {"date": ("%Y-%m-%d",), "timestamp": ("%Y-%m-%d %H:%M:%S",)}

WORDS: Mapping[Language, Mapping[str, str]] = {
    "en": {
        "heading": "Answer to your delivery", "file": "file", "line": "line", "column": "column", "value": "value as sent", "wrong": "what is wrong", "mend": "how to mend it",
        "rows": "rows", "period": "period", "outcome": "outcome", "rejected": "rejected rows", "fingerprint": "SHA-256", "examples": "first examples",
        "landed": "accepted", "held": "held back", "waiting": "waiting for what belongs to it", "rejected_file": "not accepted",
        "warning": "accepted, but please look", "personal": "Values of personal columns are not shown.", "dataset": "dataset", "owner": "your contact",
        "ragged": "the line has another number of fields than the header", "mend_ragged": "Look for a delimiter or a quote that is missing or too many.", "more": "and more",
        "why_ragged": "{actual} fields, the header has {expected}", "why_ragged_fixedWidth": "its length is {actual}, agreed is {expected}",
        "ragged_jsonl": "the line is no JSON object", "mend_ragged_jsonl": "Write one JSON object a line.",
        "ragged_fixedWidth": "the line has another length than agreed", "mend_ragged_fixedWidth": "Look for characters that are missing or too many.",
    },
    "zh": {
        "heading": "数据报送回执", "file": "文件", "line": "行号", "column": "字段", "value": "报送的值", "wrong": "问题", "mend": "如何更正",
        "rows": "行数", "period": "报送期", "outcome": "结果", "rejected": "被退回的行", "fingerprint": "SHA-256", "examples": "前几个例子",
        "landed": "已接收", "held": "暂缓入库", "waiting": "等待补齐", "rejected_file": "未接收",
        "warning": "已接收,请核对", "personal": "个人信息字段的值不予显示。", "dataset": "数据集", "owner": "联系人",
        "ragged": "该行的字段数与表头不一致", "mend_ragged": "请检查是否缺少或多出分隔符、引号。", "more": "等",
        "why_ragged": "该行有 {actual} 个字段,表头有 {expected} 个", "why_ragged_fixedWidth": "该行长度为 {actual},约定为 {expected}",
        "ragged_jsonl": "该行不是一个 JSON 对象", "mend_ragged_jsonl": "请每行写一个 JSON 对象。",
        "ragged_fixedWidth": "该行的长度与约定不符", "mend_ragged_fixedWidth": "请检查是否缺少或多出字符。",
    },
}  # fmt: skip

# reason of ops.deliveries → what the department should do
REASONS: Mapping[str, tuple[str, str]] = {
    "empty": ("The file is empty. Send it again.", "文件为空,请重新报送。"),
    "wrong_encoding": ("Save the file in the agreed encoding and send it again.", "文件编码与约定不符,请按约定编码另存后重新报送。"),
    "nul_bytes": ("The file is damaged or not a text. Send it again.", "文件已损坏或不是文本文件,请重新报送。"),
    "unreadable": ("The file cannot be read. Export it again and send it.", "文件无法读取,请重新导出后报送。"),
    "no_header": ("Send the file with its column names.", "文件缺少表头,请带表头重新报送。"),
    "no_rows": ("No row was found. Check that it is the agreed file, and send it again.", "未找到任何数据行,请确认文件后重新报送。"),
    "missing_column": ("Send the file with all agreed columns.", "缺少约定的字段,请补齐后重新报送。"),
    "new_column": ("Leave the unknown columns out, or ask the data desk to add them.", "出现未约定的字段,请删除或联系数据管理员增加。"),
    "no_value_columns": ("Send the file with its value columns.", "缺少数值字段,请补齐后重新报送。"),
    "unexpected_preamble": ("Export the file again in the agreed form.", "文件开头与约定格式不符,请按约定格式重新导出。"),
    "count_mismatch": ("Nobody can tell for certain which rows it holds: quotes, line ends or its structure are likely broken. Nothing was loaded. Export it again and send it.", "无法确定文件有哪些行,引号、换行或文件结构可能已损坏。未载入任何数据,请重新导出后报送。"),
    "wrong_format": ("This is another kind of file than agreed. Export the data in the agreed format and send it again.", "文件类型与约定不符,请按约定格式导出后重新报送。"),
    "unknown_encoding": ("Save the file as UTF-8 and send it again, or say which encoding it is in.", "无法确定文件编码,请另存为 UTF-8 后重新报送,或告知所用编码。"),
    "header_too_long": ("Line ends are missing. Export the file again and send it.", "文件缺少换行,请重新导出后报送。"),
    "record_too_long": ("Line ends are missing, or a quote is never closed. Export the file again and send it.", "文件缺少换行或引号未闭合,请重新导出后报送。"),
    "too_many_columns": ("The header has too many columns. Check the delimiter and send the file again.", "表头字段过多,请检查分隔符后重新报送。"),
    "cut_character": ("The columns do not stand at the agreed places. Check them with the data desk.", "字段位置与约定不符,请与数据管理员核对。"),
    "control_count": ("The number of rows in the control record is not that of the file. Send the whole file again.", "控制记录中的行数与文件不符,请重新报送完整文件。"),
    "lost_precision": ("A long number has lost its last digits. Store the column as text, enter the values again and send the file.", "长数字的末位已丢失,请将该列设为文本、重新填写后报送。"),
    "retyped_column": ("A column has values of another type than agreed, or another one in each file of an archive. Send it as agreed.", "字段类型与约定不符,或压缩包内各文件的字段类型不一致,请按约定类型重新报送。"),
    "truncated": ("The file is cut off. Send it again.", "文件不完整,请重新报送。"),
    "missing_sheet": ("Send the workbook with the agreed sheets.", "缺少约定的工作表,请补齐后重新报送。"),
    "missing_table": ("Send the file with the agreed table or layer.", "缺少约定的数据表或图层,请补齐后重新报送。"),
    "missing_member": ("A file that belongs to it is missing. Send all its files together.", "缺少配套文件,请将全部文件一并报送。"),
    "unsafe_xml": ("Send the XML without declarations of its own (DTD, entities).", "请删除 XML 中的 DTD 或实体声明后重新报送。"),
    "too_large": ("The file unpacks to more than is accepted. Split it and send it again.", "文件解压后过大,请拆分后重新报送。"),
    "no_members": ("None of the agreed files is in the archive. Pack them and send it again.", "压缩包内没有约定的文件,请重新打包报送。"),
    "damaged_archive": ("The archive is damaged or cut off. Pack it again and send it.", "压缩包已损坏或不完整,请重新打包报送。"),
    "unsupported_archive": ("Pack the files in the usual way (ZIP with Deflate) and send them again.", "压缩方式无法识别,请用普通 ZIP 重新打包报送。"),
    "encrypted": ("Send the file without a password.", "文件有密码保护,请去除密码后重新报送。"),
    "unsafe_path": ("Pack the files by their plain names and send them again.", "压缩包内的路径不安全,请只用文件名重新打包报送。"),
    "link_in_archive": ("Pack the files themselves, not links to them.", "压缩包内含链接或特殊文件,请直接打包文件本身。"),
    "nested_too_deep": ("Send the files in one archive, not in archives inside archives.", "压缩包嵌套过深,请打成一个压缩包后重新报送。"),
    "too_many_members": ("The archive holds too many files. Send fewer at once.", "压缩包内文件过多,请分批报送。"),
    "too_big_inside": ("A file is too large to be read inside this archive. Send it by itself.", "压缩包内的文件过大,请单独报送。"),
    "zip_bomb": ("The archive unpacks to far more than data does. Send the files in smaller archives, or without compression.", "压缩包解压后异常庞大,请拆分或不压缩后报送。"),
    "bad_manifest": ("The manifest cannot be read. Make it again as agreed and send it.", "清单文件无法读取,请按约定重新生成后报送。"),
    "waits_for_manifest": ("Send the manifest that belongs to the files.", "缺少清单文件,请补报。"),
    "waits_for_files": ("The delivery is not complete. Send the files that are missing.", "文件不齐全,请补报缺少的文件。"),
    "manifest_mismatch": ("The file is not the one in the manifest. Send the file again, or its manifest.", "文件与清单不一致,请重新报送文件或清单。"),
    "not_listed": ("The file is in no manifest. Send a manifest that lists it.", "清单中没有该文件,请报送包含该文件的清单。"),
    "control_rows": ("The number of rows is not that of the manifest. Compare the two, and send the one that is wrong again.", "行数与清单不符,请核对后重新报送有误的一方。"),
    "control_total": ("A control total is not that of the manifest. Compare the two, and send the one that is wrong again.", "合计数与清单不符,请核对后重新报送有误的一方。"),
    "incomplete": ("Another file of the delivery was not accepted. Send that one again.", "同批的其他文件未被接收,请重新报送该文件。"),
    "shrunk": ("Far fewer rows than last time. Send the whole file again, or confirm that it is whole.", "行数比上期大幅减少,请重新报送完整文件或确认无误。"),
    "declined": ("A person looked at it and did not accept it. Send it again.", "经人工审核未予接收,请更正后重新报送。"),
    "held": ("The delivery was read, but a check of the whole stopped it. Look at it, and correct or confirm it.", "数据已读取,但整体校验未通过,请核对后更正或确认。"),
    "unchecked": ("Nothing is to be done: the check is run again.", "无需处理,系统将再次校验。"),
}  # fmt: skip


def words(language: Language) -> Mapping[str, str]:
    return WORDS[language]


def reason_of(reason: str, language: Language) -> str:
    """What to do about a file of this reason; the reason itself where it is a new one."""
    return REASONS[reason][language == "zh"] if reason in REASONS else reason


def rule_of(rule: Rule, language: Language) -> str:
    """The suite's own words in this language, else the rule in plain words (English where a type has no Chinese ones)."""
    said = rule.meta.get("message")
    if isinstance(said, dict) and language in said:
        return str(said[language])
    if rule.scope == "aggregate" and rule.type in WHOLE and not isinstance(said, dict):
        return WHOLE[rule.type](rule.kwargs)[language == "zh"]
    if language == "zh" and rule.type in RULES_ZH:
        return RULES_ZH[rule.type](rule.kwargs)
    return message_of(rule)


RULES_ZH: Mapping[str, Callable[[Mapping[str, Any]], str]] = {
    **ROWS_ZH,
    "expect_column_values_to_match_strftime_format": lambda k: f"应为这样书写的日期:{written(k['strftime_format'], zh=True)}",
    "castable": lambda k: "不是该字段类型的有效值",
    "retyped": lambda k: "不是该字段类型的有效值,该单元格已置空",
    "unknown_column": lambda k: "该行在未约定的字段中有值",
    "lacking_column": lambda k: "文件缺少约定的字段",
    "unambiguous": lambda k: "该值有不止一种读法",
    "expect_column_values_to_not_be_null": lambda k: "不能为空",
    "expect_column_values_to_be_null": lambda k: "必须为空",
    "expect_column_values_to_be_between": lambda k: f"应{bounds_zh(k)}",
    "expect_column_values_to_be_in_set": lambda k: f"应为以下之一:{some_zh(k['value_set'])}",
    "expect_column_values_to_not_be_in_set": lambda k: f"不能为:{some_zh(k['value_set'])}",
    "expect_column_values_to_match_regex": lambda k: f"格式应符合 {k['regex']}",
    "expect_column_values_to_not_match_regex": lambda k: f"格式不应为 {k['regex']}",
    "expect_column_value_lengths_to_be_between": lambda k: f"字符数应{bounds_zh(k)}",
    "expect_column_value_lengths_to_equal": lambda k: f"字符数应为 {k['value']}",
    "expect_column_pair_values_a_to_be_greater_than_b": lambda k: f"{k['column_A']} 应{'不小于' if k.get('or_equal') else '大于'} {k['column_B']}",
    "expect_column_pair_values_to_be_equal": lambda k: f"{k['column_A']} 应与 {k['column_B']} 相同",
    "expect_column_values_to_be_unique": lambda k: "与其他行的值重复",
    "expect_compound_columns_to_be_unique": lambda k: f"与其他行的 {'、'.join(k['column_list'])} 重复",
}
KINDS: Mapping[str, tuple[str, str]] = {
    "integer": ("Write a whole number, e.g. 12.", "请填写整数,例如 12。"), "double": ("Write a number, e.g. 12.5.", "请填写数字,例如 12.5。"),
    "boolean": ("Write yes or no.", "请填写 是 或 否。"),
}  # fmt: skip


def mend_of(rule: Rule, column: Column | None, language: Language) -> str:
    """What the department can do about a row that fails this rule."""
    zh = language == "zh"
    if rule.type in ("castable", "retyped") and column is not None:
        return _as_kind(column, zh)
    if rule.type == "unknown_column":
        return REASONS["new_column"][zh]
    if rule.type == "lacking_column":
        return REASONS["missing_column"][zh]
    if rule.type.endswith("to_not_be_null"):
        return "请补填该字段。" if zh else "Fill it in."
    if rule.type.endswith("be_unique"):
        return "请保留正确的一行,删除其余重复行。" if zh else "Keep the row that is right and leave the others out."
    return "请更正该值。" if zh else "Correct the value."


def _as_kind(column: Column, zh: bool) -> str:
    if column.kind in KINDS:
        return KINDS[column.kind][zh]
    if column.kind == "decimal":
        return f"请填写数字,最多 {column.scale} 位小数。" if zh else f"Write a number with at most {column.scale} decimals."
    shown = [written(f, zh=zh) for f in column.formats or FORMATS.get(column.kind, ())]
    if not shown:
        return "请更正该值。" if zh else "Correct the value."
    return f"请按此格式填写:{'、'.join(shown)}。" if zh else f"Write it like {' or '.join(shown)}."


__all__ = ["Language", "mend_of", "reason_of", "rule_of", "words"]
