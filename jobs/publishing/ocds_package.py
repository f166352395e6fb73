"""Contracting processes as an OCDS 1.1 release package: https://standard.open-contracting.org/1.1/en/schema/release_package/"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

PERSONAL = frozenset({"contactPoint", "contactPoints"})  # names, mails and telephones of officials and of people who bid


def package(releases: Iterable[str], uri: str, publisher: str, licence: str) -> bytes:
    """A package of compiled releases (JSON texts), in the order of their process. Its date is the newest of theirs: the same releases make the same bytes."""
    made = sorted((impersonal(json.loads(text)) for text in releases), key=lambda release: str(release.get("ocid")))
    newest = max((str(release["date"]) for release in made if release.get("date")), default="1970-01-01T00:00:00Z")
    document = {"uri": uri, "version": "1.1", "publishedDate": newest, "publisher": {"name": publisher}, "license": licence, "releases": made}
    return json.dumps(document, ensure_ascii=False, sort_keys=True).encode()


def impersonal(value: Any) -> Any:
    """Without whom to contact, at any depth."""
    if isinstance(value, dict):
        return {name: impersonal(item) for name, item in value.items() if name not in PERSONAL}
    return [impersonal(item) for item in value] if isinstance(value, list) else value
