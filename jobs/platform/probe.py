"""What the object store can do. Safe commits of several writers need a conditional PUT."""

from __future__ import annotations

import uuid
from typing import Any

from botocore.exceptions import ClientError

from jobs.platform.settings import Settings
from jobs.platform.store import s3


def conditional_writes(settings: Settings) -> dict[str, bool]:
    """Try each condition on a scratch object of the ops bucket; True where the store refuses the second writer."""
    client, bucket, key = s3(settings), settings.bucket("ops"), f"_probe/{uuid.uuid4()}"
    etag = client.put_object(Bucket=bucket, Key=key, Body=b"1", IfNoneMatch="*")["ETag"]
    try:
        return {
            "PUT If-None-Match": _refused(client.put_object, Bucket=bucket, Key=key, Body=b"2", IfNoneMatch="*"),
            "PUT If-Match": _refused(client.put_object, Bucket=bucket, Key=key, Body=b"2", IfMatch='"' + "0" * 32 + '"') and bool(etag),
            "CompleteMultipartUpload If-None-Match": _multipart_refused(client, bucket, key),
        }
    finally:
        client.delete_object(Bucket=bucket, Key=key)


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
