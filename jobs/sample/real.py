"""Where the real open dumps of `shared/data` are delivered in the landing zone."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

SINGLE = {
    "fiscal/gla_spend.csv": "finance/spend/2013/gla_spend.csv",
    "disease/enhanced_sur_covid_19_eng.csv": "health/covid_case/2021-05-29/enhanced_sur_covid_19_eng.csv",
    "hazard/signif.txt": "emergency/earthquake/2019/signif.txt",
    "electricity/smart_meter10.parquet": "power/meter_reading/2013/smart_meter10.parquet",
}
COLLISION_PERIODS = {"2010": "2010", "2011": "2011", "2012": "2012", "2013": "2013H1"}


def deliveries(data: Path) -> Iterator[tuple[Path, str]]:
    """(file, landing key) of every real dump that has a contract."""
    yield from ((data / name, key) for name, key in SINGLE.items())
    for path in sorted((data / "industry").glob("分省年度数据*.csv")):
        yield path, f"statistics/province_indicator/2024/{path.name}"
    for year in ("2019", "2020"):
        yield data / f"environment/emis_{year}/zdroje.csv", f"environment/emission_source/{year}/zdroje.csv"
        yield data / f"environment/emis_{year}/emise.csv", f"environment/emission/{year}/emise.csv"
    for year, period in COLLISION_PERIODS.items():
        for path in sorted((data / "traffic/edinburgh_collisions" / year).glob("*.csv")):
            dataset = "collision" if path.name.startswith("accident") else "collision_vehicle"
            yield path, f"traffic/{dataset}/{period}/{path.name}"
    folder = data / "procurement/ocds"
    for path in sorted(p for p in folder.rglob("*") if p.is_file()):
        yield path, f"procurement/ocds/2017/{path.relative_to(folder)}"
