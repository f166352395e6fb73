"""What recipients get: only what was approved, as their own S3 user reads it from the store; and nothing once it is expired, revoked or asked for too widely."""

from __future__ import annotations

import datetime as dt
import io
import json
import shutil
import time
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import boto3
import polars as pl
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from pyspark.sql import SparkSession
from pyspark.sql import functions as F
from ruamel.yaml import YAML

from jobs import share as sharing
from jobs.contracts.load import contract_path, load_contract
from jobs.ops.ledger import Ledger
from jobs.platform.errors import LakeError
from jobs.platform.secrets import S3Credentials
from jobs.platform.settings import Settings
from jobs.platform.store import emptied, keys
from jobs.privacy.pseudonym import pseudonym, pseudonym_key
from jobs.sharing import access, pseudonyms
from jobs.sharing.events import ask, decide, revoke, widest
from jobs.sharing.history import collect, happened
from jobs.sharing.share import Share, load_share
from jobs.tables import silver

pytestmark = pytest.mark.timeout(900)
SUFFIX = uuid.uuid4().hex[:8]
DATASET = f"civil_affairs.roster{SUFFIX}"
PEOPLE = [(f"33010219{50 + n % 50}010{n % 10}{n:04d}", f"name {n}", ["urban", "rural"][n % 2], f"d{n % 3}", f"c{n % 7}", 1 + n % 4, 100 * (n % 5), "2025-01-01") for n in range(120)]
Maker = Callable[..., Share]


@pytest.fixture(scope="module")
def own(settings: Settings, spark: SparkSession, store: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    """A checkout with a dataset of its own, on the same store; its silver table is filled."""
    root = tmp_path_factory.mktemp("sharing")
    shutil.copytree(settings.root / "conf", root / "conf")
    (root / ".lake").symlink_to(settings.state)
    mine = settings.model_copy(update={"root": root})
    document = YAML(typ="safe", pure=True).load(contract_path(settings.root, "civil_affairs.low_income_roster").read_text(encoding="utf-8"))
    document["schema"][0]["name"] = f"roster{SUFFIX}"
    YAML().dump(document | {"id": DATASET}, contract_path(root, DATASET))
    fill(spark, mine, PEOPLE)
    yield mine
    spark.sql(f"DROP TABLE IF EXISTS silver.civil_affairs__roster{SUFFIX}")
    emptied(mine, "silver", f"civil_affairs__roster{SUFFIX}/")


def fill(spark: SparkSession, own: Settings, people: list[tuple[Any, ...]]) -> None:
    """The roster, with one row of a person who is no longer on it."""
    contract = load_contract(contract_path(own.root, DATASET))
    names = [c.name for c in contract.columns]
    frame = spark.createDataFrame([tuple(map(str, row)) for row in [*people, ("330102196001010000", "gone", "urban", "d0", "c0", 1, 100, "2020-01-01")]], ", ".join(f"{name} string" for name in names))
    for name, (kind, _) in silver.columns(contract).items():
        if name not in names:
            frame = frame.withColumn(name, F.col("name") != "gone" if name == "_is_current" else F.lit(None).cast(kind))
    silver.replace(spark, own, contract, frame, uuid.uuid4().hex)


@pytest.fixture
def made(own: Settings, store: Any) -> Iterator[Maker]:
    """Declares a share of the roster under a recipient of its own."""
    names: list[str] = []

    def declare(**said: Any) -> Share:
        name = f"share{SUFFIX}-{len(names)}{uuid.uuid4().hex[:4]}"
        names.append(name)
        document = {
            "name": name, "title": {"en": name, "zh": name}, "source": DATASET, "provider": "Civil affairs bureau", "recipient": f"office_{name}".replace("-", "_"), "contact": "mailto:a@example.org", "purpose": "A test of sharing.",
            "legal_basis": "a law", "columns": ["resident_id", "district", "monthly_amount"], "pseudonyms": ["resident_id"], "where": "monthly_amount > 0", "expires_on": "2099-12-31", "approver": "Ann",
        }  # fmt: skip
        return declared(own, {key: value for key, value in (document | said).items() if value is not None})

    yield declare
    for name in names:
        (own.root / "conf" / "shares" / f"{name}.yaml").unlink()
    sharing.settle(own)
    ledger = Ledger(own)
    for table in ("share_events", "share_receipts", "share_access", "runs"):
        for name in names:
            ledger.table(table).delete(f"dataset = '{name}'")


def declared(own: Settings, document: dict[str, Any]) -> Share:
    path = own.root / "conf" / "shares" / f"{document['name']}.yaml"
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(document, default=str), encoding="utf-8")  # JSON is YAML
    return load_share(path)


def grant(own: Settings, share: Share, **wanted: Any) -> None:
    ask(Ledger(own), share, widest(share) if not wanted else type(widest(share))(**(vars(widest(share)) | wanted)), "Bo", "the audit plan")
    decide(Ledger(own), share, "Ann", "article 36", approve=True)
    sharing.settle(own)


def secret_of(own: Settings, share: Share) -> bytes:
    """Of its pseudonyms."""
    return pseudonym_key(own, pseudonyms.OUTSIDE + share.recipient, version=1)


def told_by_the_store(own: Settings, share: Share, key: str, user: str = "") -> dict[str, Any]:
    """The request for a file, as it is in ops.share_access; the store tells a moment later."""
    for _ in range(40):
        collect(Ledger(own))
        found = [row for row in Ledger(own).rows("share_access", dataset=share.name) if row["key"] == key and (not user or row["user"] == user)]
        if found:
            return found[0]
        time.sleep(0.5)
    raise AssertionError(f"the store told nothing of {key}")


class Recipient:
    """Reads as the recipient does: with its own S3 key, from the store."""

    def __init__(self, own: Settings, share: Share, who: S3Credentials | None = None) -> None:
        who = who or access.key_of(own, share.recipient)
        self.who, self.bucket, self.folder = who, own.bucket("shares"), share.folder
        config = Config(s3={"addressing_style": "path"}, retries={"max_attempts": 1})
        self.s3 = boto3.client("s3", endpoint_url=own.endpoint, region_name="us-east-1", aws_access_key_id=who.access_key, aws_secret_access_key=who.secret_key, config=config)

    def files(self, folder: str = "") -> list[str]:
        """Raises PermissionError where the store refuses."""
        return [item["Key"] for item in self._asked(lambda: self.s3.list_objects_v2(Bucket=self.bucket, Prefix=f"{folder or self.folder}/")).get("Contents", [])]

    def read(self, key: str) -> bytes:
        return bytes(self._asked(lambda: self.s3.get_object(Bucket=self.bucket, Key=key))["Body"].read())

    def rows(self) -> pl.DataFrame:
        return pl.concat([pl.read_parquet(io.BytesIO(self.read(key))) for key in self.files() if key.endswith(".parquet")])

    @staticmethod
    def _asked(call: Callable[[], Any]) -> Any:
        try:
            return call()
        except ClientError as problem:
            raise PermissionError(problem.response["Error"]["Code"]) from None


def delivered(spark: SparkSession, own: Settings, share: Share, **wanted: Any) -> tuple[Recipient, str]:
    """Granted and given: the recipient, and one of its files."""
    grant(own, share, **wanted)
    sharing.run(spark, own, share)
    recipient = Recipient(own, share)
    return recipient, recipient.files()[0]


def refused(recipient: Recipient, key: str) -> bool:
    """The store neither lists the folder nor gives the file."""
    for call in (lambda: recipient.files(), lambda: recipient.read(key)):
        with pytest.raises(PermissionError, match="AccessDenied|InvalidAccessKeyId"):
            call()
    return True


def test_a_recipient_reads_what_was_approved_under_its_own_pseudonyms_and_no_other_may(spark: SparkSession, own: Settings, made: Maker, store: Any) -> None:
    share, other = made(), made()
    assert "nobody has asked" in sharing.run(spark, own, share).waits_for
    ask(Ledger(own), share, widest(share), "Bo", "the audit plan")
    assert "Ann has to decide" in sharing.run(spark, own, share).waits_for
    decide(Ledger(own), share, "Ann", "article 36", approve=True)
    grant(own, other)
    made_of = [sharing.run(spark, own, each) for each in (share, other)]
    due = [row for row in PEOPLE if row[6] > 0]
    assert [(each.version, each.rows, each.changed) for each in made_of] == [(1, len(due), True)] * 2

    mine, theirs = Recipient(own, share), Recipient(own, other)
    rows, others = mine.rows(), theirs.rows()
    assert rows.columns == ["resident_id", "district", "monthly_amount"] and sorted(rows["monthly_amount"].cast(int)) == sorted(row[6] for row in due)
    secret = secret_of(own, share)
    assert set(rows["resident_id"]) == {pseudonym(secret, row[0]) for row in due}
    assert not set(rows["resident_id"]) & set(others["resident_id"])
    receipt = json.loads(mine.read(f"{share.folder}/receipt.json"))
    assert (receipt["rows"], receipt["pseudonyms"], receipt["legal_basis"]) == (len(due), ["resident_id"], "a law")
    assert share.name in {each["name"] for each in json.loads(mine.read(access.CATALOGUE))["shares"]}

    foreign = theirs.files()[0]
    with pytest.raises(PermissionError):
        mine.read(foreign)
    with pytest.raises(PermissionError):
        mine.files(other.folder)
    with pytest.raises(ClientError):
        mine.s3.list_objects_v2(Bucket=mine.bucket)
    with pytest.raises(ClientError):
        mine.s3.put_object(Bucket=mine.bucket, Key=f"{share.folder}/mine.csv", Body=b"x")
    with pytest.raises(ClientError):
        mine.s3.get_object(Bucket=own.bucket("silver"), Key=next(keys(store, own.bucket("silver"), f"civil_affairs__roster{SUFFIX}/"))["Key"])
    assert not sharing.run(spark, own, share).changed
    read = told_by_the_store(own, share, f"{share.folder}/receipt.json")
    assert (read["user"], read["status"], read["operation"]) == (access.USER + share.recipient, 200, "REST.GET.OBJECT")
    assert told_by_the_store(own, other, foreign, access.USER + share.recipient)["status"] == 403

    fill(spark, own, PEOPLE[:60])
    assert sharing.run(spark, own, share).version == 2
    assert mine.rows().height == sum(row[6] > 0 for row in PEOPLE[:60])  # and nothing of the extract before
    fill(spark, own, PEOPLE)
    told = [each.what for each in happened(Ledger(own), share.name)]
    assert [what for what in told if what != "read" and not what.startswith("refused")] == ["requested", "approved", "delivered", "delivered"] and {"read", "refused (403)"} <= set(told)


def test_revocation_is_immediate_and_leaves_nothing(spark: SparkSession, own: Settings, made: Maker, store: Any) -> None:
    share = made()
    recipient, key = delivered(spark, own, share)
    iam = boto3.client("iam", endpoint_url=own.endpoint, region_name="us-east-1", aws_access_key_id=recipient.who.access_key, aws_secret_access_key=recipient.who.secret_key)
    spare = iam.create_access_key(UserName=access.USER + share.recipient)["AccessKey"]
    second = Recipient(own, share, S3Credentials(spare["AccessKeyId"], spare["SecretAccessKey"]))
    assert second.read(key)

    began = time.monotonic()
    revoke(Ledger(own), share, "Ann", "the audit is over")
    sharing.settle(own)
    print(f"revoked in {time.monotonic() - began:.2f} s")
    assert refused(recipient, key) and refused(second, key)
    assert list(keys(store, own.bucket("shares"), f"{share.folder}/")) == []
    with pytest.raises(LakeError, match="is gone"):
        secret_of(own, share)
    assert not access.key_path(own, share.recipient).exists()
    assert "revoked by Ann: the audit is over" in sharing.run(spark, own, share).waits_for
    assert {"revoked", "ended"} <= {each.what for each in happened(Ledger(own), share.name)}


def test_the_store_ends_a_grant_by_its_own_clock(spark: SparkSession, own: Settings, made: Maker) -> None:
    share = made()
    recipient, key = delivered(spark, own, share)
    soon = dt.datetime.now(dt.UTC) + dt.timedelta(seconds=10)
    others = [access.Grant(each.share.recipient, each.share.folder, soon) for each in sharing.all_given(own, Ledger(own)) if each.holds]
    access.allow(own, others)  # as if the last day ended then; no job runs at that moment
    assert recipient.read(key)
    time.sleep((soon - dt.datetime.now(dt.UTC)).total_seconds() + 1)
    assert refused(recipient, key)


def test_what_has_expired_gives_nothing(spark: SparkSession, own: Settings, made: Maker, store: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    share = made()
    recipient, key = delivered(spark, own, share, until=dt.date.today() + dt.timedelta(days=3))
    monkeypatch.setattr("jobs.sharing.events.today", lambda settings: dt.date.today() + dt.timedelta(days=9))
    assert "it ended with" in sharing.run(spark, own, share).waits_for
    assert refused(recipient, key) and list(keys(store, own.bucket("shares"), f"{share.folder}/")) == []


def test_a_request_for_more_than_is_offered_is_refused_and_gives_nothing(spark: SparkSession, own: Settings, made: Maker) -> None:
    share = made()
    for wanted, says in (
        ({"columns": ("district", "name")}, "'name' is not offered"),
        ({"until": dt.date(2100, 1, 1)}, "the share ends on 2099-12-31"),
        ({"where": "name = 'name 3'"}, "looks at 'name'"),
        ({"where": "resident_id LIKE '33%'"}, "looks at 'resident_id'"),  # would tell whom a pseudonym is of
        ({"where": "district IN (SELECT district FROM silver.civil_affairs__marriage)"}, "it may compare columns with values"),
    ):
        with pytest.raises(LakeError, match=says):
            grant(own, share, **wanted)
    assert "nobody has asked" in sharing.run(spark, own, share).waits_for
    assert [each.what for each in happened(Ledger(own), share.name)] == ["refused"] * 5
    with pytest.raises(LakeError, match="is not here"):
        access.key_of(own, share.recipient)

    grant(own, share, columns=("district", "monthly_amount"), where="district = 'd1'")
    assert sharing.run(spark, own, share).rows == sum(row[6] > 0 and row[3] == "d1" for row in PEOPLE)
    assert Recipient(own, share).rows().columns == ["district", "monthly_amount"]


def test_a_share_that_became_wider_waits_for_another_approval(spark: SparkSession, own: Settings, made: Maker) -> None:
    share = made()
    recipient, key = delivered(spark, own, share)
    wider = declared(own, json.loads(share.model_dump_json(exclude_none=True)) | {"columns": ["resident_id", "district", "community", "monthly_amount"]})
    assert "terms have changed" in sharing.run(spark, own, wider).waits_for and refused(recipient, key)


def test_who_may_decide(own: Settings, made: Maker) -> None:
    share, ledger = made(), Ledger(own)
    with pytest.raises(LakeError, match="nobody has asked"):
        decide(ledger, share, "Ann", "why", approve=True)
    ask(ledger, share, widest(share), "Ann", "why")
    for by, says in (("Bo", "Bo does not decide"), ("Ann", "cannot decide about it too"), (" ", "a name and a reason")):
        with pytest.raises(LakeError, match=says):
            decide(ledger, share, by, "why", approve=True)


def test_a_researcher_gets_counts_and_no_small_one(spark: SparkSession, own: Settings, made: Maker) -> None:
    counts = {"recipient_kind": "researcher", "columns": ["district", "community"], "pseudonyms": None, "where": None, "aggregate": {"dimensions": ["district", "community"], "of": "resident_id", "smallest": 6}}
    share = made(**counts)
    grant(own, share)
    sharing.run(spark, own, share)
    told = {(row["district"], row["community"]): row["count"] for row in Recipient(own, share).rows().to_dicts()}
    truth: dict[tuple[str, str], int] = {}
    for row in PEOPLE:
        truth[row[3], row[4]] = truth.get((row[3], row[4]), 0) + 1
    assert told.keys() == truth.keys() and all(count in (None, truth[cell]) for cell, count in told.items())
    assert all(told[cell] is None for cell, count in truth.items() if count < 6) and any(count is None for count in told.values()) and any(told.values())
    rows = made(recipient_kind="researcher")
    with pytest.raises(LakeError, match="a researcher gets counts only"):
        sharing.run(spark, own, rows)


def test_no_key_is_in_a_log_or_a_plan(spark: SparkSession, own: Settings, made: Maker) -> None:
    share = made()
    grant(own, share)
    sharing.run(spark, own, share)
    secrets = [access.key_of(own, share.recipient).secret_key, secret_of(own, share).hex(), repr(secret_of(own, share))]
    assert access.key_path(own, share.recipient).stat().st_mode & 0o777 == 0o600
    for path in (own.state / "logs").glob("*.log"):
        text = path.read_text(errors="replace")
        assert not any(secret in text for secret in secrets), path
    frame = pseudonyms.pseudonymised(spark.table(f"silver.civil_affairs__roster{SUFFIX}"), ["resident_id"], own, share.recipient)
    plan = frame._explain_string(extended=True)
    assert "MapInArrow" in plan and not any(secret in plan for secret in secrets)
    assert secrets[0] not in repr(access.key_of(own, share.recipient))
