"""The studio's door: settings, store, models, controller, and the page in a browser."""

import sys
from pathlib import Path
from typing import Annotated

import typer

People = Annotated[Path | None, typer.Option(envvar="STUDIO_AUTH_FILE", help="File of who may sign in, their passwords hashed.")]
door = typer.Typer(add_completion=False, invoke_without_command=True, pretty_exceptions_show_locals=False)


@door.callback()
def main(
    context: typer.Context,
    profile: Annotated[str | None, typer.Option(help="The models that tell new stories; see assets/profiles.")] = None,
    data: Annotated[Path | None, typer.Option(help="Folder for stories and pictures; made if it is missing.")] = None,
    host: Annotated[str | None, typer.Option(envvar=["STUDIO_HOST", "GRADIO_SERVER_NAME"], help="Address to listen on.")] = None,
    port: Annotated[int | None, typer.Option(envvar=["STUDIO_PORT", "GRADIO_SERVER_PORT"], help="Port to listen on.")] = None,
    auth_file: People = None,
) -> None:
    """Opens Interleave Studio. Every option is also a setting, such as STUDIO_PROFILE; core/settings.py lists them all.

    Example: python app.py --profile klein-4b --data stories
    """
    if context.invoked_subcommand:
        context.obj = auth_file
        return
    from pydantic import ValidationError

    from core.errors import StudioError
    from core.settings import Settings
    from studio.ui import open_studio

    given = {"profile": profile, "data": data, "host": host, "port": port, "auth_file": auth_file}
    try:
        open_studio(Settings(**{name: value for name, value in given.items() if value is not None}))
    except (StudioError, ValidationError, OSError) as error:
        raise SystemExit(f"The studio can't open: {error}") from error


@door.command()
def password(
    context: typer.Context,
    name: Annotated[str | None, typer.Argument(help="Who gets a password, or another one.")] = None,
    auth_file: People = None,
    remove: Annotated[bool, typer.Option("--remove", help="The name may not sign in any more.")] = False,
    hash_all: Annotated[bool, typer.Option("--hash-all", help="Hash the passwords that stand in the file as they are.")] = False,
) -> None:
    """Says who may sign in: asks twice for a password, or reads a line of standard input; without a name, lists all names.

    Example: python app.py password ann --auth-file people.txt
    """
    from core.errors import StudioError
    from studio.passwords import tend

    file = auth_file or context.obj
    if file is None:
        raise SystemExit("Say which file it is: --auth-file people.txt, or set STUDIO_AUTH_FILE.")
    try:
        for line in tend(file, name, remove, hash_all, _typed):
            print(line)
    except (StudioError, OSError) as error:
        raise SystemExit(str(error)) from error


@door.command()
def token(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help="Whose programs get it: somebody who may sign in.")],
    auth_file: People = None,
    data: Annotated[Path, typer.Option(envvar="STUDIO_DATA", help="Folder for stories and pictures.")] = Path("data"),
    label: Annotated[str, typer.Option(help="What it is for.")] = "",
    revoke: Annotated[str, typer.Option(help="The last letters of a token that is to open nothing any more.")] = "",
) -> None:
    """Makes a token by which somebody's programs are them, and says it this once; also while the studio runs.

    Example: python app.py token ann --auth-file people.txt --label "nightly stories"
    """
    from core.errors import StudioError
    from studio.tokens import tend

    file = auth_file or context.obj
    if file is None:
        raise SystemExit("Say who may sign in: --auth-file people.txt, or set STUDIO_AUTH_FILE.")
    try:
        for line in tend(data, file, name, label, revoke):
            print(line)
    except (StudioError, OSError) as error:
        raise SystemExit(str(error)) from error


def _typed() -> str:
    """A password, from a person who sees nothing of it, or from another program."""
    if not sys.stdin.isatty():
        return sys.stdin.readline().rstrip("\r\n")
    return str(typer.prompt("Password", hide_input=True, confirmation_prompt="The same again"))


if __name__ == "__main__":
    door()
