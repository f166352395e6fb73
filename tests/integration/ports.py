"""Ports that nobody listens on, for stacks and servers of a test's own."""

from __future__ import annotations

import random
import socket
from contextlib import ExitStack

import psutil

from jobs.platform.settings import PORTS

BASES = range(12_000, 20_000, 50)  # with SeaweedFS's + 10000 still below the ports that the kernel gives to outgoing connections


def free_base() -> int:
    """A LAKE_PORT_BASE for another stack."""
    taken = {connection.laddr.port for connection in psutil.net_connections("inet") if connection.laddr}
    free = [base for base in BASES if not taken & {base + offset + more for offset in PORTS.values() for more in (0, 10_000)}]
    return random.choice(free)


def free_ports(number: int) -> list[int]:
    with ExitStack() as stack:
        return [stack.enter_context(socket.create_server(("127.0.0.1", 0))).getsockname()[1] for _ in range(number)]
