"""Who may read what in the bucket `shares`: an S3 user a recipient, and one bucket policy that names every grant and its end.

Both by AWS's own calls (IAM, PutBucketPolicy), which SeaweedFS answers too and obeys at once. The policy carries the last moment of each grant, so the store ends it
by its own clock, whether or not a job runs by then.
"""

from __future__ import annotations

import datetime as dt
import json
import os
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
from botocore.exceptions import ClientError

from jobs.platform.errors import LakeError
from jobs.platform.secrets import S3Credentials, credentials
from jobs.platform.settings import Settings
from jobs.platform.store import s3

USER = "share-"  # every S3 user of a recipient begins so, and nobody else's does
CATALOGUE = "catalogue.json"


@dataclass(frozen=True)
class Grant:
    """A recipient may read a folder of the bucket `shares` until then."""

    recipient: str
    folder: str
    until: dt.datetime


def allow(settings: Settings, grants: Collection[Grant]) -> None:
    """The store lets recipients read this and nothing else: what is granted no longer ends first, with the keys of those that have nothing left."""
    wanted = {grant.recipient for grant in grants}
    client = _iam(settings)
    names = _arns(client)
    for recipient in sorted(wanted - set(names)):
        names[recipient] = client.create_user(UserName=USER + recipient)["User"]["Arn"]
    _set_policy(settings, sorted(grants, key=lambda grant: grant.folder), names)
    for recipient in sorted(set(names) - wanted):
        forget(settings, recipient, client)
    for recipient in sorted(wanted):
        _give_key(settings, client, recipient)


def key_path(settings: Settings, recipient: str) -> Path:
    """Where a recipient's S3 key is left to be handed over (mode 0600); the store itself does not tell it a second time."""
    return settings.state / "recipients" / f"{recipient}.json"


def key_of(settings: Settings, recipient: str) -> S3Credentials:
    """As it was left to be handed over. Raises LakeError where it has been taken away."""
    path = key_path(settings, recipient)
    if not path.exists():
        raise LakeError(f"the key of {recipient} is not here", "nothing is granted, or it was handed over")
    said = json.loads(path.read_text())
    return S3Credentials(said["access_key"], said["secret_key"])


def forget(settings: Settings, recipient: str, client: Any = None) -> None:
    """The S3 user goes with every key it has, those it made itself too."""
    client = client or _iam(settings)
    try:
        for key in client.list_access_keys(UserName=USER + recipient)["AccessKeyMetadata"]:
            client.delete_access_key(UserName=USER + recipient, AccessKeyId=key["AccessKeyId"])
        client.delete_user(UserName=USER + recipient)
    except ClientError as problem:
        if _code(problem) not in ("NoSuchEntity", "404"):
            raise
    key_path(settings, recipient).unlink(missing_ok=True)


def _iam(settings: Settings) -> Any:
    who = credentials(settings)
    return boto3.client("iam", endpoint_url=settings.endpoint, region_name=settings.storage.region, aws_access_key_id=who.access_key, aws_secret_access_key=who.secret_key)


def _code(problem: ClientError) -> str:
    """SeaweedFS answers some calls of IAM with an error that botocore reads flat."""
    return str(problem.response.get("Error", problem.response).get("Code", ""))


def _arns(client: Any) -> dict[str, str]:
    """Recipient → the name the store's policies know its user by."""
    try:
        users = [user["UserName"] for page in client.get_paginator("list_users").paginate() for user in page["Users"]]
    except ClientError as problem:
        raise LakeError(f"the object store does not let its users be managed ({_code(problem)})", "sharing needs AWS's IAM calls for the job's S3 user: see docs/how-to/share-with-a-department.md") from None
    return {name.removeprefix(USER): client.get_user(UserName=name)["User"]["Arn"] for name in users if name.startswith(USER)}


def _give_key(settings: Settings, client: Any, recipient: str) -> None:
    """One key, made once: a recipient that has one already keeps it."""
    if client.list_access_keys(UserName=USER + recipient)["AccessKeyMetadata"]:
        return
    made = client.create_access_key(UserName=USER + recipient)["AccessKey"]
    path = key_path(settings, recipient)
    path.parent.mkdir(parents=True, exist_ok=True)
    said = {"endpoint": settings.endpoint, "region": settings.storage.region, "bucket": settings.bucket("shares"), "access_key": made["AccessKeyId"], "secret_key": made["SecretAccessKey"]}
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as out:
        json.dump(said, out)


def _set_policy(settings: Settings, grants: Iterable[Grant], names: dict[str, str]) -> None:
    bucket, client = settings.bucket("shares"), s3(settings)
    statements = [part for number, grant in enumerate(grants) for part in _statements(bucket, number, grant, names[grant.recipient])]
    if not statements:
        _drop_policy(client, bucket)
        return
    everybody = sorted({statement["Principal"]["AWS"] for statement in statements})
    statements.append({"Sid": "catalogue", "Effect": "Allow", "Principal": {"AWS": everybody}, "Action": "s3:GetObject", "Resource": f"arn:aws:s3:::{bucket}/{CATALOGUE}"})
    client.put_bucket_policy(Bucket=bucket, Policy=json.dumps({"Version": "2012-10-17", "Statement": statements}))


def _drop_policy(client: Any, bucket: str) -> None:
    try:
        client.delete_bucket_policy(Bucket=bucket)
    except ClientError as problem:
        if _code(problem) != "NoSuchBucketPolicy":
            raise


def _statements(bucket: str, number: int, grant: Grant, arn: str) -> list[dict[str, Any]]:
    before = {"DateLessThan": {"aws:CurrentTime": grant.until.astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")}}
    who = {"Effect": "Allow", "Principal": {"AWS": arn}}
    return [
        {"Sid": f"read{number}", **who, "Action": "s3:GetObject", "Resource": f"arn:aws:s3:::{bucket}/{grant.folder}/*", "Condition": before},
        {"Sid": f"list{number}", **who, "Action": "s3:ListBucket", "Resource": f"arn:aws:s3:::{bucket}", "Condition": before | {"StringLike": {"s3:prefix": f"{grant.folder}/*"}}},
    ]
