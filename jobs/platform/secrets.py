"""Credentials and tokens: from the environment first, then from this checkout's own random ones."""

from __future__ import annotations

import base64
import json
import os
import secrets
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

from jobs.platform.errors import LakeError
from jobs.platform.settings import Settings

ROLES = ("job", "analyst")


@dataclass(frozen=True)
class S3Credentials:
    access_key: str
    secret_key: str = field(repr=False)


def make_secrets(settings: Settings) -> None:
    """Write .lake/secrets.json (mode 0600) if it is not there. Only the embedded stack uses it."""
    path = secrets_path(settings)
    if path.exists():
        return
    made = {f"s3_{role}": {"access_key": f"{role}{secrets.token_hex(6)}", "secret_key": secrets.token_urlsafe(30)} for role in ROLES}
    texts = {name: secrets.token_urlsafe(32) for name in ("connect_job", "connect_analyst", "metastore_job", "metastore_analyst", "airflow_admin", "airflow_jwt")}
    jwt = {f"weed_jwt_{name}": secrets.token_urlsafe(32) for name in ("write", "read", "filer_write", "filer_read")}
    texts["airflow_fernet"] = base64.urlsafe_b64encode(secrets.token_bytes(32)).decode()
    texts["master_key"] = base64.b64encode(secrets.token_bytes(32)).decode()
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".partial")
    with os.fdopen(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as out:
        json.dump({**made, **texts, **jwt}, out)
    partial.rename(path)


def secret(settings: Settings, name: str) -> str:
    """A text of this checkout's secrets; LAKE_SECRET_<NAME> in the environment goes first."""
    return os.environ.get(f"LAKE_SECRET_{name.upper()}") or str(_stored(secrets_path(settings))[name])


def credentials(settings: Settings, role: str = "job") -> S3Credentials:
    """S3 credentials of a role. A process that was started for one role has them in its environment."""
    if os.environ.get("LAKE_ROLE") == role and os.environ.get("AWS_ACCESS_KEY_ID"):
        return S3Credentials(os.environ["AWS_ACCESS_KEY_ID"], os.environ["AWS_SECRET_ACCESS_KEY"])
    if settings.profile != "embedded" and (key := os.environ.get(f"LAKE_S3_{role.upper()}_KEY")):
        return S3Credentials(key, os.environ[f"LAKE_S3_{role.upper()}_SECRET"])
    stored = _stored(secrets_path(settings))[f"s3_{role}"]
    return S3Credentials(stored["access_key"], stored["secret_key"])


def connect_token(settings: Settings, role: str = "job") -> str:
    return secret(settings, f"connect_{role}")


def master_key(settings: Settings) -> bytes:
    """32 bytes that wrap the data key of every encrypted delivery."""
    return base64.b64decode(secret(settings, "master_key"))


def secrets_path(settings: Settings) -> Path:
    return settings.state / "secrets.json"


@lru_cache(maxsize=4)
def _stored(path: Path) -> dict[str, dict[str, str]]:
    if not path.exists():
        raise LakeError("this checkout has no secrets yet", "start the stack once: ./lake up")
    loaded: dict[str, dict[str, str]] = json.loads(path.read_text())
    return loaded
