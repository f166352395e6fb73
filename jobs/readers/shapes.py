"""DBF tables and zipped shapefiles by GDAL: attributes as they are typed, the shape as WKB, its projection beside it."""

from __future__ import annotations

import codecs
import io
import tempfile
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import Any

import polars as pl
import pyarrow as pa

from jobs.contracts.model import Column, Contract, Reader
from jobs.readers.dbf_cells import odd_cells
from jobs.readers.dbf_count import count_dbf, dbf_records, refuse_cut_dbf
from jobs.readers.dbf_encoding import dbf_encoding
from jobs.readers.delimited import decode
from jobs.readers.drift import compared
from jobs.readers.encoding import Encoding
from jobs.readers.frames import Part, distinct, exact, framed
from jobs.readers.outcome import Refused
from jobs.readers.zipped import BROKEN_ZIP, refuse_bombs

NEEDED = ("shp", "shx", "dbf")
HEAD, ENTRY = 100, 8  # bytes of the head of .shp and .shx, and of an entry of the latter


@dataclass(frozen=True)
class Opened:
    """`names` of the attributes and the texts in `table` are bytes of the file; `shape`: WKB."""

    projection: str | None
    names: list[bytes]
    table: pa.Table
    shape: pa.ChunkedArray | None


def read_dbf(contract: Contract, data: bytes, constants: Mapping[str, str]) -> Part:
    """Raises Refused for a file that is cut off, is no DBF, or has texts in another encoding than stated."""
    return _read(contract, {"dbf": data}, constants)


def read_shapefile(contract: Contract, data: bytes, constants: Mapping[str, str]) -> Part:
    """`data`: a zip with .shp, .shx, .dbf and, as it should be, .prj and .cpg. Raises Refused where one of the first three lacks or they disagree."""
    members = shapefile_members(contract.reader, data)
    shp, records = members["shp"], dbf_records(members["dbf"])
    if len(shp) < HEAD or int.from_bytes(shp[24:28], "big") * 2 > len(shp):
        raise Refused("truncated", "The .shp file in the zip is cut off: it is shorter than its head says. Send it again.")
    shapes = (len(members["shx"]) - HEAD) // ENTRY
    if shapes != records:
        raise Refused("count_mismatch", f"The shapefile has {shapes} shapes, but {records} rows of attributes. Export it again, and send all its files.")
    return _read(contract, members, constants)


def count_shapefile(reader: Reader, data: bytes) -> int:
    return count_dbf(reader, shapefile_members(reader, data)["dbf"])


def shapefile_encoding(reader: Reader, data: bytes) -> Encoding | None:
    """Of its attributes; None where they are not there."""
    try:
        members = shapefile_members(reader, data)
    except Refused:  # said by the reader
        return None
    declared = None if reader.encoding else _declared(members.get("cpg", b""))
    found = dbf_encoding(reader.encoding or declared, members["dbf"])
    return replace(found, how="declared") if found and declared else found


def shapefile_members(reader: Reader, data: bytes) -> dict[str, bytes]:
    """Ending → content, of the layer the contract names or the only one. Nothing is unpacked to a path of the zip's choosing."""
    refuse_bombs(data)
    try:
        packed = zipfile.ZipFile(io.BytesIO(data))
        names = {name.lower(): name for name in packed.namelist()}
        layers = {PurePosixPath(name).stem: name[:-4] for name in names if name.endswith(".shp")}
        wanted = (reader.table or "").lower() or next(iter(layers), "")
        if wanted not in layers or (len(layers) > 1 and not reader.table):
            raise Refused("missing_table", f"The zip holds the layers {', '.join(sorted(layers)[:12]) or 'none'}; exactly the agreed one should be there. Send it again.")
        stem = layers[wanted]
        found = {end: packed.read(names[f"{stem}.{end}"]) for end in (*NEEDED, "prj", "cpg") if f"{stem}.{end}" in names}
    except BROKEN_ZIP as problem:
        raise Refused("unreadable", f"The file is not a zip that can be read: {problem}. A shapefile is sent as one zip of its .shp, .shx, .dbf and .prj; send it again.") from None
    if missing := [end for end in NEEDED if end not in found]:
        raise Refused("missing_member", f"The shapefile lacks its .{', .'.join(missing)}. Zip .shp, .shx, .dbf and .prj together and send it again.")
    return found


def _read(contract: Contract, members: dict[str, bytes], constants: Mapping[str, str]) -> Part:
    refuse_cut_dbf(members["dbf"])
    opened = _opened(members)
    found = dbf_encoding(contract.reader.encoding or _declared(members.get("cpg", b"")), members["dbf"])
    encoding = found.name if found else None
    names = distinct([decode(name, encoding) for name in opened.names])
    frame = pl.DataFrame(pl.from_arrow(_as_text(opened.table, encoding).rename_columns(names)))
    odd = {names[at]: texts for at, texts in odd_cells(members["dbf"]).items() if at < len(names) and len(texts) == frame.height}  # records lost are found out by the count
    frame = frame.with_columns(texts.alias(name) for name, texts in odd.items())
    mapping = compared(contract, frame.columns).mapping
    columns = {mapping[c.name]: c for c in contract.columns if c.name in mapping}
    frame = frame.with_columns(_as_agreed(frame[name], column) for name, column in columns.items() if name in odd)
    frame = frame.with_columns(exact(frame[name], column) for name, column in columns.items())
    extra = {"$geometry": pl.Series(pl.from_arrow(opened.shape)).bin.encode("hex")} if opened.shape is not None else {}
    return framed(contract, frame, {**constants, **({"$projection": opened.projection} if opened.projection else {})}, extra=extra)


def _opened(members: Mapping[str, bytes]) -> Opened:
    """GDAL wants the files side by side under their endings."""
    import pyogrio

    with tempfile.TemporaryDirectory() as folder:
        for end, content in members.items():
            if end != "cpg":
                (Path(folder) / f"layer.{end}").write_bytes(content)
        main = Path(folder) / ("layer.shp" if "shp" in members else "layer.dbf")
        try:
            meta, table = pyogrio.read_arrow(main, ENCODING="")  # no recoding: GDAL puts another character where it cannot read one
        except (pyogrio.errors.DataSourceError, pyogrio.errors.DataLayerError, UnicodeDecodeError) as problem:
            said = str(problem).replace(folder, "").splitlines()[0]
            raise Refused("unreadable", f"The file is not a {'shapefile' if 'shp' in members else 'DBF table'} that can be read: {said}. Send it again.") from None
    names = [name.encode(meta["encoding"]) for name in meta["fields"]]  # pyogrio guessed how to decode them
    table = table.rename_columns([str(at) for at in range(table.num_columns)])
    shape = table.column(table.num_columns - 1) if table.num_columns > len(names) else None
    return Opened(meta["crs"], names, table.select(range(len(names))), shape)


def _as_agreed(cells: pl.Series, column: Column) -> pl.Series:
    """Days in the first form that the contract agrees; what is none as it stands."""
    if column.kind not in ("date", "timestamp") or not column.formats or "%Y" not in column.formats[0]:
        return cells
    days = cells.str.to_date("%Y-%m-%d", strict=False)
    return pl.select(pl.when(days.is_not_null()).then(days.dt.strftime(column.formats[0])).otherwise(cells)).to_series().alias(cells.name)


def _declared(cpg: bytes) -> str | None:
    """The encoding a .cpg names, where it is one."""
    name = cpg.decode("ascii", "ignore").strip()
    try:
        return codecs.lookup(name).name if name else None
    except LookupError:
        return None


def _as_text(table: pa.Table, encoding: str | None) -> pa.Table:
    for at, field in enumerate(table.schema):
        if pa.types.is_string(field.type) or pa.types.is_large_string(field.type):
            table = table.set_column(at, field.name, _decoded(table.column(at), encoding))
    return table


def _decoded(cells: pa.ChunkedArray, encoding: str | None) -> pa.Array:
    """A column at once; raises Refused where a cell is not of the encoding. A zero byte cannot be in a cell that GDAL read."""
    sent: list[Any] = cells.cast(pa.binary()).to_pylist() if cells.type != pa.large_string() else cells.cast(pa.large_binary()).to_pylist()
    texts = iter(decode(b"\0".join(cell for cell in sent if cell is not None), encoding).split("\0"))
    return pa.array([None if cell is None else next(texts) for cell in sent], pa.large_string())
