"""The ODCS JSON schema's judgement of a contract, in words a person can act on."""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterable, Iterator
from functools import lru_cache
from importlib.resources import files
from typing import Any

import jsonschema
import jsonschema_rs

from jobs.contracts.sense import Fault

CLOSED = ("additionalProperties", "unevaluatedProperties")
LOGICAL_TYPES = "string, integer, number, boolean, date, timestamp, object or array"


def schema() -> Any:
    """Of the `open-data-contract-standard` package; its pydantic model lets nested typos pass, the schema does not."""
    return json.loads(files("open_data_contract_standard").joinpath("schema.json").read_text(encoding="utf-8"))


@lru_cache(maxsize=1)
def validator() -> Any:
    found = schema()
    return jsonschema.validators.validator_for(found)(found)


@lru_cache(maxsize=1)
def _quick_validator() -> Any:
    """Two hundred times as fast, but its errors do not hold what the words below are made of."""
    return jsonschema_rs.validator_for(schema())


def faults(document: Any) -> list[Fault]:
    """What the schema says, misspelt keys first: where a key is misspelt, what else is said of the same place follows from it."""
    plain = json.loads(json.dumps(document, default=str))
    if _quick_validator().is_valid(plain):
        return []
    errors = [jsonschema.exceptions.best_match([error]) or error for error in validator().iter_errors(plain)]
    misspelt = [fault for error in errors for fault in _unknown_keys(error)]
    places = {fault.path[:-1] for fault in misspelt}
    others = [Fault(tuple(e.absolute_path), _words(e)) for e in errors if e.validator not in CLOSED and not _below(tuple(e.absolute_path), places)]
    return list(dict.fromkeys([*misspelt, *others]))


def _below(path: tuple[Any, ...], places: Iterable[tuple[Any, ...]]) -> bool:
    return any(path[: len(place)] == place for place in places)


def _unknown_keys(error: Any) -> Iterator[Fault]:
    if error.validator not in CLOSED or not isinstance(error.instance, dict):
        return
    allowed = _allowed(error.schema)
    for key in error.instance:
        if key not in allowed:
            yield Fault((*error.absolute_path, key), f"ODCS does not know {key!r} here{did_you_mean(key, allowed)}")


def _allowed(schema: Any) -> set[str]:
    """Keys the schema or any part of it names; `unevaluatedProperties` closes over all of them."""
    if not isinstance(schema, dict):
        return set()
    found = set(schema.get("properties", {}))
    if "$ref" in schema:
        found |= _referred(schema["$ref"])
    for part in [*schema.get("allOf", ()), *schema.get("anyOf", ()), *schema.get("oneOf", ()), *(schema.get(word) for word in ("if", "then", "else"))]:
        found |= _allowed(part)
    return found


@lru_cache(maxsize=256)
def _referred(reference: str) -> frozenset[str]:
    node = validator().schema
    for step in reference.removeprefix("#/").split("/"):
        node = node[step]
    return frozenset(_allowed(node))


def _words(error: Any) -> str:
    where = ".".join(map(str, error.absolute_path)) or "the document"
    if error.absolute_path and isinstance(error.instance, dict) and "properties" in error.absolute_path and "logicalType" not in error.instance:
        return f"{where} has no logicalType: one of {LOGICAL_TYPES}"
    if error.validator == "enum":
        return f"{where}: {error.instance!r} is not one of {', '.join(map(str, error.validator_value))}{did_you_mean(str(error.instance), map(str, error.validator_value))}"
    return f"{where}: {error.message[:200]}"


def did_you_mean(word: str, known: Iterable[str]) -> str:
    close = difflib.get_close_matches(word, list(known), n=1)
    return f" (did you mean {close[0]!r}?)" if close else ""
