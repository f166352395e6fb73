"""What a share declares, what the gate refuses, how it stands after what was asked and decided."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from jobs.contracts.load import contract_path, load_contract
from jobs.contracts.model import Contract
from jobs.platform.errors import LakeError
from jobs.sharing.events import APPROVED, CHANGED, DECLINED, EXPIRED, GRANTED, NEW_KEY, OPEN, REFUSED, REQUESTED, REVOKED, Event, Wanted, excess, standing, widest
from jobs.sharing.filters import as_checked, problem_of
from jobs.sharing.share import Aggregate, Share, gate, lint, load_share, share_paths

ROOT = Path(__file__).resolve().parents[3]
DAY = dt.date(2026, 6, 1)


@pytest.fixture
def roster() -> Share:
    return load_share(ROOT / "conf" / "shares" / "support-roster-for-audit.yaml")


@pytest.fixture
def contract(roster: Share) -> Contract:
    return load_contract(contract_path(ROOT, roster.source))


def with_(share: Share, **changes: Any) -> Share:
    return share.model_copy(update=changes)


def test_what_the_project_shares_may_be_given() -> None:
    assert share_paths(ROOT) and lint(ROOT) == []


def test_a_column_about_a_person_is_a_pseudonym_or_named_twice(roster: Share, contract: Contract) -> None:
    assert gate(with_(roster, pseudonyms=()), contract) == ["'resident_id' is personal: it goes out as a pseudonym, or `in_clear` names it"]
    assert gate(with_(roster, pseudonyms=(), in_clear=("resident_id",)), contract) == []
    assert gate(with_(roster, columns=("district", "nothing"), pseudonyms=()), contract) == ["civil_affairs.low_income_roster has no column 'nothing'"]
    assert gate(with_(roster, in_clear=("resident_id",)), contract) == ["'resident_id' cannot go out in clear and as a pseudonym"]
    assert gate(with_(roster, pseudonyms=("resident_id", "persons")), contract) == ["'persons' is integer; a pseudonym is made of a text"]
    assert gate(with_(roster, provider="Health bureau"), contract) == ["civil_affairs.low_income_roster is of Civil affairs bureau, not of Health bureau"]
    assert gate(with_(roster, partition="resident_id"), contract) == ["files cannot be cut by 'resident_id': it does not go out as it is"]


def test_a_researcher_gets_counts_by_nothing_personal(roster: Share, contract: Contract) -> None:
    assert "a researcher gets counts only: say `aggregate`" in gate(with_(roster, recipient_kind="researcher"), contract)
    counts = with_(roster, recipient_kind="researcher", columns=("district", "name"), pseudonyms=(), aggregate=Aggregate(dimensions=("district", "name")))
    assert gate(counts, contract) == ["'name' is personal: counts are not told by it"]
    assert gate(with_(counts, columns=("district",), aggregate=Aggregate(dimensions=("district",)), formats=("csv",)), contract) == ["parquet is not among the formats: the next extract is compared with it"]


@pytest.mark.parametrize("text", ["monthly_amount > 0", "district IN ('a', 'b') AND NOT category IS NULL", "granted_on BETWEEN DATE'2024-01-01' AND '2025-01-01'", "category LIKE 'urban%' OR persons = -1"])
def test_a_filter_compares_columns_with_values(text: str, contract: Contract) -> None:
    assert problem_of(text, {c.name for c in contract.columns}) == ""
    assert problem_of(as_checked(text), {c.name for c in contract.columns}) == ""


@pytest.mark.parametrize(
    "text",
    [
        "district IN (SELECT district FROM silver.x)", "EXISTS (SELECT 1)", "reflect('java.lang.System', 'getenv', 'AWS_SECRET_ACCESS_KEY') = 'x'", "silver.x.district = 'a'", "persons", "1", "nothing = 1",
        "1 = 1; DROP TABLE x", "district = (SELECT 1)", "sleep(1)", "",
    ],
)  # fmt: skip
def test_a_filter_looks_nowhere_else(text: str, contract: Contract) -> None:
    assert problem_of(text, {c.name for c in contract.columns})


def test_a_request_may_narrow_and_never_widen(roster: Share) -> None:
    assert excess(roster, widest(roster)) == []
    assert excess(roster, Wanted(("district",), "persons > 2", DAY)) == []
    assert excess(roster, Wanted(("name",), None, DAY)) == ["'name' is not offered"]
    assert excess(roster, Wanted((), None, DAY)) == ["it asks for no column"]
    assert excess(roster, Wanted(("district",), None, dt.date(2099, 1, 1))) == ["it goes on until 2099-01-01, the share ends on 2027-12-31"]
    assert "'resident_id'" in excess(roster, Wanted(("district",), "resident_id = '1'", DAY))[0]
    counts = load_share(ROOT / "conf" / "shares" / "support-counts-for-research.yaml")
    assert len(excess(counts, Wanted(("district",), "category = 'x'", DAY))) == 2


def past(share: Share, *actions: str, terms: str = "", until: dt.date = dt.date(2027, 1, 1)) -> list[Event]:
    start = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
    return [Event(share.name, str(i), action, "0", "Bo", "why", start + dt.timedelta(hours=i), terms or share.terms, Wanted(share.columns, None, until)) for i, action in enumerate(actions)]


@pytest.mark.parametrize(
    ("actions", "state"),
    [
        ((), OPEN), ((REFUSED,), OPEN), ((REQUESTED,), REQUESTED), ((REQUESTED, DECLINED), DECLINED), ((REQUESTED, APPROVED), GRANTED), ((REQUESTED, APPROVED, NEW_KEY, REFUSED), GRANTED),
        ((REQUESTED, APPROVED, REVOKED), REVOKED), ((REQUESTED, REVOKED), REVOKED), ((REQUESTED, APPROVED, REVOKED, REQUESTED), REQUESTED), ((REQUESTED, APPROVED, REVOKED, REQUESTED, APPROVED), GRANTED),
        ((REQUESTED, APPROVED, REQUESTED), GRANTED),  # what is granted stays until the new request is decided
    ],
)  # fmt: skip
def test_how_a_share_stands(roster: Share, actions: tuple[str, ...], state: str) -> None:
    assert standing(roster, past(roster, *actions), DAY).state == state


def test_an_approval_ends_with_its_last_day_or_with_other_terms(roster: Share) -> None:
    assert standing(roster, past(roster, REQUESTED, APPROVED, until=DAY), DAY).state == GRANTED
    assert standing(roster, past(roster, REQUESTED, APPROVED, until=DAY), DAY + dt.timedelta(days=1)).state == EXPIRED
    assert standing(roster, past(roster, REQUESTED, APPROVED, terms="other"), DAY).state == CHANGED
    for changes in ({"columns": (*roster.columns, "community")}, {"where": None}, {"expires_on": dt.date(2030, 1, 1)}, {"pseudonyms": ()}, {"purpose": "something else"}):
        assert with_(roster, **changes).terms != roster.terms
    assert with_(roster, contact="mailto:other@example.org").terms == roster.terms


def test_a_broken_file_says_what_is_wrong(tmp_path: Path) -> None:
    path = tmp_path / "x.yaml"
    path.write_text("name: x\nsource: a.b\ncolums: [a]\n", encoding="utf-8")
    with pytest.raises(LakeError) as problem:
        load_share(path)
    assert all(said in problem.value.message for said in ("x.yaml", "colums", "legal_basis", "expires_on"))


def test_two_tables_of_counts_of_the_same_rows_are_found(tmp_path: Path) -> None:
    """Differencing: what one leaves out the other may tell."""
    (tmp_path / "conf").mkdir()
    for folder in ("datasets", "shares"):
        (tmp_path / "conf" / folder).symlink_to(ROOT / "conf" / folder) if folder == "datasets" else (tmp_path / "conf" / folder).mkdir()
    text = (ROOT / "conf" / "shares" / "support-counts-for-research.yaml").read_text(encoding="utf-8")
    for name in ("a", "b"):
        (tmp_path / "conf" / "shares" / f"{name}.yaml").write_text(text.replace("support-counts-for-research", name), encoding="utf-8")
    [found] = lint(tmp_path)
    assert found.path.endswith("b.yaml") and "two tables of the same rows" in found.message
    assert replace(found, line=1) == found
