"""Water, environment and weather: stations as text, permits as a workbook, air as JSON lines, satellite extracts as Parquet, warnings as XML, past disasters as SQLite."""

from __future__ import annotations

import numpy as np
import polars as pl

from jobs.sample.city.dataset import Conflicts, Dataset, Repeats, RowFault, Truth, cut_character, empty, resent
from jobs.sample.city.draws import chosen, happens, normal
from jobs.sample.city.events import air, river, weather
from jobs.sample.city.events.chance import between, one
from jobs.sample.city.events.formats import marked_xml, sqlite
from jobs.sample.city.events.river import ITEMS, STEP
from jobs.sample.city.events.scene import scene
from jobs.sample.city.events.weather import moment
from jobs.sample.city.plan import Period, Plan
from jobs.sample.city.writers import csv, excel, json_lines, parquet


def _hours(plan: Plan, period: Period) -> range:
    return range((period.first - plan.first).days * 24, ((period.last - plan.first).days + 1) * 24)


def _water(plan: Plan, part: int, period: Period) -> pl.DataFrame:
    city, hours = scene(plan), _hours(plan, period)
    steps = np.arange(hours.start // STEP, hours.stop // STEP)
    values = river.readings(city)[steps]
    at = [f"{moment(city, int(step) * STEP):%Y-%m-%d %H:%M}" for step in steps]
    t, s, i = (axis.ravel() for axis in np.indices(values.shape))
    said = ["停测" if np.isnan(value) else f"{value:.2f}" for value in values.ravel().tolist()]
    return pl.DataFrame({"station": [f"W{k + 1:03d}" for k in s], "time": [at[k] for k in t], "item": [ITEMS[k] for k in i], "value": said})


def _permits(plan: Plan, part: int, period: Period) -> pl.DataFrame:
    table = river.permits(scene(plan))
    return table.select(
        pl.col("permit_no").alias("许可证编号"), pl.col("credit_code").alias("统一社会信用代码"), pl.col("company").alias("单位名称"), pl.col("industry").alias("行业类别"), pl.col("km").alias("排口里程(公里)"),
        pl.col("limit").alias("氨氮许可浓度(mg/L)"), pl.col("volume").cast(pl.Int64).alias("许可排放量(吨/日)"),
    )  # fmt: skip


def _outfalls(plan: Plan, part: int, period: Period) -> pl.DataFrame:
    city, hours = scene(plan), _hours(plan, period)
    days = range(hours.start // 24, hours.stop // 24)
    found = pl.concat([river.reported(city, day).with_columns(pl.lit(f"{city.day(day)}").alias("day")) for day in days])
    return found.select(pl.col("permit_no").alias("许可证编号"), pl.col("day").alias("监测日期"), pl.col("ammonia_mgl").alias("氨氮"), pl.col("volume_t").cast(pl.Int64).alias("排水量"))


def _air(plan: Plan, part: int, period: Period) -> pl.DataFrame:
    city, found = scene(plan), air.hours(scene(plan))
    rows = []
    for hour in _hours(plan, period):
        stamp = f"{moment(city, hour):%Y-%m-%dT%H:%M:%S+08:00}"
        rows += [(f"A{d + 1:02d}", stamp, *found[hour, d].tolist()) for d in range(len(city.districts))]
    return pl.DataFrame(rows, schema=["station", "ts", "pm25", "so2", "no2", "o3"], orient="row")


def _satellite(plan: Plan, part: int, period: Period) -> pl.DataFrame:
    """Cells of 500 m, a month: what grows, what is built over, how bright it is at night."""
    city = scene(plan)
    cell = np.arange(40 * 40)
    month = period.first.year * 12 + period.first.month
    built = between(plan.seed, "cell/built", 0.02, 0.95, cell) + air.built_over(city, period.last)
    return pl.DataFrame({
        "cell_id": [f"G{k // 40:02d}{k % 40:02d}" for k in cell], "month": [f"{period.first:%Y-%m}"] * len(cell),
        "ndvi": np.round(np.clip(0.85 - 0.75 * np.minimum(built, 1) + normal(plan.seed, "cell/ndvi", 0, 0.03, cell, month), -0.1, 0.95), 3),
        "built_share": np.round(np.clip(built + normal(plan.seed, "cell/noise", 0, 0.01, cell, month), 0, 1), 3), "night_light": np.round(np.maximum(0, 60 * built * normal(plan.seed, "cell/light", 1, 0.15, cell, month)), 1),
    })  # fmt: skip


def _station_hours(plan: Plan, part: int, period: Period) -> pl.DataFrame:
    city, hours = scene(plan), np.array(_hours(plan, period))
    h, d = (axis.ravel() for axis in np.meshgrid(hours, np.arange(len(city.districts)), indexing="ij"))
    warm = weather.temperature(city)[h] + normal(plan.seed, "station/warm", 0, 0.4, h, d)
    return pl.DataFrame({
        "区站号": [f"58{600 + k}" for k in d], "观测时间": [f"{moment(city, int(k)):%Y%m%d%H%M}" for k in h], "气温": np.round(warm, 1), "降水量": weather.rain(city)[h, d],
        "风速": np.round(np.maximum(0, normal(plan.seed, "station/wind", 2.4, 1.2, h, d)), 1), "相对湿度": np.clip(np.rint(72 + 6 * np.minimum(weather.rain(city)[h, d], 4) + normal(plan.seed, "station/wet", 0, 7, h, d)), 15, 100).astype(np.int64),
    })  # fmt: skip


def _warnings(plan: Plan, part: int, period: Period) -> pl.DataFrame:
    """What was really warned of: mostly in time, sometimes late, too low, or for nothing."""
    city, rows = scene(plan), []
    levels = [level for level, _, _ in weather.SIGNALS]
    for storm in weather.storms(city):
        for district, (code, _) in enumerate(city.districts):
            due, hour, _ = weather.due(city, storm, district)
            luck = one(plan.seed, "warning/luck", 0, 100, storm.number, district)
            level = due
            if due and luck < 20:
                level = levels[max(0, levels.index(due) - 1)]
            elif due and luck < 32:
                level = None
            elif not due and luck < 12:
                level = levels[0]
            if level:
                at = (hour if hour is not None else storm.start) + (-2 if luck % 3 else 2)
                rows.append((f"YJ{storm.number:04d}{district:02d}", code, "暴雨", level, moment(city, max(0, at))))
    table = pl.DataFrame(rows, schema={"@id": pl.String, "areaCode": pl.String, "type": pl.String, "level": pl.String, "issued": pl.Datetime}, orient="row")
    there = table.filter(pl.col("issued").dt.date().is_between(period.first, period.last)).sort("issued", "@id")
    return there.with_columns(pl.col("issued").dt.strftime("%Y-%m-%d %H:%M:%S"))


def _disasters(plan: Plan, part: int, period: Period) -> pl.DataFrame:
    """Floods and storms of forty years: what was lost, and whether anyone was warned."""
    city, of = scene(plan), np.arange(160)
    year = plan.first.year - 40 + of // 4
    rainfall = between(plan.seed, "disaster/rain", 40, 260, of)
    warned = happens(plan.seed, "disaster/warned", np.clip((year - plan.first.year + 45) / 50, 0, 0.95), of)
    lost = rainfall**1.6 * between(plan.seed, "disaster/lost", 0.4, 1.6, of) * np.where(warned, 0.55, 1.0)
    district = chosen(plan.seed, "disaster/district", np.ones(len(city.districts)), of)
    month = 4 + chosen(plan.seed, "disaster/month", (2, 4, 6, 4, 3, 1), of)
    return pl.DataFrame({
        "event_no": [f"ZH{y}{k % 4 + 1:02d}" for y, k in zip(year, of, strict=True)], "district_code": [city.districts[k][0] for k in district], "kind": [("暴雨洪涝", "台风", "雷雨大风")[k] for k in chosen(plan.seed, "disaster/kind", (6, 2, 2), of)],
        "began_on": [f"{y}-{m:02d}-{1 + k * 7 % 28:02d}" for y, m, k in zip(year, month, of, strict=True)], "rain_mm": np.round(rainfall, 1), "people_affected": np.rint(lost * 12).astype(np.int64),
        "loss_wan_yuan": np.round(lost, 1), "warned": np.where(warned, 1, 0),
    })  # fmt: skip


def _truth(plan: Plan, part: int) -> Truth:
    city = scene(plan)
    yield "pollution", river.truth(city)
    yield "water_trend", river.trend_truth(city)
    yield "storm", weather.flood_truth(city)
    yield "land_change", air.change_truth(city)


BROKEN_SENSORS = (RowFault("value", "999.99", "between:value", 3, "out_of_range"), RowFault("value", "坏", "castable:value", 3))
DATASETS = (
    Dataset("water.station_reading", _water, csv(line_end="\n"), "month", "increment", ("station", "time", "item"), file="readings.csv", row_faults=BROKEN_SENSORS, repeats=Repeats(4), file_faults=(cut_character(-1), empty(-1)), truth=_truth),
    Dataset("environment.discharge_permit", _permits, excel("排污许可", "排污许可证台账"), "year", "snapshot", ("许可证编号",), file="排污许可证.xlsx"),
    Dataset("environment.outfall_day", _outfalls, csv("gb18030", preamble="排污单位自行监测日报"), "month", "increment", ("许可证编号", "监测日期"), file="自行监测.csv", row_faults=(RowFault("氨氮", "未检出", "castable:ammonia_mgl", 2),)),
    Dataset("environment.air_station_hour", _air, json_lines(), "month", "increment", ("station", "ts"), file="air.jsonl", row_faults=(RowFault("pm25", -9.0, "between:pm25_ugm3", 3, "missing_code"),), conflicts=Conflicts("no2", lambda shown: shown + 1, "compound_columns_to_be_unique:station_code+began_at"), file_faults=(resent(-1),)),
    Dataset("environment.satellite_cell", _satellite, parquet(), "month", "increment", ("cell_id", "month"), file="cells.parquet"),
    Dataset("meteorology.station_hour", _station_hours, csv("gb18030"), "month", "increment", ("区站号", "观测时间"), file="自动站.csv", row_faults=(RowFault("气温", 999.9, "between:temperature_c", 3, "missing_code"),), repeats=Repeats(6), conflicts=Conflicts("相对湿度", lambda shown: (shown - 14) % 86 + 15, "compound_columns_to_be_unique:station_code+began_at", 2)),
    Dataset("meteorology.warning", _warnings, marked_xml("warnings", "warning"), "month", "increment", ("@id",), file="warnings.xml", row_faults=(RowFault("level", "紫色", "in_set:level", 1, "orphan_code"),)),
    Dataset("meteorology.disaster", _disasters, sqlite("disaster"), "once", "snapshot", ("event_no",), file="disasters.db"),
)  # fmt: skip
