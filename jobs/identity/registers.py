"""conf/linkage/registers.yaml as frozen values: which registers hold people, and which of their columns say who they are."""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from jobs.contracts.load import BrokenContract, Finding, contract_path, load_contract
from jobs.contracts.model import Contract
from jobs.platform.errors import LakeError

PATH = Path("conf") / "linkage" / "registers.yaml"
TOLD = ("name", "id", "born", "sex", "address", "community", "phone")  # what a record may tell of a person


class People(BaseModel):
    """The people of a row: SQL over the register's silver columns. `role`: tells the people of one row apart."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    role: str | None = None
    name: str
    id: str | None = None
    born: str | None = None
    sex: str | None = None
    address: str | None = None
    community: str | None = None
    phone: str | None = None


class Register(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")
    dataset: str
    people: tuple[People, ...]


class _Registers(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")
    registers: tuple[Register, ...]


def load_registers(root: Path) -> tuple[Register, ...]:
    """Raises LakeError with the place in the file and what to write instead."""
    path = root / PATH
    try:
        found = _Registers.model_validate(YAML(typ="safe").load(path.read_text(encoding="utf-8")))
    except (OSError, YAMLError, ValidationError) as problem:
        raise LakeError(f"{PATH} cannot be read: {_said(problem)}", "see docs/how-to/resolve-residents.md for what a register may say") from None
    for register in found.registers:
        contract_of(root, register)
    return found.registers


def findings(root: Path) -> list[Finding]:
    """What is wrong in the file, for ./lake check; a checkout without it has no registers."""
    if not (root / PATH).exists():
        return []
    try:
        load_registers(root)
    except LakeError as problem:
        return [Finding(str(root / PATH), 1, 1, f"{problem.message}: {problem.way_out}")]
    return []


def contract_of(root: Path, register: Register) -> Contract:
    """The register's contract. Raises LakeError where there is none, where it has no key, or where it lacks a column that is named."""
    try:
        contract = load_contract(contract_path(root, register.dataset))
    except (OSError, BrokenContract):
        raise LakeError(f"{PATH} names {register.dataset!r}, which has no sound contract", "mend its name, or its contract (./lake check)") from None
    names = {column.name for column in contract.columns}
    if not contract.key:
        raise LakeError(f"{PATH}: rows of {register.dataset} have no primary key, so that nothing could be said of one of them", "leave it out, or say in its contract which columns are the key")
    roles = [people.role for people in register.people]
    if len(set(roles)) < len(roles):
        raise LakeError(f"{PATH}: two people of a row of {register.dataset} have one role", "give each of them a `role` of its own")
    for people in register.people:
        for told in TOLD:
            said = getattr(people, told)
            if said is not None and said.isidentifier() and said not in names:
                raise LakeError(f"{PATH}: {register.dataset} has no column {said!r} for `{told}`", f"its columns are {', '.join(sorted(names))}; an expression of SQL is in quotes")
    return contract


def _said(problem: Exception) -> str:
    if isinstance(problem, ValidationError):
        first = problem.errors()[0]
        return f"{'.'.join(map(str, first['loc']))}: {first['msg']}"
    return str(problem).splitlines()[0]
