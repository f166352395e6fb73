"""Chinese names in the forms that are compared: simplified, as it sounds, as it looks."""

from __future__ import annotations

import unicodedata
from functools import cache, lru_cache
from pathlib import Path

import opencc
from pypinyin import Style, pinyin

# surnames of two characters that the Ministry of Public Security counts most bearers of
COMPOUND = frozenset(("欧阳", "上官", "皇甫", "令狐", "诸葛", "司徒", "司马", "申屠", "夏侯", "贺兰", "完颜", "慕容", "尉迟", "长孙", "东方", "南宫", "端木", "轩辕", "公孙", "宇文", "独孤", "呼延"))
LOOKS = Path(__file__).parent / "look_alikes.csv"


@cache
def _converter() -> opencc.OpenCC:
    return opencc.OpenCC("t2s")


@lru_cache(maxsize=200_000)
def simplified(name: str) -> str:
    """Without blanks and marks, in simplified characters: 陳　偉 → 陈伟, 阿依古丽·买买提 → 阿依古丽买买提."""
    kept = "".join(c for c in unicodedata.normalize("NFKC", name) if unicodedata.category(c)[0] in "LN")
    return str(_converter().convert(kept)).upper() if not kept.isascii() else kept.upper()


def surname(name: str) -> str:
    """Of a simplified name."""
    return name[:2] if name[:2] in COMPOUND and len(name) > 2 else name[:1]


@cache
def sound_of(character: str) -> str:
    """Pinyin without the tone; a character that has none is itself."""
    return str(pinyin(character, style=Style.NORMAL, errors="default")[0][0])


def sound(name: str) -> str:
    """Character by character, so that a misspelt neighbour changes no reading: 王芳 and 汪房 → wang fang."""
    return " ".join(map(sound_of, name))


def look(name: str) -> str:
    """Characters that are taken for each other stand for one of them: 王末 and 王未 → 王未."""
    table = _looks()
    return "".join(table.get(character, character) for character in name)


@cache
def _looks() -> dict[str, str]:
    """Character → the first of its group in look_alikes.csv."""
    groups = [line.split(",")[0] for line in LOOKS.read_text(encoding="utf-8").splitlines()[1:] if line]
    return {character: group[0] for group in groups for character in group}
