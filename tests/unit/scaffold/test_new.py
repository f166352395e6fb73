"""`lake new`: what it writes from a sample is a sound contract, and lands that sample without a rejection."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from datetime import date
from pathlib import Path

import polars as pl
import pytest
import xlsxwriter
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner, Result

from jobs.cli.app import app
from jobs.contracts.load import contract_path, load_contract
from jobs.contracts.model import Contract
from jobs.platform.errors import LakeError
from jobs.platform.settings import load_settings
from jobs.quality.compile import judge
from jobs.quality.implied import rules_of
from jobs.quality.suites import lint_suite
from jobs.readers.formats import WAYS
from jobs.readers.frames import Part
from jobs.readers.values import typed
from jobs.scaffold.profile import column_names, profiled

PEOPLE = (
    "编号,姓名,手机号码,办理日期,金额,区,状态,更新时间,邮编\n" + "".join(f"A{n:03d},王{n},1380000{n:04d},2024年8月{n % 28 + 1}日,{n * 3.5:.2f},{'东西'[n % 2]}区,是,2024-08-05 10:{n % 60:02d}:00,0{n:05d}\n" for n in range(40))
)  # fmt: skip


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A checkout with a configuration and no dataset."""
    (tmp_path / "conf" / "datasets").mkdir(parents=True)
    shutil.copy(load_settings().root / "conf" / "lake.yaml", tmp_path / "conf")
    monkeypatch.setenv("LAKE_ROOT", str(tmp_path))
    return tmp_path


def new(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["new", *arguments], catch_exceptions=True)


def scaffolded(root: Path, content: bytes, name: str) -> tuple[Contract, Part]:
    """The contract that is made of a sample, and the sample as the contract's reader reads it."""
    sample = root / name
    sample.write_bytes(content)
    done = new("test.sample", "--sample", str(sample))
    assert done.exit_code == 0, done.output
    contract = load_contract(contract_path(root, "test.sample"))
    assert lint_suite(contract, root) == []
    return contract, WAYS[contract.reader.format].read(contract, content, {})


def rejected(root: Path, contract: Contract, part: Part) -> list[object]:
    values = typed(part.frame, contract)
    judged = judge(values.frame.with_columns(part.frame["_record"]), rules_of(contract, root), values.failed, contract.personal_columns)
    return [r for r in judged.rejections.to_list() if r]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_a_roster_lands_cleanly_with_types_key_and_what_is_personal(root: Path, encoding: str) -> None:
    contract, part = scaffolded(root, PEOPLE.encode(encoding), "roster.csv")
    kinds = {c.source: c.kind for c in contract.columns}
    assert kinds == {"编号": "string", "姓名": "string", "手机号码": "integer", "办理日期": "date", "金额": "decimal", "区": "string", "状态": "string", "更新时间": "timestamp", "邮编": "string"}
    assert [c.name for c in contract.columns][:3] == ["bian_hao", "xing_ming", "shou_ji_hao_ma"]
    assert contract.key == ("bian_hao",) and contract.mode == "increment"
    assert contract.personal_columns == {"xing_ming", "shou_ji_hao_ma"}
    assert part.records == 40 and rejected(root, contract, part) == []


def test_an_excel_sheet_and_a_json_document(root: Path) -> None:
    book = xlsxwriter.Workbook(root / "made.xlsx")
    sheet = book.add_worksheet()
    for at, row in enumerate([["School", "Pupils"], ["One", 12], ["Two", 30]]):
        sheet.write_row(at, 0, row)
    book.close()
    contract, part = scaffolded(root, (root / "made.xlsx").read_bytes(), "schools.xlsx")
    assert [(c.name, c.kind) for c in contract.columns] == [("school", "string"), ("pupils", "integer")]
    assert rejected(root, contract, part) == []
    shutil.rmtree(root / "conf" / "datasets" / "test")
    shutil.rmtree(root / "expectations")
    contract, part = scaffolded(root, b'{"data": {"rows": [{"id": "a", "place": {"x": "1.5"}}, {"id": "b", "place": {"x": "2"}}]}}', "rows.json")
    assert contract.reader.rows_at == ("data.rows",)
    assert [(c.name, c.source, c.kind) for c in contract.columns] == [("id", "id", "string"), ("place_x", "place.x", "decimal")]
    assert part.records == 2 and rejected(root, contract, part) == []


def test_a_json_document_that_is_an_array(root: Path) -> None:
    contract, part = scaffolded(root, b'[{"id": "a", "n": 1.5}, {"id": "b", "n": 2}]', "rows.json")
    assert contract.reader.rows_at == ("$",)
    assert part.records == 2 and rejected(root, contract, part) == []


def test_what_is_measured_or_counted_by_a_program_is_no_key(root: Path) -> None:
    """The four faults that the first trial on real files had: a panel, a file of pandas, padded columns, floats as a program writes them."""
    rows = "".join(f"{n},{'甲乙丙'[n % 3]},{2020 + n // 3},{n * 1.37:.2f},{n / 7!r}, {'' if n == 4 else f'x{n}'},123-45-{n:04d}\n" for n in range(9))
    contract, part = scaffolded(root, f"Unnamed: 0,province,year,revenue,share, word,tax_ref\n{rows}".encode(), "panel.csv")
    kinds = {c.name: c.kind for c in contract.columns}
    assert (kinds["revenue"], kinds["share"], kinds["year"]) == ("decimal", "double", "integer")
    assert contract.reader.trim and contract.column("word").source == "word" and not contract.column("word").required
    assert contract.personal_columns == {"tax_ref"}
    assert contract.key == ("tax_ref",) and profiled(part.frame.select("province", "year", "revenue").cast(pl.String)).key == ("province", "year")
    assert rejected(root, contract, part) == []


def test_days_of_a_parquet_file_are_days(root: Path) -> None:
    out = root / "made.parquet"
    days = pl.Series([date(2024, 1, 1), date(2024, 1, 2)]).cast(pl.Datetime("ns"))
    pl.DataFrame({"__index_level_0__": [0, 1], "born": days, "seen": days.dt.offset_by("1h"), "place": pl.Series(["a", "b"], dtype=pl.Categorical)}).write_parquet(out)
    contract, part = scaffolded(root, out.read_bytes(), "people.parquet")
    assert [c.kind for c in contract.columns] == ["integer", "date", "timestamp", "string"]
    assert contract.key == ("born",)
    assert rejected(root, contract, part) == []


def test_nothing_is_overwritten_and_a_dry_run_writes_nothing(root: Path) -> None:
    sample = root / "a.csv"
    sample.write_text("id,x\n1,2\n")
    shown = new("test.sample", "--sample", str(sample), "--dry-run")
    assert shown.exit_code == 0 and "id: test.sample" in shown.output and not contract_path(root, "test.sample").exists()
    assert new("test.sample", "--sample", str(sample)).exit_code == 0
    before = contract_path(root, "test.sample").read_text()
    again = new("test.sample", "--sample", str(sample))
    assert isinstance(again.exception, LakeError) and "is there already" in again.exception.message
    assert contract_path(root, "test.sample").read_text() == before


@pytest.mark.parametrize(("content", "message"), [(b"", "is empty"), (b"\x81\xff\xfe\x00\x80\x80", "the encoding of"), (b'{"a": 1}', "no array of objects"), (b"PK\x03\x04broken", "cannot be read"), (b"%PDF-1.7 ", "is a PDF document")])
def test_a_sample_that_cannot_be_read_is_one_clear_line(root: Path, content: bytes, message: str) -> None:
    (root / "bad.bin").write_bytes(content)
    done = new("test.sample", "--sample", str(root / "bad.bin"))
    assert isinstance(done.exception, LakeError) and message in done.exception.message


TEXTS = st.one_of(
    st.from_regex(r"[0-9]{1,6}", fullmatch=True), st.decimals(-1000, 1000, places=2).map(str), st.dates().map(str), st.sampled_from(["", "-", "无", "a", "东区", "=x", "1e5", "0012", "１２"]),
)  # fmt: skip


@given(columns=st.lists(st.lists(TEXTS, min_size=3, max_size=3), min_size=1, max_size=4))
def test_no_value_of_the_sample_is_lost_to_its_own_profile(columns: Sequence[Sequence[str]]) -> None:
    """What is not counted as empty becomes a value of the type that was found."""
    frame = pl.DataFrame({f"c{i}": pl.Series(list(values), dtype=pl.String) for i, values in enumerate(columns)})
    for column in profiled(frame).columns:
        sent = frame[column.header].str.strip_chars()
        kept = sent.filter(~sent.is_in(["", *column.null_values]))
        assert column.rows - column.nulls == len(kept)
        if column.kind == "integer":
            assert not kept.str.normalize("NFKC").cast(pl.Int64).has_nulls()
        if column.kind == "date":
            assert not kept.str.to_date(column.formats[0]).has_nulls()


@given(headers=st.lists(st.text(max_size=12), max_size=6))
def test_names_are_sound_and_differ(headers: list[str]) -> None:
    names = column_names(headers)
    assert len(set(names)) == len(headers)
    assert all(name[0].isalpha() and name.isascii() and name == name.lower() and name.replace("_", "a").isalnum() for name in names)
