"""Puts the pages together and opens the door to the browser, with the studio's security defaults."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")  # before Gradio is imported: nobody is told who runs a studio

import gradio as gr

from studio.controller import Controller
from studio.pages.create import create_page
from studio.routes import ASSETS, middleware, routes, user_of
from studio.theme import theme
from studio.visitors import LOOPBACK, Visitor, visitor_of

if TYPE_CHECKING:
    from core.images import ImageStore

#: The page's own styles; linked rather than given to Gradio, which would rewrite every selector.
HEAD = """
<link rel="stylesheet" href="studio/css/base.css">
<link rel="stylesheet" href="studio/css/storyboard.css">
<link rel="stylesheet" href="studio/css/reading.css">
<meta name="color-scheme" content="light dark">
"""
MAX_WAITING = 200  # Gradio events at once, not stories
DAY = 24 * 60 * 60


@dataclass(frozen=True)
class Door:
    """Where the studio is reached. ``auth`` has names and passwords, if people must sign in."""

    host: str = "127.0.0.1"
    port: int | None = 7860
    auth: tuple[tuple[str, str], ...] = ()
    max_upload: str = "20mb"

    @property
    def shared(self) -> bool:
        """Whether others than the owner of this computer may come in."""
        return bool(self.auth) or self.host not in LOOPBACK


def build(controller: Controller, images: ImageStore, shared: bool) -> gr.Blocks:
    """The whole app, not yet reachable."""

    def who(request: Any) -> Visitor:
        # Server functions get Starlette's request, events get Gradio's around it.
        inner = getattr(request, "request", None) or request
        return visitor_of(user_of(inner), inner.cookies, shared)

    with gr.Blocks(title="Interleave Studio", fill_width=True, analytics_enabled=False, delete_cache=(DAY, DAY)) as app:
        create_page(controller, images, who)
    return app.queue(max_size=MAX_WAITING, default_concurrency_limit=4, api_open=False)


def launch(controller: Controller, images: ImageStore, data: Path, door: Door, wait: bool = True) -> gr.Blocks:
    """Starts the worker and the server; returns when the server ends, or at once without ``wait``."""
    app = build(controller, images, door.shared)
    controller.start()
    app.launch(
        server_name=door.host,
        server_port=door.port,
        auth=list(door.auth) or None,
        prevent_thread_lock=not wait,
        show_error=False,
        share=False,
        run_history=False,
        footer_links=[],
        strict_cors=True,
        max_file_size=door.max_upload,
        blocked_paths=[str(data.resolve())],
        favicon_path=str(ASSETS / "logo.svg"),
        theme=theme(),
        head=HEAD,
        app_kwargs={
            "routes": routes(controller, images),
            "middleware": middleware(door.shared),
            "docs_url": None,
            "redoc_url": None,
            "openapi_url": None,
        },
        quiet=not wait,
    )
    return app
