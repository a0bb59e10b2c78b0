"""The address of the small pictures that a training keeps of what it tried; only whoever owns the machine gets them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import BaseRoute, Route

from core.errors import NotFound
from studio.pages.parts import Who
from studio.rollouts import FOLDER, PICTURE
from studio.routes import FOR_EVER

if TYPE_CHECKING:
    from studio.launcher import Launcher


def run_routes(launcher: Launcher, who: Who) -> list[BaseRoute]:
    """The addresses of all runs' pictures; a run is found by its name, and a picture is named by its content."""

    def picture(request: Request) -> Response:
        nothing = Response("There is nothing here.", status_code=404, media_type="text/plain")
        name = request.path_params["name"]
        if not who(request).owns_all or not PICTURE.fullmatch(name):
            return nothing
        try:
            path = launcher.run(request.path_params["run"]).folder / FOLDER / name
        except NotFound:
            return nothing
        return FileResponse(path, headers=FOR_EVER) if path.is_file() and not path.is_symlink() else nothing

    return [Route("/runs/{run:path}/pictures/{name}", picture)]
