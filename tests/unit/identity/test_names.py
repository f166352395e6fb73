"""Names and addresses in the forms that are compared."""

from __future__ import annotations

import pytest

from jobs.identity.addresses import dwelling
from jobs.identity.names import LOOKS, look, simplified, sound, surname


@pytest.mark.parametrize(("written", "plain"), [("陳偉", "陈伟"), ("张 三", "张三"), ("阿依古丽·买买提", "阿依古丽买买提"), ("歐陽震華", "欧阳震华"), ("Ｌｉ　Ｍｉｎｇ", "LIMING")])
def test_one_name_in_one_form(written: str, plain: str) -> None:
    assert simplified(written) == plain == simplified(plain)


def test_homophones_sound_alike_and_others_do_not() -> None:
    assert sound("王芳") == sound("汪方") == "wang fang" and sound("王芳") != sound("王放心")
    assert sound("张伟") != sound("章薇") or sound("章薇") == "zhang wei"


def test_look_alikes_look_alike() -> None:
    assert look("王末") == look("玉未") and look("李伟") == look("季伪") and look("李伟") != look("李芳")


def test_no_character_is_in_two_groups() -> None:
    groups = [line.split(",")[0] for line in LOOKS.read_text(encoding="utf-8").splitlines()[1:]]
    every = "".join(groups)
    assert len(set(every)) == len(every) and all(len(group) > 1 for group in groups)


def test_compound_surnames() -> None:
    assert [surname(name) for name in ("欧阳震华", "欧阳", "王芳", "司马光")] == ["欧阳", "欧", "王", "司马"]


@pytest.mark.parametrize(
    "address",
    ["江西省南昌市东湖区墩子塘街道阳明路12号锦绣花园3栋2单元501室", "东湖区阳明路12号锦绣花园3栋2单元501室", "东湖区墩子塘街道墩子塘第一社区锦绣花园3幢501", "锦绣花园3-2-501", "锦绣花园 3 号楼 501 室"],
)
def test_a_dwelling_however_it_is_written(address: str) -> None:
    assert dwelling(address) == ("锦绣花园", "3", "501")


@pytest.mark.parametrize("estate", ["丰源新村", "洪客隆小区", "香江花城"])
@pytest.mark.parametrize("before", ["江西省南昌市东湖区墩子塘街道阳明路12号", "南昌县莲塘镇福寿社区", ""])
def test_an_estate_may_be_called_as_a_place_is(before: str, estate: str) -> None:
    assert dwelling(f"{before}{estate}3栋2单元501室") == (estate, "3", "501")


@pytest.mark.parametrize("address", [None, "", "地址不详", "阳明路12号"])
def test_what_names_no_dwelling(address: str | None) -> None:
    assert dwelling(address) == (None, None, None)
