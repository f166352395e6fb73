"""What a scorecard says, in the contract's language."""

from __future__ import annotations

from collections.abc import Mapping

from jobs.contracts.model import Language

WORDS: Mapping[Language, Mapping[str, str]] = {
    "en": {
        "title": "How your data arrived", "to": "To", "month": "Month", "dear": "This is how the data of your department reached the city's data lake this month, and what would make it better.",
        "dataset": "dataset", "due": "periods due", "came": "came", "on_time": "in time", "late": "days late on average", "files": "files", "refused": "refused or held", "rows": "rows", "rejected": "rejected rows",
        "share": "share", "corrections": "corrections", "to_correction": "days to put right", "drift": "changes of form", "reasons": "Why rows were rejected", "rule": "what was wrong", "asks": "What we ask of you",
        "ask_missing": "Please send the periods that are missing: {dataset} lacks {count} of {expected}.", "ask_late": "Please send {dataset} earlier: {count} of {expected} periods came late, by {days} days on average.",
        "ask_refused": "{count} files of {dataset} were refused or held back; the answer to each says how to mend it.", "ask_rows": "{share} of the rows of {dataset} were rejected; most often: {reason}.",
        "ask_drift": "The form of {dataset} changed {count} times; please tell the data desk before you change columns.", "well": "All of it came as agreed. Thank you.", "unknown": "not agreed",
        "chart": "Rejected rows, in percent, and files that were not accepted, by month", "percent": "rejected rows, %", "refused_axis": "files not accepted", "contact": "Questions: your contact at the data desk.",
        "arrival": "What was due, and what came", "content": "What was in it",
    },
    "zh": {
        "title": "数据报送情况通报", "to": "致", "month": "月份", "dear": "以下是贵单位本月向全市数据湖报送数据的情况,以及改进建议。",
        "dataset": "数据集", "due": "应报期数", "came": "已报", "on_time": "按时", "late": "平均迟报天数", "files": "文件数", "refused": "未接收或暂缓", "rows": "行数", "rejected": "退回行数",
        "share": "占比", "corrections": "更正次数", "to_correction": "更正用时(天)", "drift": "格式变动", "reasons": "行被退回的原因", "rule": "问题", "asks": "请贵单位配合",
        "ask_missing": "{dataset} 应报 {expected} 期,缺 {count} 期,请补报。", "ask_late": "{dataset} 有 {count} 期迟报(共 {expected} 期),平均迟 {days} 天,请按时报送。",
        "ask_refused": "{dataset} 有 {count} 个文件未接收或暂缓入库,请按各文件的回执更正。", "ask_rows": "{dataset} 有 {share} 的行被退回,最常见的原因:{reason}。",
        "ask_drift": "{dataset} 的格式变动 {count} 次,变更字段前请先告知数据管理员。", "well": "全部数据均按约定报送,谢谢。", "unknown": "未约定",
        "chart": "各月退回行占比(%)及未接收文件数", "percent": "退回行占比(%)", "refused_axis": "未接收文件数", "contact": "如有疑问,请联系数据管理员。",
        "arrival": "应报与已报", "content": "内容质量",
    },
}  # fmt: skip
