"""What a person may set about the studio: by environment variables (``STUDIO_PORT=8000``), or by a door's options.

Which models there are is not set here but in profiles. People's passwords are in ``auth_file``, hashed, which only the
studio's door reads; the secrets here, a database's address and a token for programs, are never shown, and no error quotes what
was given.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

#: In a variable: names separated by commas.
Names = Annotated[tuple[str, ...], NoDecode]
ON_SPACE = "SPACE_ID"  # set where Hugging Face runs a Space, whose proxy is the only way in, and whose page frames it
PRIVATE = ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "fc00::/7")  # where that proxy comes from
SITE = re.compile(r"https?://(?:\*\.)?[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*(?::[0-9]{1,5})?")


class Settings(BaseSettings):
    """Frozen settings; every field's environment variable is ``STUDIO_`` and its name. What is passed in outranks these."""

    model_config = SettingsConfigDict(
        env_prefix="STUDIO_", env_ignore_empty=True, frozen=True, extra="forbid", hide_input_in_errors=True
    )

    data: Path = Field(default=Path("data"), description="Folder for stories and pictures; made if it is missing.")
    database: SecretStr | None = Field(
        default=None,
        description="PostgreSQL for the stories, which several studios share: postgresql+psycopg://user:password@host/name; "
        "none: a file in the data folder.",
    )
    runs: Path = Field(default=Path("runs"), description="Folder of training runs; made when the first is started.")
    profile: str | None = Field(default=None, description="Profile of the models; none: the best that runs on this machine.")
    ray: str | None = Field(
        default=None,
        description="Ray cluster that runs the models: auto, host:6379 or ray://host:10001; none: this process does.",
    )
    ray_pools: str = Field(
        default="",
        description="Processes of each agent on the cluster, and the share of a GPU of each, as in planner=1@0.2,painter=4@0.5,"
        "critic=2@0.3; empty: one of each for each GPU.",
    )
    host: str = Field(default="127.0.0.1", description="Address to listen on; 0.0.0.0 lets others in: set auth_file, too.")
    port: int = Field(default=7860, ge=1, le=65535, description="Port to listen on.")
    auth_file: Path | None = Field(default=None, description="File of who may sign in; none: whoever can reach the address.")
    max_stories: int = Field(default=50, ge=1, description="Unfinished stories at once, of all people together.")
    max_stories_each: int = Field(default=5, ge=1, description="Unfinished stories at once of each person.")
    max_waiting: int = Field(default=64, ge=1, description="Requests of pages that may wait; more are turned away.")
    max_requests_each: int = Field(
        default=60, ge=0, description="Stories, imports, exports and uploads of each person a minute; 0: without limit."
    )
    max_stored_mb_each: int = Field(
        default=1000,
        ge=0,
        description="MB of pictures that each person may keep, uploads of the last day included; 0: all.",
    )
    max_model_seconds_each: int = Field(
        default=7200, ge=0, description="Seconds that models may work for each person within 24 hours; 0: without limit."
    )
    max_upload_mb: int = Field(default=20, ge=1, le=50, description="Largest picture that may be uploaded, in MB.")
    trusted_proxies: Names = Field(
        default_factory=lambda: PRIVATE if ON_SPACE in os.environ else (),
        description="Addresses or networks of proxies whose X-Forwarded-For and -Proto are believed, separated by commas.",
    )
    embedded_by: Names = Field(
        default_factory=lambda: ("https://huggingface.co",) if ON_SPACE in os.environ else (),
        description="Sites that may show the studio in a frame, as https://example.org, separated by commas.",
    )
    metrics_token: SecretStr | None = Field(
        default=None, description="What a program has to send as its bearer token for /metrics; none: the owner alone sees them."
    )
    drain_seconds: float = Field(
        default=30.0, ge=0, le=3600, description="Most seconds that closing (by SIGTERM) waits for the call in flight."
    )
    log: Literal["text", "json"] = Field(default="text", description="json: a line on stderr for everything that happens.")
    annotators: Names = Field(
        default=(),
        description="Who reviews on a shared studio: signed-in names, separated by commas; *: all who signed in.",
    )
    leads: Names = Field(default=(), description="Who also decides disagreements, sets gold items, and writes guidelines.")

    admins: Names = Field(
        default=(), description="Signed-in names who may see /admin: people, queue, disk; who delete data and sign people out."
    )

    hosts: Names = Field(
        default=(),
        description="Names under which the studio is reached, as studio.example.org, without port; none: this machine's own"
        " where only it can reach the studio, else any.",
    )

    @field_validator("auth_file")
    @classmethod
    def _exists(cls, path: Path | None) -> Path | None:
        if path is not None and not path.is_file():
            raise ValueError("there is no such file, so nobody could sign in")
        return path

    @field_validator("embedded_by")
    @classmethod
    def _are_sites(cls, sites: tuple[str, ...]) -> tuple[str, ...]:
        if wrong := [site for site in sites if not SITE.fullmatch(site)]:
            raise ValueError(f"{wrong[0]!r} is no site, such as https://example.org")
        return sites

    @field_validator("annotators", "leads", "admins", "hosts", "trusted_proxies", "embedded_by", mode="before")
    @classmethod
    def _separated(cls, names: object) -> object:
        return tuple(filter(None, map(str.strip, names.split(",")))) if isinstance(names, str) else names

    @property
    def is_shared(self) -> bool:
        """Whether others than this machine's user can reach the studio."""
        return self.host not in ("127.0.0.1", "::1", "localhost") or bool(self.trusted_proxies)
