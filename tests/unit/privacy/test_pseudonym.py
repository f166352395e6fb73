"""Pseudonyms without Spark: one recipient's are stable, two recipients' have nothing in common."""

from __future__ import annotations

import pickle

import pyarrow as pa
import pytest

from jobs.platform.errors import LakeError
from jobs.platform.settings import load_settings
from jobs.privacy import pseudonym as module


def test_rfc_4231_case_2() -> None:
    assert module.pseudonym(b"Jefe", "what do ya want for nothing?") == "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"


def test_what_is_sent_to_workers_holds_no_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    secret = bytes(range(32))
    monkeypatch.setattr(module, "pseudonym_key", lambda *_: secret)
    task = module._replacing(load_settings(), "residents", 1, "k", None)
    (made,) = task([pa.RecordBatch.from_pydict({"k": ["a", None], "n": [1, 2]})])
    assert made.to_pydict() == {"k": [module.pseudonym(secret, "a"), None], "n": [1, 2]}
    carried = {name: cell.cell_contents for name, cell in zip(task.__code__.co_freevars, task.__closure__ or (), strict=True)}
    assert secret not in pickle.dumps(carried)


def test_the_old_column_is_kept_where_a_new_one_is_named() -> None:
    batch = pa.RecordBatch.from_pydict({"k": ["a"], "n": [1]})
    assert module._with(batch, "k", "p", pa.array(["x"])).to_pydict() == {"k": ["a"], "n": [1], "p": ["x"]}


@pytest.mark.parametrize("name", ["", "Residents", "a/b", "../x", "1a"])
def test_a_recipient_has_a_plain_name(name: str) -> None:
    with pytest.raises(LakeError):
        module._name(name, 1)
