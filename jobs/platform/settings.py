"""conf/lake.yaml as one frozen value."""

from __future__ import annotations

import os
import re
from functools import cached_property
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict
from ruamel.yaml import YAML

from jobs.alerts.config import Alerts
from jobs.platform.errors import LakeError

ZONES = ("landing", "raw", "bronze", "silver", "curated", "ops", "docs", "open", "shares", "keys", "warehouse")
DATABASES = ("bronze", "quarantine", "silver", "curated", "ops")
# offset from the port base; SeaweedFS adds 10000 of its own for gRPC
PORTS = {"s3": 0, "master": 1, "volume": 2, "filer": 3, "admin": 4, "store_log": 5, "metastore": 10, "connect": 11, "connect_analyst": 12, "airflow": 20, "airflow_log": 21, "triggerer_log": 22, "docs": 30}


class Storage(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")
    endpoint: str | None
    region: str


class Spark(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")
    connect: str | None
    connect_analyst: str | None = None
    master: str | None
    memory: str
    conf: dict[str, str] = {}  # further properties of the job server, for a cluster's own needs


class Settings(BaseModel):
    """Where everything is. `root`: the checkout."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    root: Path
    profile: str
    city: str
    bucket_pattern: str
    time_zone: str
    batch_schedule: str | None
    batch_groups: int
    builds_pool: str = "default_pool"
    storage: Storage
    spark: Spark
    metastore: str | None
    port_base: int
    single_writer: bool = False
    node_copies_gib: int = 4
    open_address: str | None = None
    alerts: Alerts = Alerts()

    @cached_property
    def state(self) -> Path:
        """Everything this checkout makes at run time; ignored by git."""
        return Path(os.environ.get("LAKE_STATE", self.root / ".lake"))

    @property
    def endpoint(self) -> str:
        """The store's address. Raises LakeError where an external store is not named."""
        if self.storage.endpoint is None and self.profile != "embedded":
            raise LakeError(f"profile {self.profile} does not say where the object store is", "set LAKE_S3_ENDPOINT; for AWS it is https://s3.<region>.amazonaws.com")
        return self.storage.endpoint or f"http://127.0.0.1:{self.port('s3')}"

    def port(self, name: str) -> int:
        return self.port_base + PORTS[name]

    def bucket(self, zone: str) -> str:
        if zone not in ZONES:
            raise LakeError(f"there is no zone {zone!r}", f"zones are {', '.join(ZONES)}")
        return self.bucket_pattern.format(zone=zone)

    def public_address(self, key: str = "") -> str:
        """Where the public reads the bucket `open`."""
        base = self.open_address or f"{self.endpoint}/{self.bucket('open')}"
        return f"{base.rstrip('/')}/{key}"

    def uri(self, zone: str, *parts: str, scheme: str = "s3") -> str:
        """`s3://bucket/parts…` for delta-rs; `scheme="s3a"` for Spark."""
        return "/".join([f"{scheme}://{self.bucket(zone)}", *parts])


def load_settings(root: Path | None = None, profile: str | None = None) -> Settings:
    """Read conf/lake.yaml. The checkout is LAKE_ROOT or the one this file lies in; the profile LAKE_PROFILE or `embedded`."""
    root = Path(root or os.environ.get("LAKE_ROOT") or Path(__file__).resolve().parents[2])
    yaml = YAML(typ="safe", pure=True)  # libyaml takes no address such as http://… inside braces
    document = yaml.load((root / "conf" / "lake.yaml").read_text(encoding="utf-8"))
    profiles = document.pop("profiles")
    name = profile or os.environ.get("LAKE_PROFILE", "embedded")
    if name not in profiles:
        raise LakeError(f"conf/lake.yaml has no profile {name!r}", f"profiles are {', '.join(profiles)}; see LAKE_PROFILE")
    chosen = _filled(profiles[name])
    document["alerts"] = _filled(document.get("alerts") or {})
    chosen["port_base"] = int(os.environ.get("LAKE_PORT_BASE", chosen["port_base"]))
    return Settings(root=root, profile=name, **document, **chosen)


def _filled(value: Any) -> Any:
    """`${NAME:-default}` from the environment; an empty text is None."""
    if isinstance(value, dict):
        return {key: _filled(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_filled(item) for item in value]
    if isinstance(value, str) and "${" in value:
        return re.sub(r"\$\{(\w+)(?::-([^}]*))?\}", lambda m: os.environ.get(m[1]) or m[2] or "", value) or None
    return value
