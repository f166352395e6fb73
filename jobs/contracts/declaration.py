"""Files of conf/ that declare one thing each and bear its name: publications and shares."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from jobs.platform.errors import LakeError


class Declaration(BaseModel):
    """`name`: that of its file, without .yaml."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    name: str = Field(pattern=r"^[a-z][a-z0-9-]*$")


Declared = TypeVar("Declared", bound=Declaration)


def read_declaration(path: Path, model: type[Declared], how_to: str) -> Declared:
    """Raises LakeError naming the file and each thing that is wrong; `how_to`: where it is said how to mend it."""
    try:
        found = model.model_validate(YAML(typ="safe", pure=True).load(path.read_text(encoding="utf-8")))
    except (YAMLError, ValidationError) as problem:
        said = [f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in problem.errors()] if isinstance(problem, ValidationError) else [" ".join(str(problem).split())]
        raise LakeError(f"{path}: {'; '.join(said)}", how_to) from None
    if found.name != path.stem:
        raise LakeError(f"{path}: its name is {found.name!r}", f"name the file {found.name}.yaml")
    return found


def path_named(paths: Iterable[Path], kind: str, name: str) -> Path:
    """The file of that name. Raises LakeError naming those there are; `kind`: "share" of the files in conf/shares."""
    known = {path.stem: path for path in paths}
    if name not in known:
        raise LakeError(f"there is no {kind} {name!r}", f"there are {', '.join(known) or 'none'}; each is a file in conf/{kind}s")
    return known[name]
