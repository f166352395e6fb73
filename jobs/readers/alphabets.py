"""Which characters texts are usually made of: what tells apart encodings in which the same bytes are all valid letters."""

from __future__ import annotations

import re
import unicodedata

# Code page → the letters beyond ASCII of the languages it is used for, one string a language.
ALPHABETS: dict[str, tuple[str, ...]] = {
    "cp1252": (
        "àâæçéèêëîïôœùûüÿ", "äöüß", "áéíñóúü", "áâãàçéêíóôõúü", "àèéìîòóù", "áéëïíóöüèê", "æøåéêóòôâ", "åäöé", "áðéíóúýþæö", "àçèéíïòóúü",
    ),
    "cp1250": ("áčďéěíňóřšťúůýž", "áäčďéíĺľňóôŕšťúýž", "ąćęłńóśźż", "áéíóöőúüű", "ăâîşţ", "čćđšž", "çë", "äöüß"),
    "latin_1": ("àâæçéèêëîïôùûüÿ", "äöüß", "áéíñóúü", "áâãàçéêíóôõúü", "àèéìîòóù", "æøåéêóòôâ", "åäöé", "áðéíóúýþæö"),
    "cp1257": ("ąčęėįšųūž", "āčēģīķļņšūž", "äõöüšž"),
    "cp1254": ("çğıöşüâîûi̇",),
    "cp1258": ("àáâãèéêìíòóôõùúýăđĩũơưạảấầẩẫậắằẳẵặẹẻẽếềểễệỉịọỏốồổỗộớờởỡợụủứừửữựỳỵỷỹ\u0300\u0301\u0303\u0309\u0323",),
}  # fmt: skip
SCRIPTS = {"cp1251": "CYRILLIC", "cp1253": "GREEK", "cp1255": "HEBREW", "cp1256": "ARABIC"}
WORD = re.compile(r"[^\s,;|\"'()./:·’+_-]*[^\x00-\x7f][^\s,;|\"'()./:·’+_-]*")
# Multi-byte encoding → first bytes (from, to) and the lowest second byte of its common characters, which each standard sorts to the front,
# and the share of these in a text of that language.
COMMON: dict[str, tuple[int, int, int, float]] = {
    "gb18030": (0xA1, 0xD7, 0xA1, 0.7), "big5hkscs": (0xA1, 0xC6, 0x40, 0.7), "cp949": (0xA1, 0xC8, 0xA1, 0.95), "cp932": (0x81, 0x97, 0x40, 0.8),
}  # fmt: skip


def plausible(text: str, encoding: str) -> float:
    """0 to 1: how much of the text beyond ASCII is what texts in this encoding are made of."""
    if encoding in COMMON:
        return _common(text, *COMMON[encoding], encoding)
    words = [word for word in WORD.findall(text) if not word.isnumeric()]
    if not words:
        return 1.0
    # one alphabet for the whole text: a French word and a Polish one in turn are a French text read wrongly
    return max(sum(_plausible_word(word, alphabet, SCRIPTS.get(encoding)) for word in words) for alphabet in ALPHABETS.get(encoding, ("",))) / len(words)


def _common(text: str, low: int, high: int, second: int, enough: float, encoding: str) -> float:
    odd = [c.encode(encoding, "ignore") for c in text if c > "\x7f"]
    common = sum(len(b) == 1 or (len(b) == 2 and low <= b[0] <= high and b[1] >= second) for b in odd)
    return min(1.0, common / len(odd) / enough) if odd else 1.0


def _plausible_word(word: str, alphabet: str, script: str | None) -> float:
    """Letters of one script or alphabet, and no capitals in the middle. A lone sign (€, §, °) may stand anywhere."""
    if not any(c.isalpha() for c in word if c > "\x7f"):
        return 1.0 if len(word) == 1 else 0.5
    if not all(c.isalpha() or unicodedata.combining(c) for c in word) or not (word.islower() or word.isupper() or word[1:].islower() or not word.upper().isupper()):
        return 0.0
    if script:
        return float(all(unicodedata.combining(c) or unicodedata.name(c, "").startswith(script) for c in word))
    letters = [c for c in word.lower() if c > "\x7f"]
    return sum(c in alphabet for c in letters) / len(letters)
