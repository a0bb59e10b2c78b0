"""The studio's door: settings, store, models, controller, and the page in a browser."""

from pathlib import Path
from typing import Annotated

import typer


def main(
    profile: Annotated[str | None, typer.Option(help="The models that tell new stories; see assets/profiles.")] = None,
    data: Annotated[Path | None, typer.Option(help="Folder for stories and pictures; made if it is missing.")] = None,
    host: Annotated[str | None, typer.Option(envvar=["STUDIO_HOST", "GRADIO_SERVER_NAME"], help="Address to listen on.")] = None,
    port: Annotated[int | None, typer.Option(envvar=["STUDIO_PORT", "GRADIO_SERVER_PORT"], help="Port to listen on.")] = None,
    auth_file: Annotated[Path | None, typer.Option(help="File with a line name:password for everyone who may sign in.")] = None,
) -> None:
    """Opens Interleave Studio. Every option is also a setting, such as STUDIO_PROFILE; core/settings.py lists them all.

    Example: python app.py --profile klein-4b --data stories
    """
    from pydantic import ValidationError

    from core.errors import StudioError
    from core.settings import Settings
    from studio.ui import open_studio

    given = {"profile": profile, "data": data, "host": host, "port": port, "auth_file": auth_file}
    try:
        open_studio(Settings(**{name: value for name, value in given.items() if value is not None}))
    except (StudioError, ValidationError, OSError) as error:
        raise SystemExit(f"The studio can't open: {error}") from error


if __name__ == "__main__":
    typer.run(main)
