"""What the object store can do. Safe commits of several writers need a conditional PUT."""

from __future__ import annotations

import json
import uuid
from typing import Any

from botocore.exceptions import ClientError

from jobs.platform.errors import LakeError
from jobs.platform.settings import Settings
from jobs.platform.store import require_store, s3

PUT_NEW, PUT_SAME, MULTIPART_NEW = "PUT If-None-Match", "PUT If-Match", "CompleteMultipartUpload If-None-Match"
OF_COMMITS = (PUT_NEW, MULTIPART_NEW)  # what delta-rs and the LogStore commit by


def conditional_writes(settings: Settings) -> dict[str, bool]:
    """Try each condition on a scratch object of the ops bucket; True where the store refuses the second writer."""
    client, bucket, key = s3(settings), settings.bucket("ops"), f"_probe/{uuid.uuid4()}"
    client.put_object(Bucket=bucket, Key=key, Body=b"1")
    try:
        return {
            PUT_NEW: _refused(client.put_object, Bucket=bucket, Key=key, Body=b"2", IfNoneMatch="*"),
            PUT_SAME: _refused(client.put_object, Bucket=bucket, Key=key, Body=b"2", IfMatch='"' + "0" * 32 + '"'),
            MULTIPART_NEW: _multipart_refused(client, bucket, key),
        }
    finally:
        client.delete_object(Bucket=bucket, Key=key)


def note_conditions(settings: Settings) -> dict[str, bool]:
    """Probe the store, and keep the answer in the checkout's state for the jobs that follow. Raises LakeError where it cannot be asked."""
    require_store(settings)
    try:
        answers = conditional_writes(settings)
    except ClientError as problem:
        reason = f"bucket {settings.bucket('ops')} of the object store cannot be written ({problem.response['Error']['Code']})"
        raise LakeError(reason, "./lake up makes the buckets; the job's S3 user must be allowed to write them") from None
    path = settings.state / "probe.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f"probe-{uuid.uuid4()}.partial")
    partial.write_text(json.dumps({"endpoint": settings.endpoint, "conditions": answers}))
    partial.rename(path)
    return answers


def known_conditions(settings: Settings) -> dict[str, bool]:
    """The noted answer of this endpoint; it is probed where there is none."""
    try:
        noted = json.loads((settings.state / "probe.json").read_text())
    except FileNotFoundError:
        return note_conditions(settings)
    return dict(noted["conditions"]) if noted["endpoint"] == settings.endpoint else note_conditions(settings)


def _multipart_refused(client: Any, bucket: str, key: str) -> bool:
    upload = client.create_multipart_upload(Bucket=bucket, Key=key)["UploadId"]
    part = client.upload_part(Bucket=bucket, Key=key, UploadId=upload, PartNumber=1, Body=b"3")
    parts = {"Parts": [{"ETag": part["ETag"], "PartNumber": 1}]}
    refused = _refused(client.complete_multipart_upload, Bucket=bucket, Key=key, UploadId=upload, MultipartUpload=parts, IfNoneMatch="*")
    if refused:
        client.abort_multipart_upload(Bucket=bucket, Key=key, UploadId=upload)
    return refused


def _refused(call: Any, **arguments: Any) -> bool:
    try:
        call(**arguments)
    except ClientError as problem:
        return problem.response["ResponseMetadata"]["HTTPStatusCode"] in (409, 412)
    return False
