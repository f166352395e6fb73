"""What a contract may say of how values are written, and what is refused with its line."""

from __future__ import annotations

import re
from pathlib import Path
from typing import get_args

import pytest

from jobs.contracts.formats import fault, shape
from jobs.contracts.load import BrokenContract, load_contract
from jobs.contracts.model import Contract, Multiplier, Numbers
from jobs.quality.implied import implied
from jobs.readers.numbers import POWERS

ROOT = Path(__file__).parents[3]
READING = ROOT / "conf" / "datasets" / "water" / "station_reading.yaml"


def changed(folder: Path, before: str, after: str) -> Contract:
    text = READING.read_text(encoding="utf-8")
    assert before in text
    path = folder / "water" / "station_reading.yaml"
    path.parent.mkdir(exist_ok=True)
    path.write_text(text.replace(before, after, 1), encoding="utf-8")
    return load_contract(path)


UNIT = "          - property: nullValues\n"
FORMAT = "- '%Y-%m-%d %H:%M'"
CODE = "        logicalTypeOptions:\n          pattern: '^W\\d{3}$'\n"


def test_every_option_reaches_its_column(tmp_path: Path) -> None:
    said = "          - {property: numbers, value: {thousands: space, decimalMark: ',', percent: keep, negative: [parentheses], dash: zero, multipliers: [万, 亿], currency: [元]}}\n"
    column = changed(tmp_path, UNIT, said + "          - {property: nullPreset, value: common}\n" + UNIT).column("value")
    assert column.numbers == Numbers("space", ",", "keep", ("parentheses",), "zero", ("万", "亿"), ("元",))
    assert column.null_preset == "common"
    options = "        logicalTypeOptions: {minLength: 4, maxLength: 4}\n        customProperties: [{property: identifier, value: true}, {property: normalize, value: nfkc}]\n"
    contract = changed(tmp_path, CODE, options)
    code = contract.column("station_code")
    assert (code.identifier, code.normalize, code.min_length, code.max_length) == (True, "nfkc", 4, 4)
    assert ("expect_column_value_lengths_to_be_between", {"column": "station_code", "min_value": 4, "max_value": 4}) in [rule[:2] for rule in implied(contract)]


def test_every_option_of_the_reader_is_a_default(tmp_path: Path) -> None:
    text = READING.read_text(encoding="utf-8")
    assert "property: reader" not in text
    reader = "customProperties:\n  - property: reader\n    value: {nullPreset: common, normalize: nfc, textMark: true, twoDigitYearsFrom: 1950, numbers: {thousands: ','}}\n"
    at = re.search(r"^customProperties:\n", text, re.MULTILINE)
    assert at
    read = changed(tmp_path, text[at.start() :], reader + text[at.end() :]).reader
    assert (read.null_preset, read.normalize, read.text_mark, read.two_digit_years_from, read.numbers) == ("common", "nfc", True, 1950, Numbers(thousands=","))


@pytest.mark.parametrize(
    ("before", "after", "line_of", "said"),
    [
        (FORMAT, "- '%y-%m-%d %H:%M'", "%y-%m", "state their century, e.g. twoDigitYearsFrom"),
        (FORMAT, "- '%Y-%m'", "%Y-%m'", "lacks a year, a month or a day"),
        (FORMAT, "- '%Y-%m-%d %Q'", "%Q", "%Q in '%Y-%m-%d %Q' is not known"),
        (FORMAT, "- excel1900\n              - excel1904", "excel1900", "read the same number as different moments"),
        (UNIT, "          - {property: numbers, value: {thousands: '.'}}\n" + UNIT, "numbers", "thousands separator and decimal mark at once"),
        (UNIT, "          - {property: numbers, value: {thousands: ';'}}\n" + UNIT, "numbers", "Input should be ',', '.', \"'\" or 'space'"),
        (UNIT, "          - {property: numbers, value: {currency: ['-']}}\n" + UNIT, "numbers", "a currency is a sign or a code"),
        (UNIT, "          - {property: numbers, value: {multipliers: [万万]}}\n" + UNIT, "numbers", "'万'"),
        (UNIT, "          - {property: identifier, value: true}\n" + UNIT, "identifier", "an identifier is kept as a string"),
        (CODE, "        customProperties: [{property: numbers, value: {dash: zero}}]\n", "numbers", "numbers is for integers, decimals and doubles"),
        (CODE, "        logicalTypeOptions: {minLength: 5, maxLength: 4}\n", "station_code", "minLength 5 is above maxLength 4"),
    ],
)
def test_what_cannot_be_meant_is_refused(tmp_path: Path, before: str, after: str, line_of: str, said: str) -> None:
    with pytest.raises(BrokenContract) as broken:
        changed(tmp_path, before, after)
    text = (tmp_path / "water" / "station_reading.yaml").read_text(encoding="utf-8").splitlines()
    found = [finding for finding in broken.value.findings if said in finding.message]
    assert found, broken.value.findings
    assert any(line_of in line for line in text[found[0].line - 2 : found[0].line + 2])


@pytest.mark.parametrize(
    ("format_", "text", "fits"),
    [
        ("%Y-%m-%d", "2013-8-5", True), ("%Y-%m-%d", "13-08-05", False), ("%Y-%m-%d", "0000-08-05", False), ("%Y%m%d", "20130805", True), ("%Y%m%d", "2013085", False), ("%d.%m.%Y", "5.8.2013", True),
        ("%d.%m.%Y", "5x8.2013", False), ("%F %T", "2013-08-05 1:02:03", True), ("%H%M%S %F", "010203 2013-08-05", True), ("%H%M%S %F", "10203 2013-08-05", False), ("%Y-%m-%d %H:%M:%S.%f", "2013-08-05 01:02:03.5", True),
        ("roc:%Y/%m/%d", "102/8/5", True), ("roc:%Y/%m/%d", "2013/8/5", False), ("%Y-%m-%dT%H:%M:%S%z", "2013-08-05T01:02:03Z", True), ("%Y-%m-%dT%H:%M:%S%z", "2013-08-05T01:02:03", False), ("%-d/%-m/%Y", "5/8/2013", True),
    ],
)  # fmt: skip
def test_the_shape_of_a_format(format_: str, text: str, fits: bool) -> None:
    assert fault(format_, True) == ""
    assert bool(re.search(shape(format_).regex.replace(r"\p{L}", "[A-Za-z]"), text)) is fits


def test_every_multiplier_has_its_power() -> None:
    assert set(get_args(Multiplier)) == set(POWERS)
