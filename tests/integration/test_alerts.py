"""Alerts from the real ledger to a real SMTP server and a real HTTP receiver."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from jobs.alerts.channels import ChannelDown, send
from jobs.alerts.conditions import failed_step
from jobs.alerts.config import Alerts, Email, Webhook
from jobs.alerts.look import Looked, alerts_of, look, tell
from jobs.alerts.message import Message, trial
from jobs.ops.ledger import Ledger
from jobs.platform.settings import Settings
from tests.receivers import Hook, Mailbox, http_receiver, smtp_receiver

DEPARTMENT, DATASET = "test_alerts", "test_alerts.reading"
PASSWORD, TOKEN = "open sesame", "a token of the desk"
NOW = dt.datetime.now(dt.UTC).replace(microsecond=0)
QUOTED = "cannot cast '110101199003071234' of Li Ming"


@dataclass
class Desk:
    """A lake of one dataset, and who is told of it."""

    settings: Settings
    hook: Hook
    mailbox: Mailbox

    def ran(self, outcome: str, minute: float, job: str = "land") -> None:
        row = {"run": f"r{minute}", "job": job, "dataset": DATASET, "outcome": outcome, "message": QUOTED, "ended_at": NOW + dt.timedelta(minutes=minute)}
        Ledger(self.settings).merge("runs", [row])

    def look(self, minute: float, sending: Any = send) -> Looked:
        return look(self.settings, NOW + dt.timedelta(minutes=minute), sending)

    @property
    def heard(self) -> list[list[tuple[str, str]]]:
        """(kind, state) of each alert of each message that the receiver was sent."""
        return [[(alert["kind"], alert["state"]) for alert in body["alerts"]] for _, body in self.hook.received]

    @property
    def mailed(self) -> list[str]:
        return [str(mail["Subject"]).strip() for _, mail in self.mailbox.received]


def forget(settings: Settings) -> None:
    for name in ("runs", "alerts", "deliveries", "receipts"):
        Ledger(settings).table(name).delete(f"dataset = '{DATASET}'")


@pytest.fixture
def desk(settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    home = tmp_path / "conf" / "datasets" / DEPARTMENT
    home.mkdir(parents=True)
    text = (settings.root / "conf/datasets/water/station_reading.yaml").read_text()
    (home / "reading.yaml").write_text(text.replace("water", DEPARTMENT).replace("station_reading", "reading"))
    monkeypatch.setenv("LAKE_STATE", str(settings.state))
    monkeypatch.setenv("LAKE_SECRET_MAIL_PASSWORD", PASSWORD)
    monkeypatch.setenv("LAKE_SECRET_DESK_TOKEN", TOKEN)
    with http_receiver() as hook, smtp_receiver(tmp_path, "lake", PASSWORD) as mailbox:
        webhook = Webhook(kind="webhook", name="desk", departments=(DEPARTMENT,), url=hook.url, token_secret="desk_token")
        mail = Email(kind="email", name="mail", departments=(DEPARTMENT,), host="127.0.0.1", port=mailbox.port, authority=mailbox.authority, sender="lake@city.example",
                     to=("data@city.example", "water@city.example"), user="lake", password_secret="mail_password")  # fmt: skip
        made = settings.model_copy(update={"root": tmp_path, "alerts": Alerts(channels=(webhook, mail))})
        forget(made)
        yield Desk(made, hook, mailbox)
        forget(made)


def test_a_failure_is_told_once_to_each_channel_and_its_recovery_too(desk: Desk) -> None:
    desk.ran("failed", 0)
    assert (desk.look(1).told, desk.look(2).told) == (1, 0)
    desk.ran("failed", 3)
    assert desk.look(4).told == 0, "it was broken already"
    desk.ran("done", 5)
    assert (desk.look(6).told, desk.look(7).told) == (1, 0)
    assert desk.heard == [[("failed", "open")], [("failed", "recovered")]]
    assert desk.mailed == [f"[{desk.settings.city} lake] 1 open: {DATASET} land failed", f"[{desk.settings.city} lake] 1 recovered: {DATASET} is well again (land failed)"]
    tls, mail = desk.mailbox.received[0]
    assert (tls, mail["To"], mail["From"]) == (True, "data@city.example, water@city.example", "lake@city.example")
    assert f"./lake status {DATASET}" in mail.get_content()
    headers, _ = desk.hook.received[0]
    assert headers["Authorization"] == f"Bearer {TOKEN}"
    said = json.dumps(desk.hook.received) + "".join(mail.as_string() for _, mail in desk.mailbox.received)
    assert [word for word in ("Li Ming", "110101199003071234", "cast") if word in said] == []


def test_what_is_still_wrong_is_told_again_after_the_stated_time(desk: Desk) -> None:
    desk.ran("failed", 0)
    assert [desk.look(hours * 60).told for hours in (0.1, 23, 24.2, 25)] == [1, 0, 1, 0]


def test_several_troubles_are_one_message(desk: Desk) -> None:
    desk.ran("failed", 0)
    desk.ran("failed", 0, "conform")
    came = {"landed_at": NOW, "updated_at": NOW, "delivery": "2026-02/abc", "period": "2026-02", "name": "a.csv"}
    Ledger(desk.settings).merge("deliveries", [{"dataset": DATASET, "outcome": "landed", "rows": 100, "quarantined": 21} | came])
    Ledger(desk.settings).merge("receipts", [{"dataset": DATASET, "sha256": "abc", "delivered_at": NOW - dt.timedelta(days=60)} | {name: came[name] for name in ("delivery", "period", "name")}])
    desk.look(1)
    assert desk.heard == [[("failed", "open"), ("failed", "open"), ("rejected", "open"), ("stale", "open")]]
    assert "21.0% of the rows of a.csv of 2026-02 are rejected, tolerated are 20.0%" in desk.mailbox.received[0][1].get_content()


def test_a_channel_that_is_down_is_an_outcome_and_is_told_at_a_later_look(desk: Desk) -> None:
    desk.ran("failed", 0)
    desk.hook.answer = 503
    assert desk.look(1).down == {"desk": "channel desk took no message: it answered 503"}
    (alert,) = [a for a in alerts_of(Ledger(desk.settings)) if a.dataset == DATASET]
    assert (alert.told["desk"].state, alert.told["desk"].problem, alert.told["mail"].state) == ("", "channel desk took no message: it answered 503", "open")
    desk.hook.answer = 200
    assert (desk.look(2).down, desk.look(3).told) == ({}, 0)
    assert len(desk.mailed) == 1
    assert len({headers["Idempotency-Key"] for headers, _ in desk.hook.received}) == 1


class Killed(BaseException):
    """As a process ends that is killed: nothing after it runs."""


def test_who_is_killed_between_sending_and_noting_tells_once_more_and_no_oftener(desk: Desk) -> None:
    def sent_and_killed(*given: Any) -> None:
        send(*given)
        raise Killed

    desk.ran("failed", 0)
    with pytest.raises(Killed):
        desk.look(1, sent_and_killed)
    assert [desk.look(minute).told for minute in (2, 3)] == [1, 0]
    assert desk.heard == [[("failed", "open")]] * 2
    assert len({body["id"] for _, body in desk.hook.received}) == 1, "the receiver can tell that it is the same news"
    assert len(desk.mailed) == 1


def test_who_is_killed_before_sending_has_not_told_and_tells_at_the_next_look(desk: Desk) -> None:
    def killed(*given: Any) -> None:
        raise Killed

    desk.ran("failed", 0)
    with pytest.raises(Killed):
        desk.look(1, killed)
    assert desk.heard == []
    desk.look(2)
    assert (desk.heard, len(desk.mailed)) == ([[("failed", "open")]], 1)


def test_what_airflow_tells_is_the_alert_that_a_look_finds_too(desk: Desk) -> None:
    condition = failed_step(DATASET, "land", NOW)
    assert (tell(desk.settings, condition).told, tell(desk.settings, condition).told) == (1, 0)
    desk.look(1)
    assert [a.state for a in alerts_of(Ledger(desk.settings)) if a.dataset == DATASET] == ["open"], "the ledger has no row of it, and it is still wrong"
    desk.ran("done", 2)
    desk.look(3)
    assert desk.heard == [[("failed", "open")], [("failed", "recovered")]]


def test_a_failure_is_told_even_while_the_store_is_away(desk: Desk) -> None:
    away = desk.settings.model_copy(update={"storage": desk.settings.storage.model_copy(update={"endpoint": "http://127.0.0.1:9"})})
    assert tell(away, failed_step(DATASET, "land", NOW)).told == 1
    assert (desk.heard, len(desk.mailed)) == ([[("failed", "open")]], 1)


@pytest.mark.parametrize("change", [{"authority": None}, {"password_secret": "desk_token"}, {"port": 9}, {"security": "none"}], ids=["unknown certificate", "password", "nobody there", "no TLS"])
def test_mail_that_is_not_taken_says_so_without_a_secret(desk: Desk, change: dict[str, Any]) -> None:
    mail = desk.settings.alerts.channels[1].model_copy(update=change)
    with pytest.raises(ChannelDown, match="channel mail took no message") as caught:
        send(desk.settings, mail, trial("Demo City", "mail"))
    assert [word for word in (PASSWORD, TOKEN) if word in str(caught.value) + str(caught.value.way_out)] == []
    assert desk.mailed == []


def test_a_secret_that_is_not_there_is_named(desk: Desk) -> None:
    channel = Webhook(kind="webhook", name="chat", url_secret="no_such_secret")
    with pytest.raises(ChannelDown, match="channel chat needs the secret no_such_secret"):
        send(desk.settings, channel, Message("id", "subject", "text", ()))
