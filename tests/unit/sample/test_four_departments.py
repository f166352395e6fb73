"""The made-up city: the same bytes for the same seed, ids that hold, and shapes that readers must cope with."""

from __future__ import annotations

import io

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from python_calamine import CalamineWorkbook

from jobs.contracts.load import contract_path, load_contract
from jobs.platform.settings import load_settings
from jobs.sample.four_departments import CHECKS, DISTRICTS, WEIGHTS, dumps, resident_id


def test_one_seed_gives_the_same_bytes_and_another_seed_others() -> None:
    first, again, other = list(dumps(3)), list(dumps(3)), list(dumps(4))
    assert [dump.content for dump in first] == [dump.content for dump in again]
    assert first[0].content != other[0].content


@given(st.integers(0, 2**32 - 1), st.sampled_from(sorted(DISTRICTS)))
def test_resident_ids_have_a_true_check_digit(seed: int, district: str) -> None:
    made = resident_id(np.random.default_rng(seed), district)
    assert len(made) == 18 and made[:6] == DISTRICTS[district]
    assert CHECKS[sum(int(digit) * weight for digit, weight in zip(made[:17], WEIGHTS, strict=True)) % 11] == made[17]


def test_the_dumps_are_of_four_departments_and_of_the_shapes_they_claim() -> None:
    made = {dump.key: dump for dump in dumps()}
    assert len({key.split("/")[0] for key in made}) == 4
    roster = made["civil_affairs/low_income_roster/2025-01/低保名册.csv"].content
    assert roster.decode("gb18030").startswith("身份证号,姓名")
    with pytest.raises(UnicodeDecodeError):
        roster.decode("utf-8")
    sheet = CalamineWorkbook.from_filelike(io.BytesIO(made["education/enrolment/2025-spring/在校生统计.xlsx"].content)).get_sheet_by_index(0)
    assert sheet.to_python()[1][0] == "学校代码"
    assert sum(dump.broken for dump in made.values()) == 2


@pytest.mark.parametrize("key", [dump.key for dump in dumps()])
def test_every_dump_lies_where_its_contract_looks(key: str) -> None:
    department, dataset, *_ = key.split("/")
    contract = load_contract(contract_path(load_settings().root, f"{department}.{dataset}"))
    assert key.startswith(f"{contract.landing}/")
