"""What the lake uses and this checkout does not run: the parts that the profile says to be elsewhere."""

from __future__ import annotations

import re
import socket
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import urlparse

from jobs.platform.errors import LakeError
from jobs.platform.settings import Settings
from jobs.platform.spark import require_listening
from jobs.platform.store import require_store


@dataclass(frozen=True)
class External:
    """`require` raises LakeError where it does not answer."""

    name: str
    address: str
    require: Callable[[], None]


def externals(settings: Settings) -> list[External]:
    """In the order in which a job needs them."""
    found = []
    if settings.profile != "embedded":
        found.append(External("object store", settings.endpoint, lambda: require_store(settings)))
    if settings.metastore:
        found.append(_port("metastore", _place(settings.metastore), "LAKE_METASTORE_JDBC"))
    if settings.spark.master and settings.spark.master.startswith("spark://"):
        found.append(_port("Spark master", settings.spark.master, "LAKE_SPARK_MASTER"))
    for name, address in (("Spark Connect", settings.spark.connect), ("Spark Connect for analysts", settings.spark.connect_analyst)):
        if address:
            found.append(External(name, address, lambda address=address: require_listening(address)))  # type: ignore[misc]
    return found


def _place(jdbc: str) -> str:
    """Host and port of a JDBC URL, without what may stand behind them."""
    found = re.match(r"jdbc:\w+:(//[^/;?]+)", jdbc)
    if found is None:
        raise LakeError("the metastore's JDBC URL names no host", "it looks like jdbc:postgresql://host:5432/metastore; see LAKE_METASTORE_JDBC")
    return found[1]


def _port(name: str, address: str, variable: str) -> External:
    where = urlparse(address)

    def require() -> None:
        try:
            socket.create_connection((where.hostname or "", where.port or 0), timeout=3).close()
        except OSError:
            raise LakeError(f"the {name} does not answer at {where.hostname}:{where.port}", f"it is not run by this checkout: start it, or see {variable}") from None

    return External(name, f"{where.hostname}:{where.port}", require)
