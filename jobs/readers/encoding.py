"""Which encoding a text is in: the contract's, else by its byte order mark, else UTF-8 where every byte of it is UTF-8, else detected with a confidence."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain

import charset_normalizer
import numpy as np

from jobs.readers.alphabets import plausible
from jobs.readers.outcome import Refused
from jobs.readers.sniff import HEAD, bom, wide_encoding

# The widest of each family: gb18030 holds GB2312 and GBK, cp932 Shift-JIS, cp949 EUC-KR, cp1252 what Latin-1 prints.
CANDIDATES = ("gb18030", "big5hkscs", "cp932", "cp949", "cp1252", "cp1250", "cp1251", "cp1253", "cp1254", "cp1255", "cp1256", "cp1257", "cp1258", "latin_1")
CONFIDENT, APART = 0.7, 0.1  # the least confidence; the lead over the next candidate that counts as certain
SAMPLE, SEARCHED = 32 << 10, 1 << 20  # bytes of lines that are not ASCII, and how far they are looked for after the first
DAMAGED = 10  # so many good characters to one bad are UTF-8 that was damaged, not another encoding
BLOCK = 1 << 18  # bytes looked at in one go: larger arrays cost more to allocate than to fill
WIDE = ("utf-16", "utf-32")
HIGH = re.compile(rb"[\x80-\xff]+")
WHOLE_OR_CUT = re.compile(rb"(?:[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{1,2}|[\xf0-\xf4][\x80-\xbf]{1,3})+")  # characters of UTF-8, some without their last bytes
UNLIKE = re.compile(rb"[^\n]*[\x80-\xff][^\n]*\n?")


@dataclass(frozen=True)
class Encoding:
    """`how`: `contract`, `mark`, `declared` (by the file itself: in XML, a `.cpg`, the code page of a DBF), `utf-8` or `detected`; `confidence`: 0 to 1."""

    name: str
    confidence: float = 1.0
    how: str = "contract"


@dataclass(frozen=True)
class Odd:
    """Characters that say a text went through a lossy conversion, or through one that only its maker knows."""

    private_use: int = 0
    replacement: int = 0


class Probe:
    """Finds the encoding of an ASCII-compatible text that is fed to it in order, every byte of it."""

    def __init__(self, said: str | None) -> None:
        self._said = said
        self._mark: str | None = None
        self._decoder = codecs.getincrementaldecoder("utf-8")()
        self._broken = self._fed = False
        self._sample, self._line = bytearray(), b""  # lines that are not ASCII; the line the last chunk ended in

    def feed(self, chunk: bytes) -> None:
        if not self._fed:
            self._fed, self._mark = True, bom(chunk)
        if self._said:
            return
        if len(self._sample) < SAMPLE:
            self._collect(chunk)
        if not chunk.isascii() or self._decoder.getstate()[0]:
            self._check(chunk, final=False)

    def _collect(self, chunk: bytes) -> None:
        first, last = chunk.find(b"\n") + 1, chunk.rfind(b"\n") + 1
        if first == 0:
            self._line = (self._line + chunk)[:HEAD]
            return
        for part in (self._line + chunk[:first], chunk[first:last]):
            if not part.isascii():
                self._sample += _unlike_ascii(part)
        self._line = chunk[last:][:HEAD]

    def _check(self, chunk: bytes, final: bool) -> None:
        if self._broken:
            return
        try:
            self._decoder.decode(chunk, final)
        except UnicodeDecodeError:
            self._broken = True
            self._decoder.reset()

    def found(self) -> Encoding:
        """Raises Refused where nothing is likely enough."""
        if self._said:
            return Encoding(self._said)
        if self._mark:
            return Encoding(self._mark, 1.0, "mark")
        self._check(b"", final=True)
        sample = bytes(self._sample) + (_whole_characters(self._line) if len(self._sample) < SAMPLE else b"")
        if not self._broken or _damaged_utf8(sample):
            return Encoding("utf-8", 0.9 if self._broken else 1.0, "utf-8")
        return detected(sample)


def told(data: bytes, said: str | None) -> Encoding:
    """Of a text that is held whole. Raises Refused where nothing is likely enough, or a mark contradicts what was `said`."""
    if form := wide(data[:HEAD], said):
        return wide_told(form, data, said)
    probe = Probe(said)
    for at in range(0, len(data), BLOCK):
        probe.feed(data[at : at + BLOCK])
    return probe.found()


def wide_told(form: str, head: bytes, said: str | None) -> Encoding:
    """Of a text that is `form` as `wide` has it."""
    if said:
        return Encoding(form)
    return Encoding(form, 1.0, "mark") if bom(head) else Encoding(form, 0.95, "detected")


def detected(sample: bytes) -> Encoding:
    """The likeliest encoding of a text that is not UTF-8. Raises Refused naming the candidates where none stands out."""
    matches = charset_normalizer.from_bytes(sample, steps=64, threshold=0.3, cp_isolation=list(CANDIDATES), preemptive_behaviour=False, enable_fallback=False)
    ranked = sorted((_Guess(name, str(match), match) for match in matches for name in match.could_be_from_charset if name in CANDIDATES), key=_Guess.rank)
    if not ranked:
        raise Refused("unknown_encoding", "The encoding of the file cannot be told: it is none that is known here. Save it again as UTF-8, or tell the platform team its encoding.")
    best = ranked[0]
    rival = next((other.likelihood for other in ranked[1:] if other.text != best.text), 0.0)
    evidence = 1 - 0.5 ** sum(c > "\x7f" for c in best.text)
    confidence = round(max(0.0, (1 - best.chaos) * plausible(best.text, best.name) * evidence * min(1.0, (best.likelihood - rival) / APART)), 3)
    if confidence < CONFIDENT:
        raise Refused("unknown_encoding", _ambiguous(sample, [guess.name for guess in ranked]))
    return Encoding(best.name, confidence, "detected")


class _Guess:
    """One encoding in which the sample is a text. `chaos`: the library's measure of how unlike any text it reads, 0 to 1."""

    def __init__(self, name: str, text: str, match: charset_normalizer.CharsetMatch) -> None:
        self.name, self.text, self.chaos = name, text, match.chaos
        self.likelihood = 1 - match.chaos + match.coherence / 2 + plausible(text, name)

    def rank(self) -> tuple[float, int]:
        return -self.likelihood, CANDIDATES.index(self.name)


def _ambiguous(sample: bytes, names: list[str]) -> str:
    """Shows how the first odd word reads, so that a person can choose."""
    place = re.search(rb"[^\s,;|\t\"]*[\x80-\xff][^\s,;|\t\"]*", sample)
    word = place[0][:40] if place else b""
    shown = ", ".join(f"{name} (reads {word.decode(name, 'replace')!r})" for name in dict.fromkeys(names[:5]))
    return f"The encoding of the file cannot be told for sure. It may be {shown}. Save it again as UTF-8, or tell the platform team which it is."


def _damaged_utf8(sample: bytes) -> bool:
    text = sample.decode("utf-8", "replace")
    bad = text.count("\ufffd")
    if all(WHOLE_OR_CUT.fullmatch(run) for run in HIGH.findall(sample)):
        return True
    return sum(c > "\x7f" for c in text) - bad >= DAMAGED * max(bad, 1)


def _unlike_ascii(chunk: bytes) -> bytes:
    """The first whole lines that are not ASCII."""
    high = int(np.argmax(np.frombuffer(chunk, dtype=np.uint8) >= 0x80))
    found = bytearray()
    for line in UNLIKE.finditer(chunk, chunk.rfind(b"\n", 0, high) + 1, high + SEARCHED):
        found += _whole_characters(line[0])
        if len(found) >= SAMPLE:
            break
    return bytes(found)


def _whole_characters(line: bytes) -> bytes:
    """A line, cut where it is too long after a byte that is a character by itself: no second byte of any candidate is below 0x30."""
    if len(line) <= SAMPLE:
        return line
    cut = re.search(rb"[\x09-\x2f][^\x09-\x2f]*\Z", line[:SAMPLE])
    return line[: cut.start() + 1] if cut else line[:SAMPLE]


def wide(head: bytes, said: str | None) -> str | None:
    """The UTF-16 or UTF-32 form of a text that starts with `head`, which no byte range may cut and no byte counter can count; else None.

    Raises Refused where the contract says another encoding than the file's own mark.
    """
    marked = wide_encoding(head)
    if said is None:
        return marked
    name = codecs.lookup(said).name
    if not name.startswith(WIDE):
        if marked and bom(head):
            raise Refused("wrong_encoding", f"The agreed encoding is {said}, but the file is marked as {marked}. Save it again as {said}, or tell the platform team its encoding.")
        return None
    if name in ("utf-16", "utf-32"):
        return marked if marked and marked.startswith(name) else f"{name}-le"
    return name


def as_utf8(chunks: Iterable[bytes], name: str) -> Iterator[bytes]:
    """A UTF-16 or UTF-32 text as UTF-8, piece by piece. Raises Refused naming line, byte and bytes where one is no character."""
    decoder, before, lines = codecs.getincrementaldecoder(name)(), 0, 1
    for chunk, final in chain(((c, False) for c in chunks), ((b"", True),)):
        held = decoder.getstate()[0]
        try:
            text = decoder.decode(chunk, final)
        except UnicodeDecodeError as problem:
            data = held + chunk
            lines += data[: problem.start].decode(name, "ignore").count("\n")
            at = before - len(held) + problem.start
            raise Refused(
                "wrong_encoding",
                f"The file is not {name}: near line {lines}, at byte {at}, stand the bytes {data[problem.start : problem.start + 4].hex(' ')}. Save it again as UTF-8 and send it.",
            ) from None
        before += len(chunk)
        lines += text.count("\n")
        if text:
            yield text.encode()


def odd_characters(utf8: bytes) -> Odd:
    """Private-use characters (U+E000…, planes 15 and 16) and U+FFFD in valid UTF-8."""
    if utf8.isascii():
        return Odd()
    data, private, replacement = np.frombuffer(utf8, dtype=np.uint8), 0, 0
    for start in range(0, len(data), BLOCK):
        leads = np.flatnonzero(data[start : start + BLOCK] >= 0xEE) + start
        lead, second, third = data[leads], data[leads + 1], data[leads + 2]  # all of these have three bytes or four
        private += int(np.count_nonzero((lead == 0xEE) | ((lead == 0xEF) & (second <= 0xA3)) | ((lead == 0xF3) & (second >= 0xB0)) | (lead == 0xF4)))
        replacement += int(np.count_nonzero((lead == 0xEF) & (second == 0xBF) & (third == 0xBD)))
    return Odd(private, replacement)
