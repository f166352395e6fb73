"""Changes of a contract's YAML: each where it belongs, every other line as it was, and the result a valid contract."""

from __future__ import annotations

import difflib
from pathlib import Path
from typing import Any

import pytest

from jobs.cli.drift import faults_of, follow, unified
from jobs.contracts.amend import AddCodes, AddColumn, AddSynonym, CannotAmend, Change, SetCustom, amended, said
from jobs.contracts.load import load_contract
from jobs.contracts.model import Column, Contract, ValueMap
from jobs.contracts.proposals import Proposals, proposed
from jobs.platform.errors import LakeError
from jobs.readers.drift import Event

ROOT = Path(__file__).parents[3]
FILES = sorted((ROOT / "conf" / "datasets").glob("*/*.yaml"))
HEAD = """apiVersion: v3.2.0
kind: DataContract
id: d.t
version: 1.0.0
status: active
domain: d
servers:
  - server: landing  # theirs
    type: s3
    location: s3://landing/d/t
    format: csv
schema:
  - name: t
    logicalType: object
    properties:
"""
TAIL = """team: {name: desk}
customProperties:
  - property: deliveryMode
    value: events
"""
BLOCK = """      - name: state   # what became of it
        physicalName: 状态
        logicalType: string
        enum:
          - value: 在业
        description: >
          long
          text

      # the day
      - name: day
        logicalType: date
        customProperties:
          - property: formats
            value: ['%Y-%m-%d']
"""
FLOW = """      - {name: state, physicalName: 状态, logicalType: string, enum: [{value: 在业}]}
      - {name: day, logicalType: date, customProperties: [{property: formats, value: ['%Y-%m-%d']}]}
"""
CHANGES: dict[str, tuple[Change, str, dict[str, Any]]] = {
    # change → the column it is about, what that column then has
    "a column": (AddColumn("note", "备注: \"x\"", "string", why="5 values"), "note", {"source": "备注: \"x\"", "kind": "string", "optional": True, "classification": "internal"}),
    "a decimal": (AddColumn("price", "价", "number", "decimal(9,2)"), "price", {"kind": "decimal", "precision": 9, "scale": 2}),
    "a date of a person": (AddColumn("born", "生日", "date", formats=("%d/%m/%Y",), personal="so"), "born", {"formats": ("%d/%m/%Y",), "classification": "personal"}),
    "a synonym": (AddSynonym("state", "企业状态"), "state", {"synonyms": ("企业状态",), "enum": ("在业",)}),
    "a synonym of a column without physicalName": (AddSynonym("day", "日"), "day", {"synonyms": ("日",), "formats": ("%Y-%m-%d",)}),
    "codes": (AddCodes("state", ("注销", "yes", "0")), "state", {"enum": ("在业", "注销", "yes", "0")}),
    "a map": (SetCustom("state", "valueMap", [{"pattern": "^开\\.业$", "value": "在业"}]), "state", {"value_map": (ValueMap("^开\\.业$", "在业"),)}),
    "optional": (SetCustom("state", "optional", True), "state", {"optional": True}),
    "more formats": (SetCustom("day", "formats", ["%Y-%m-%d", "%Y%m%d"]), "day", {"formats": ("%Y-%m-%d", "%Y%m%d")}),
    "another customProperty": (SetCustom("day", "optional", True), "day", {"optional": True, "formats": ("%Y-%m-%d",)}),
}  # fmt: skip


def loaded(tmp_path: Path, text: str) -> Contract:
    (tmp_path / "d").mkdir(exist_ok=True)
    path = tmp_path / "d" / "t.yaml"
    path.write_text(text, encoding="utf-8")
    return load_contract(path)


@pytest.mark.parametrize("form", [BLOCK, FLOW], ids=["block", "flow"])
@pytest.mark.parametrize("case", CHANGES)
def test_a_change_stands_where_it_belongs_and_leaves_the_rest(tmp_path: Path, case: str, form: str) -> None:
    change, name, expected = CHANGES[case]
    before = HEAD + form + TAIL
    after = amended(before, [change])
    old, new = loaded(tmp_path, before), loaded(tmp_path, after)
    column = new.column(name)
    assert {field: getattr(column, field) for field in expected} == expected
    assert {c.name: c for c in new.columns if c.name != name} == {c.name: c for c in old.columns if c.name != name}
    removed = [line for line in difflib.ndiff(before.splitlines(), after.splitlines()) if line.startswith("- ")]
    assert len(removed) <= (1 if form == FLOW or "['" in "".join(removed) else 0)


def test_changes_follow_each_other(tmp_path: Path) -> None:
    changes: list[Change] = [change for change, _, _ in CHANGES.values()]
    changes += [AddSynonym("state", "第二"), SetCustom("state", "valueMap", [{"pattern": "^q$", "value": None}]), SetCustom("state", "optional", False)]
    contract = loaded(tmp_path, amended(HEAD + BLOCK + TAIL, changes))
    state = contract.column("state")
    assert [c.name for c in contract.columns] == ["state", "day", "note", "price", "born"]
    assert (state.synonyms, len(state.value_map), state.optional) == (("企业状态", "第二"), 2, False)


def test_a_file_that_ends_with_its_columns(tmp_path: Path) -> None:
    text = HEAD.replace("schema:", TAIL + "schema:") + BLOCK.rstrip("\n")
    assert loaded(tmp_path, amended(text, [AddColumn("x", "x", "integer")])).column("x").kind == "integer"


@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}.{path.stem}")
def test_every_contract_there_is_can_be_followed(path: Path) -> None:
    text, contract = path.read_text(encoding="utf-8"), load_contract(path)
    first = contract.columns[0].name
    placed = contract.reader.format == "fixedWidth"  # a column whose place nobody stated is never found in such a dump
    added = [] if placed else [AddColumn("added_by_drift", "新", "string")]
    after = amended(text, [*added, AddSynonym(first, "又名"), SetCustom(first, "nullValues", ["—"])])
    assert faults_of(after, path, ROOT) == []
    assert [line for line in difflib.ndiff(text.splitlines(), after.splitlines()) if line.startswith("- ")] == []


@pytest.mark.parametrize("text", [HEAD.replace("properties:\n", "properties: [{name: a, logicalType: string}]\n"), HEAD.replace("properties:\n", "properties: []\n")])
def test_what_is_not_written_line_by_line_is_left_to_a_person(text: str) -> None:
    with pytest.raises(CannotAmend):
        amended(text, [AddColumn("x", "x", "string")])


def test_a_change_that_breaks_the_contract_is_found_before_it_is_written() -> None:
    path = FILES[0]
    twice = AddColumn(load_contract(path).columns[0].name, "x", "string")
    assert any("there twice" in fault for fault in faults_of(amended(path.read_text(encoding="utf-8"), [twice]), path, ROOT))


def test_a_patch_is_one_that_git_takes() -> None:
    assert unified("a\nb", "a\nb\nc\n", Path("conf/x.yaml")).splitlines() == [
        "--- a/conf/x.yaml", "+++ b/conf/x.yaml", "@@ -1,2 +1,3 @@", " a", "-b", "\\ No newline at end of file", "+b", "+c",
    ]  # fmt: skip


SAID = {"plain": "plain", "no": '"no"', "1": '"1"', "a: b": '"a: b"', "\x7f": '"\\u007f"', "汉": '"汉"', "": '""'}


@pytest.mark.parametrize("value", SAID)
def test_a_text_stays_a_text(value: str) -> None:
    assert said(value) == SAID[value]


NUMBER = {"logicalType": "number", "physicalType": "decimal(9,2)", "formats": [], "personal": None}
DAY = {"logicalType": "date", "physicalType": None, "formats": ["%d/%m/%Y"], "personal": None}
STATE = Column("state", "状态", "string", enum=("在业", "注销"))
PROPOSALS: dict[str, tuple[Event, dict[str, Any], list[str], int]] = {
    # event, what a person decided → changes, questions left
    "a new column": (Event("new_column", header="单价", policy="evolve", detail={"type": NUMBER}), {}, ["new column dan_jia from '单价'"], 0),
    "a new column that is left out": (Event("new_column", header="单价", policy="discard_value"), {}, [], 0),
    "left out, but wanted": (Event("new_column", header="单价", policy="discard_value"), {"new": ["单价"]}, ["new column dan_jia from '单价'"], 0),
    "a name that is taken": (Event("new_column", header="State", policy="freeze"), {}, ["new column state_2 from 'State'"], 0),
    "a near miss": (Event("new_column", header="状 态", policy="freeze", suggestion="state"), {}, [], 1),
    "a near miss that is it": (Event("new_column", header="状 态", policy="freeze", suggestion="state"), {"same": ["状 态"]}, ["'状 态' is a synonym of state"], 0),
    "a near miss that is not": (Event("new_column", header="状 态", policy="freeze", suggestion="state"), {"new": ["状 态"]}, ["new column zhuang_tai from '状 态'"], 0),
    "a header that is known by now": (Event("new_column", header="状态", policy="freeze"), {}, [], 0),
    "missing": (Event("missing_column", "state", policy="evolve"), {}, ["state: optional true"], 0),
    "missing, frozen": (Event("missing_column", "state", policy="freeze"), {}, [], 0),
    "missing, renamed": (Event("missing_column", "state", policy="evolve", suggestion="状 态"), {"same": ["状 态"]}, [], 0),
    "missing, perhaps renamed": (Event("missing_column", "state", policy="evolve", suggestion="状 态"), {}, [], 0),
    "missing, what resembles it is another": (Event("missing_column", "state", policy="evolve", suggestion="状 态"), {"new": ["状 态"]}, ["state: optional true"], 0),
    "another format": (Event("retyped_column", "day", "日", "evolve", detail={"type": DAY}), {}, ['day: formats ["%Y-%m-%d", "%d/%m/%Y"]'], 0),
    "another type": (Event("retyped_column", "day", "日", "evolve", detail={"type": NUMBER}), {}, ["new column day_number from '日'"], 0),
    "another type, discarded": (Event("retyped_column", "day", "日", "discard_row", detail={"type": NUMBER}), {}, [], 0),
    "other codes": (
        Event("code_list", "state", "状态", detail={"codes": {"在业.": 3, "吊销": 1, "注销": 1}, "map": {"在业.": "在业"}}), {},
        ['state: valueMap [{pattern: "^在业\\\\.$", value: "在业"}]', "state takes '吊销'"], 0,
    ),
    "codes of a person": (Event("code_list", "state", "状态", detail={"distinct": 3}), {}, [], 0),
    "a column that is gone": (Event("code_list", "gone", "x", detail={"codes": {"a": 1}}), {}, [], 0),
}  # fmt: skip


@pytest.mark.parametrize("case", PROPOSALS)
def test_what_is_proposed(case: str) -> None:
    event, decided, expected, left = PROPOSALS[case]
    contract = Contract("d", "t", "d.t", "1", "t", "", "", "events", "d/t", ".*", None, (STATE, Column("day", "日", "date")))  # type: ignore[arg-type]
    found = proposed(contract, [event], **decided)
    assert ([str(change) for change in found.changes], len(found.undecided)) == (expected, left)


def written(tmp_path: Path) -> Path:
    path = tmp_path / "conf" / "datasets" / "d" / "t.yaml"
    path.parent.mkdir(parents=True)
    path.write_text(HEAD + BLOCK + TAIL, encoding="utf-8")
    return path


def test_a_patch_is_shown_and_written_only_when_asked(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = written(tmp_path)
    found = Proposals((AddColumn("note", "备注", "string"), AddSynonym("state", "企业状态")), ("is 'x' the column day?",))
    follow(path, tmp_path, found, write=False)
    assert path.read_text(encoding="utf-8") == HEAD + BLOCK + TAIL
    shown = capsys.readouterr().out
    wanted = ("+++ b/conf/datasets/d/t.yaml", '+        physicalName: "备注"', '+          - synonym: "企业状态"', "decide: is 'x' the column day?")
    assert [line for line in wanted if line not in shown] == []
    follow(path, tmp_path, found, write=True)
    assert load_contract(path).column("note").source == "备注"


def test_a_contract_that_would_be_broken_is_not_written(tmp_path: Path) -> None:
    path = written(tmp_path)
    with pytest.raises(LakeError, match="left as it is"):
        follow(path, tmp_path, Proposals((SetCustom("day", "formats", ["%H:%M"]),), ()), write=True)
    assert path.read_text(encoding="utf-8") == HEAD + BLOCK + TAIL
