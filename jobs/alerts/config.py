"""`alerts` of conf/lake.yaml: who is told, by which way, and how often. Secrets are only named here."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator


class Webhook(BaseModel):
    """A POST of JSON. `url_secret`, `token_secret`: names of secrets; an address that lets anybody post is a secret itself."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    kind: Literal["webhook"]
    name: str
    departments: tuple[str, ...] = ()  # only what is about these; none: everything
    url: str | None = None
    url_secret: str | None = None
    token_secret: str | None = None  # sent as `Authorization: Bearer …`

    @model_validator(mode="after")
    def _one_address(self) -> Webhook:
        if (self.url is None) == (self.url_secret is None):
            raise ValueError("a webhook has either url or url_secret")
        return self


class Email(BaseModel):
    """Mail by SMTP."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)
    kind: Literal["email"]
    name: str
    departments: tuple[str, ...] = ()
    host: str
    port: int = 587
    security: Literal["starttls", "tls", "none"] = "starttls"
    authority: str | None = None  # file of certificates to trust, where the server's is not signed by a public one
    sender: str = Field(alias="from")
    to: tuple[str, ...] = Field(min_length=1)
    user: str | None = None
    password_secret: str | None = None


Channel = Annotated[Webhook | Email, Field(discriminator="kind")]


class Alerts(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")
    look: str | None = "*/10 * * * *"  # cron: when the ledger is looked through
    repeat_hours: float | None = 24  # an alert that is still open is told again after so long; None: never
    run_within_minutes: float | None = 120  # a DAG run that takes longer is an alert; None: none is
    channels: tuple[Channel, ...] = ()

    @model_validator(mode="after")
    def _names_differ(self) -> Alerts:
        names = [channel.name for channel in self.channels]
        if len(set(names)) < len(names):
            raise ValueError("two channels have the same name")
        return self
