"""Records of made-up people with the noise of forms filled in by hand, by pseudopeople. Run by labelled.py in an environment of its own: the package wants an older SciPy than ours has.

    python noised_people.py OUT.csv

Its sample population (one county, about 20,000 people) in four of its data sets: decennial census 2020, WIC 2020, Social Security to 2020, W-2 and 1099 forms of 2020,
with the package's own default configuration of noise and one seed.
"""

from __future__ import annotations

import sys

import pandas as pd
import pseudopeople as psp

SEED = 1
ADDRESS = ("street_number", "street_name", "unit_number", "city")
COLUMNS = ("source", "person", "first_name", "middle", "last_name", "born", "ssn", "sex", *ADDRESS)


def _day(texts: pd.Series, year_first: bool) -> pd.Series:
    """YYYY-MM-DD of eight digits, whatever stands between them; missing where there are not eight."""
    digits = texts.astype("string").str.replace(r"\D", "", regex=True)
    digits = digits.where(digits.str.len() == 8)
    year, rest = (digits.str[:4], digits.str[4:]) if year_first else (digits.str[4:], digits.str[:4])
    return year + "-" + rest.str[:2] + "-" + rest.str[2:]


def _taken(source: str, rows: pd.DataFrame) -> pd.DataFrame:
    rows = rows.rename(columns={f"mailing_address_{name}": name for name in ADDRESS})
    middle = rows["middle_name"] if "middle_name" in rows else rows["middle_initial"]
    made = rows.assign(source=source, person=rows["simulant_id"], middle=middle.astype("string").str[:1])
    if "date_of_birth" in rows:
        made["born"] = _day(rows["date_of_birth"], year_first=source == "ssa")
    return made.reindex(columns=list(COLUMNS)).astype("string")


def people() -> pd.DataFrame:
    """COLUMNS, all texts: one row a record."""
    return pd.concat([
        _taken("census", psp.generate_decennial_census(seed=SEED, year=2020)),
        _taken("wic", psp.generate_women_infants_and_children(seed=SEED, year=2020)),
        _taken("ssa", psp.generate_social_security(seed=SEED, year=2020)),
        _taken("w2", psp.generate_taxes_w2_and_1099(seed=SEED, year=2020)),
    ])  # fmt: skip


if __name__ == "__main__":
    people().to_csv(sys.argv[1], index=False)
