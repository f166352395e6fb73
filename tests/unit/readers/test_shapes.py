"""DBF and shapefiles written by GDAL and by hand: attributes, shapes, projection, deleted records, damage."""

from __future__ import annotations

import datetime as dt
import io
import struct
import tempfile
import zipfile
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyogrio
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jobs.contracts.model import Column, Drift
from tests.unit.readers.made import contract, outcome, refusal

COLUMNS = [Column("name", "NAME", "string"), Column("n", "N", "integer"), Column("d", "D", "date")]
SHAPE = [*COLUMNS, Column("shape", "$geometry", "string"), Column("crs", "$projection", "string")]
ROWS = {"NAME": ["甲", "b"], "N": pa.array([1, None], pa.int64()), "D": [dt.date(2020, 2, 29), None]}


def point(x: float, y: float) -> bytes:
    return struct.pack("<BIdd", 1, 1, x, y)


def files(columns: dict[str, Any], shapes: list[bytes | None] | None = None, crs: str | None = "EPSG:4490", encoding: str = "UTF-8") -> dict[str, bytes]:
    """Ending → content of a shapefile, or of a DBF alone."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / ("l.shp" if shapes is not None else "l.dbf")
        more: dict[str, Any] = {"geometry_type": "Point", "geometry_name": "g", "crs": crs} if shapes is not None else {}
        table = pa.table({**columns, **({"g": pa.array(shapes, pa.binary())} if shapes is not None else {})})
        pyogrio.write_arrow(table, path, driver="ESRI Shapefile", encoding=encoding, **more)
        return {found.suffix[1:]: found.read_bytes() for found in Path(folder).iterdir()}


def zipped(members: dict[str, bytes], stem: str = "dir/Layer") -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as packed:
        for end, content in members.items():
            packed.writestr(f"{stem}.{end}", content)
    return out.getvalue()


LAYER = files(ROWS, [point(1, 2), point(3, 4)], encoding="GBK")
DBF = files(ROWS, encoding="GBK")["dbf"]


def deleted(data: bytes, record: int) -> bytes:
    head, length = struct.unpack_from("<HH", data, 8)
    at = head + record * length
    return data[:at] + b"*" + data[at + 1 :]


def test_attributes_shapes_and_projection() -> None:
    rows = [("甲", 1, dt.date(2020, 2, 29), point(1, 2).hex(), "EPSG:4490"), ("b", None, None, point(3, 4).hex(), "EPSG:4490")]
    assert outcome(contract(SHAPE, format="shapefile"), zipped(LAYER)).rows == rows
    upper = {end.upper(): content for end, content in LAYER.items()}
    assert outcome(contract(SHAPE, format="shapefile", table="layer"), zipped(upper)).rows == rows


def test_a_projection_that_is_not_there_is_null() -> None:
    members = {end: content for end, content in LAYER.items() if end != "prj"}
    assert [row[4] for row in outcome(contract(SHAPE, format="shapefile"), zipped(members)).rows] == [None, None]


def test_a_table_alone() -> None:
    asked = contract(COLUMNS, format="dbf", encoding="gbk")
    assert outcome(asked, DBF).rows == [("甲", 1, dt.date(2020, 2, 29)), ("b", None, None)]
    assert outcome(asked, deleted(DBF, 0)).rows == [("b", None, None)]


def test_names_of_columns_are_of_the_encoding_too() -> None:
    members = files({"名称": ["甲"]}, encoding="GBK")
    assert outcome(contract(["名称"], format="dbf", encoding="gb18030"), members["dbf"]).rows == [("甲",)]


@pytest.mark.parametrize(
    ("members", "reason"),
    [
        ({}, "missing_table"),
        ({k: v for k, v in LAYER.items() if k != "shx"}, "missing_member"),
        ({k: v for k, v in LAYER.items() if k != "dbf"}, "missing_member"),
        (LAYER | {"dbf": LAYER["dbf"][:-30]}, "truncated"),
        (LAYER | {"shp": LAYER["shp"][:-9]}, "truncated"),
        (LAYER | {"shp": b""}, "truncated"),
        (LAYER | {"shx": LAYER["shx"][:-8]}, "count_mismatch"),
        (LAYER | {"shp": b"\0" * len(LAYER["shp"])}, "unreadable"),
        (LAYER | {"cpg": b"UTF-8"}, "wrong_encoding"),
    ],
)
def test_a_damaged_shapefile_is_refused(members: dict[str, bytes], reason: str) -> None:
    assert refusal(contract(SHAPE, format="shapefile"), zipped(members)) == reason


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "unreadable"),
        (b"hello", "unreadable"),
        (b"\0" * 64, "unreadable"),
        (DBF[:-30], "truncated"),
        (DBF[:40], "truncated"),
        (b"\x83" + DBF[1:], "missing_member"),
        (DBF, "wrong_encoding"),
    ],
)
def test_a_damaged_table_is_refused(data: bytes, reason: str) -> None:
    assert refusal(contract(COLUMNS, format="dbf"), data) == reason


@pytest.mark.parametrize(("data", "reason"), [(b"no zip", "unreadable"), (zipped(LAYER)[:-30], "unreadable"), (zipped(LAYER, "a")[:10], "unreadable")])
def test_what_is_no_zip_is_refused(data: bytes, reason: str) -> None:
    assert refusal(contract(SHAPE, format="shapefile"), data) == reason


def test_a_real_map_of_districts(real_data: Path) -> None:
    members = {path.suffix[1:]: path.read_bytes() for path in (real_data / "geo").glob("sle_adm3.*")}
    columns = [Column("name", "admin3Name", "string"), Column("code", "admin3Pcod", "string"), Column("shape", "$geometry", "string"), Column("crs", "$projection", "string")]
    found = outcome(contract(columns, Drift(new_column="evolve"), format="shapefile"), zipped(members, "sle_adm3"))
    assert found.counted == len({row[1] for row in found.rows}) == 167
    assert {row[3] for row in found.rows} == {"EPSG:4326"}
    assert {row[2][:10] for row in found.rows} <= {"0103000000", "0106000000"}  # polygons and multipolygons, little-endian


@pytest.mark.parametrize(("value", "text"), [(12.0, "12"), (0.5, "0.5"), (-3.25, "-3.25")])
def test_numbers_are_texts_of_their_digits(value: float, text: str) -> None:
    asked = contract([Column("f", "F", "decimal", scale=2)], format="dbf")
    assert outcome(asked, files({"F": [value]})["dbf"]).rows == [(text,)]


def test_digits_a_float_cannot_hold_are_refused() -> None:
    assert refusal(contract([Column("f", "F", "string")], format="dbf"), files({"F": [1e17]})["dbf"]) == "lost_precision"


TEXT = st.text("ab1 中é", max_size=6).map(str.strip)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(TEXT, st.integers(-(10**16), 10**17), st.floats(-180, 180)), min_size=1, max_size=8))
def test_rows_written_are_rows_read(rows: list[tuple[str, int, float]]) -> None:
    members = files({"NAME": pa.array([a or None for a, _, _ in rows], pa.string()), "N": pa.array([n for _, n, _ in rows], pa.int64())}, [point(x, 0) for _, _, x in rows], encoding="UTF-8")
    asked = contract([SHAPE[0], SHAPE[1], SHAPE[3]], format="shapefile")
    assert outcome(asked, zipped(members)).rows == [(a or None, n, point(x, 0).hex()) for a, n, x in rows]
