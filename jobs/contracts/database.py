"""Faults of a contract that names a department's database."""

from __future__ import annotations

import re
from collections.abc import Iterator

from jobs.contracts.model import Contract

SECRET = re.compile(r"(?i)[?;&:,](user|username|uid|password|pwd)=|//[^/@]*:[^/@]*@")


def faults(contract: Contract) -> Iterator[tuple[str, str]]:
    """(option of `database`, what is wrong and what to write instead)."""
    base = contract.database
    if base is None:
        return
    if not base.url.startswith("jdbc:"):
        yield "url", f"{base.url.partition(':')[0]!r} is no JDBC address; it looks like jdbc:postgresql://host:5432/base"
    if SECRET.search(base.url):
        yield "url", "the address names a user or a password: those belong into the credentials' file on the Spark server, never into a contract"
    if (base.table is None) == (base.query is None):
        yield "table", "say either `table` or `query`"
    if contract.reader.format != "parquet":
        yield "url", f"what is extracted lands as Parquet: the server's format must be parquet, not {contract.reader.format}"
