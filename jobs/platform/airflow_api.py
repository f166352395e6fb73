"""Airflow's REST API: start a DAG run, look at it, wait for its end."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import httpx
from tenacity import Retrying, retry_if_exception_type, retry_if_result, stop_after_delay, wait_fixed

from jobs.platform.errors import LakeError
from jobs.platform.secrets import secret
from jobs.platform.settings import Settings

ENDED = ("success", "failed")  # states of a run
DAG_PATIENCE = 120  # seconds until Airflow has read a new DAG file


class NoDag(LakeError):
    """Airflow does not know the DAG (yet)."""


class Airflow:
    """Raises LakeError where Airflow does not answer or refuses."""

    def __init__(self, settings: Settings) -> None:
        self._base = f"http://127.0.0.1:{settings.port('airflow')}"
        self._client = httpx.Client(base_url=f"{self._base}/api/v2", timeout=20)
        try:
            answer = httpx.post(f"{self._base}/auth/token", json={"username": "admin", "password": secret(settings, "airflow_admin")}, timeout=20)
        except httpx.TransportError:
            raise LakeError(f"Airflow does not answer at {self._base}", "start it with ./lake up, or see .lake/logs/airflow-api.log") from None
        self._client.headers["Authorization"] = f"Bearer {_checked(answer)['access_token']}"

    def trigger(self, dag: str, conf: Mapping[str, Any]) -> str:
        """Start a run with these params; returns its id."""
        answer = self._client.post(f"/dags/{dag}/dagRuns", json={"logical_date": None, "conf": dict(conf)})
        if answer.status_code == 404:
            raise NoDag(f"Airflow has no DAG {dag!r} (yet)", "wait two minutes after adding a contract, then see ./lake check and .lake/logs/airflow-dags.log")
        return str(_checked(answer)["dag_run_id"])

    def triggered(self, dag: str, conf: Mapping[str, Any]) -> str:
        """As `trigger`, patient with a DAG that is new: Airflow reads new files every few seconds. Raises NoDag."""
        return Retrying(stop=stop_after_delay(DAG_PATIENCE), wait=wait_fixed(2), retry=retry_if_exception_type(NoDag), reraise=True)(self.trigger, dag, conf)

    def get(self, path: str) -> Any:
        """What stands at a path below /api/v2."""
        return _checked(self._client.get(path))

    def state(self, dag: str, run: str) -> str:
        return str(self.get(f"/dags/{dag}/dagRuns/{run}")["state"])

    def seconds(self, dag: str, run: str) -> float:
        """From the start of a run that has ended to its end."""
        return float(self.get(f"/dags/{dag}/dagRuns/{run}")["duration"])

    def tasks(self, dag: str, run: str) -> list[dict[str, Any]]:
        return list(self.get(f"/dags/{dag}/dagRuns/{run}/taskInstances")["task_instances"])

    def make_pool(self, name: str, slots: int, description: str) -> None:
        """A pool of so many slots; one that is there is left as an operator made it."""
        answer = self._client.post("/pools", json={"name": name, "slots": slots, "description": description})
        if answer.status_code != httpx.codes.CONFLICT:
            _checked(answer)

    def url(self, dag: str, run: str | None = None) -> str:
        """The page of a run; of all runs of the DAG for None."""
        return f"{self._base}/dags/{dag}/runs/{run}" if run else f"{self._base}/dags/{dag}"


def _checked(answer: httpx.Response) -> Any:
    if answer.is_error:
        raise LakeError(f"Airflow refused the request ({answer.status_code})", answer.text[:200])
    return answer.json()


def until_ended(state: Callable[[], str], patience: float) -> str:
    """Ask for a run's state each second until it is `success` or `failed`; returns that. Raises tenacity.RetryError after `patience` seconds."""
    return Retrying(retry=retry_if_result(lambda state: state not in ENDED), wait=wait_fixed(1), stop=stop_after_delay(patience))(state)
