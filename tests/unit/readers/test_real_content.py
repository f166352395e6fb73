"""The real dumps are what their list of sources says they are, told from their bytes alone."""

from __future__ import annotations

import csv
from pathlib import Path

from jobs.contracts.model import Reader
from jobs.readers.inspection import is_plain_text, text_content
from jobs.readers.sniff import HEAD, kind_of

KINDS = {".csv": "text", ".txt": "text", ".tsv": "text", ".parquet": "parquet", ".dbf": "dbf", ".json": "json", ".xml": "xml"}
SAID = {"ascii": "utf-8", "utf-8": "utf-8", "utf-8-sig": "utf-8", "gb18030": "gb18030"}


def test_every_real_file_is_of_the_kind_its_name_says(real_data: Path) -> None:
    found = {path: kind_of(path.read_bytes()[:HEAD]) for path in real_data.rglob("*") if path.suffix in KINDS and path.stat().st_size}
    assert len(found) > 700
    assert {str(path): kind for path, kind in found.items() if kind != KINDS[path.suffix]} == {}


def test_every_real_text_is_in_the_encoding_its_source_says(real_data: Path) -> None:
    with (real_data / "SOURCES.tsv").open(encoding="utf-8", newline="") as lines:
        sources = [row for row in csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE) if row["encoding"] in SAID and KINDS.get(Path(row["path"]).suffix) == "text"]
    wrong = {}
    for row in sources:
        data = (real_data / row["path"]).read_bytes()
        assert is_plain_text(data[:HEAD], Reader("csv"))
        content = text_content([data], row["path"], Reader("csv"))
        found = content.files[0].encoding
        if content.refused or found is None or found.name != SAID[row["encoding"]]:
            wrong[row["path"]] = (row["encoding"], found, content.refused)
    assert len(sources) > 30
    assert wrong == {}
