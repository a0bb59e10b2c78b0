"""What a person may set about the studio: by environment variables (``STUDIO_PORT=8000``), or by a door's options.

Which models there are is not set here but in profiles. Holds no secret: people's passwords are in ``auth_file``, which only
the studio's door reads.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import Field, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

#: In a variable: names separated by commas.
Names = Annotated[tuple[str, ...], NoDecode]


class Settings(BaseSettings):
    """Frozen settings; every field's environment variable is ``STUDIO_`` and its name. What is passed in outranks these."""

    model_config = SettingsConfigDict(env_prefix="STUDIO_", env_ignore_empty=True, frozen=True, extra="forbid")

    data: Path = Field(default=Path("data"), description="Folder for stories and pictures; made if it is missing.")
    runs: Path = Field(default=Path("runs"), description="Folder of training runs; made when the first is started.")
    profile: str | None = Field(default=None, description="Profile of the models; none: the best that runs on this machine.")
    host: str = Field(default="127.0.0.1", description="Address to listen on; 0.0.0.0 lets others in: set auth_file, too.")
    port: int = Field(default=7860, ge=1, le=65535, description="Port to listen on.")
    auth_file: Path | None = Field(default=None, description="File of who may sign in; none: whoever can reach the address.")
    max_stories: int = Field(default=50, ge=1, description="Unfinished stories at once, of all people together.")
    max_stories_each: int = Field(default=5, ge=1, description="Unfinished stories at once of each person.")
    max_waiting: int = Field(default=64, ge=1, description="Requests of pages that may wait; more are turned away.")
    max_upload_mb: int = Field(default=20, ge=1, le=50, description="Largest picture that may be uploaded, in MB.")
    annotators: Names = Field(
        default=(),
        description="Who reviews on a shared studio: signed-in names, separated by commas; *: all who signed in.",
    )
    leads: Names = Field(default=(), description="Who also decides disagreements, sets gold items, and writes guidelines.")

    @field_validator("auth_file")
    @classmethod
    def _exists(cls, path: Path | None) -> Path | None:
        if path is not None and not path.is_file():
            raise ValueError("there is no such file, so nobody could sign in")
        return path

    @field_validator("annotators", "leads", mode="before")
    @classmethod
    def _separated(cls, names: object) -> object:
        return tuple(filter(None, map(str.strip, names.split(",")))) if isinstance(names, str) else names

    @property
    def is_shared(self) -> bool:
        """Whether others than this machine's user can reach the studio."""
        return self.host not in ("127.0.0.1", "::1", "localhost")
