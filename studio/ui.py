"""Puts the pages together and opens them to the browser, with the studio's security defaults."""

from __future__ import annotations

import os
import signal
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")  # before Gradio is imported: nobody is told who runs a studio

import gradio as gr
from starlette.middleware import Middleware

from core import VERSION
from core.casting import Models
from core.cluster import find_agents
from core.dialect import load_pack, shows_references
from core.errors import ReadOnly
from core.profiles import Profile, available_profiles, default_profile, load_profile, missing_weights
from core.settings import Settings
from core.store import Store
from studio.api import lend_inside, publish
from studio.caps import Limits
from studio.closing import hold_open, leave, listening
from studio.controller import Controller, Telling
from studio.gate import Gate
from studio.health import Health, health_routes
from studio.hosting import Hosting
from studio.imports import import_routes
from studio.launcher import Launcher
from studio.logs import hear, log_as_json, tell
from studio.naming import Names
from studio.pages import account, admin, agreement, library, review, train
from studio.pages.create import create_page
from studio.pages.parts import Who
from studio.pages.shelves import Doors
from studio.reviewing.access import Access
from studio.routes import ASSETS, middleware, routes, user_of
from studio.runroutes import run_routes
from studio.sharing import shared_routes
from studio.signin import door_of, sign_in_routes
from studio.storyboard import sheet_of
from studio.theme import theme
from studio.tokens import Tokens
from studio.uploads import Uploads
from studio.visitors import Presence, Visitor, visitor_of
from studio.worker import Worker

if TYPE_CHECKING:
    from core.images import ImageStore
    from core.ports import Agents

#: The page's own styles; linked rather than given to Gradio, which would rewrite every selector.
HEAD = """
<link rel="stylesheet" href="studio/css/base.css">
<link rel="stylesheet" href="studio/css/composer.css">
<link rel="stylesheet" href="studio/css/storyboard.css">
<link rel="stylesheet" href="studio/css/reading.css">
<link rel="stylesheet" href="studio/css/library.css">
<link rel="stylesheet" href="studio/css/train.css">
<link rel="stylesheet" href="studio/css/review.css">
<link rel="stylesheet" href="studio/css/reviewmore.css">
<link rel="stylesheet" href="studio/css/agreement.css">
<link rel="stylesheet" href="studio/css/admin.css">
<meta name="color-scheme" content="light dark">
"""
DAY = 24 * 60 * 60


def open_studio(settings: Settings) -> None:
    """Opens the whole studio, and returns when it is closed."""
    profile = load_profile(settings.profile) if settings.profile else default_profile()
    address = settings.database.get_secret_value() if settings.database else None
    with Store(settings.data, address=address) as store:
        if store.read_only:
            raise ReadOnly(store.read_only)
        others = [other for other in available_profiles() if other.name != profile.name and not missing_weights(other)]
        known = {each.name: each for each in (profile, *others)}
        models = Models()

        def load(name: str) -> Agents:
            return find_agents(known.get(name) or load_profile(name or profile.name), settings.ray, settings.ray_pools, models)

        worker = Worker(store, store.images, load)
        tellings = [_telling(each) for each in known.values()]
        limits = _limits(settings)
        controller = Controller(store, worker, sheet_of, tellings, limits)
        signal.signal(signal.SIGTERM, signal.default_int_handler)  # until it is open: close like by hand
        try:
            launch(controller, store.images, settings)
        finally:
            controller.close()
    leave(worker)


def _limits(settings: Settings) -> Limits:
    each = (settings.max_requests_each, settings.max_stored_mb_each, settings.max_model_seconds_each)
    return Limits(settings.max_stories, settings.max_stories_each, *each)


def _telling(profile: Profile) -> Telling:
    pack = load_pack(Path(profile.prompts))
    return Telling(profile.name, profile.title, profile.policy, pack.heeds, shows_references(pack))


def launch(
    controller: Controller, images: ImageStore, settings: Settings, wait: bool = True, launcher: Launcher | None = None
) -> gr.Blocks:
    """Starts the worker and the server; returns when the server ends, or at once without ``wait``."""
    launcher = launcher or Launcher(settings.runs, [settings.data])
    door = door_of(settings.auth_file, controller.store.database)
    shared = settings.is_shared or door is not None
    presence = Presence()
    who = _recognising(shared, presence)
    hosting = Hosting(controller, settings.admins, door, presence)
    tokens = Tokens(controller.store, signed=door is not None)
    app = build(controller, images, settings, launcher, who, Doors(hosting, tokens))
    health = Health(controller)
    controller.worker.listen(hear)
    if settings.log == "json":
        log_as_json()
    controller.start()
    os.environ["FORWARDED_ALLOW_IPS"] = ",".join(settings.trusted_proxies)  # Uvicorn by itself believes all of this machine
    with redirect_stdout(StringIO()):  # quiet or not, Gradio says where its MCP server is
        app.launch(
            server_name=settings.host,
            server_port=settings.port,
            auth=_nobody if door else None,
            prevent_thread_lock=True,
            show_error=False,
            share=False,
            run_history=False,
            enable_monitoring=False,
            mcp_server=True,
            footer_links=[],
            strict_cors=True,
            max_file_size=f"{settings.max_upload_mb}mb",
            blocked_paths=[str(settings.data.resolve())],
            favicon_path=str(ASSETS / "logo.svg"),
            theme=theme(),
            head=HEAD,
            app_kwargs={
                "routes": [
                    *(sign_in_routes(door, framed=bool(settings.embedded_by)) if door else []),
                    *routes(controller, images),
                    *shared_routes(controller),
                    *import_routes(controller.librarian, controller.store.own_folder / "imports", who),
                    *run_routes(launcher, who),
                    *health_routes(health, who, settings.metrics_token),
                ],
                "middleware": [
                    *middleware(shared, settings.embedded_by),
                    Middleware(Names, names=settings.hosts, shared=shared),
                    Middleware(Gate, door=door),
                    Middleware(Uploads, caps=controller.caps, who=who),
                ],
                "docs_url": None,
                "redoc_url": None,
                "openapi_url": None,
            },
            quiet=True,
        )
    if door:
        lend_inside(app, door)
    if settings.log == "json":
        log_as_json()  # again, for Uvicorn has set up its own loggers meanwhile
    told = listening() if wait else None
    tell("opened", version=VERSION)
    if told:
        print(f"\nInterleave Studio is open: {app.local_url}", flush=True)
        print(f"For agents (MCP): {app.local_url}gradio_api/mcp/", flush=True)
        print("Ctrl+C closes it. What is not finished goes on when it opens again.", flush=True)
        hold_open(told, lambda: app.is_running, controller.worker, settings.drain_seconds)
        app.close(verbose=False)
    return app


def build(
    controller: Controller, images: ImageStore, settings: Settings, launcher: Launcher, who: Who, doors: Doors
) -> gr.Blocks:
    """All pages, not yet reachable."""
    access = Access.of(settings)
    with gr.Blocks(title="Interleave Studio", fill_width=True, analytics_enabled=False, delete_cache=(DAY, DAY)) as app:
        create_page(controller, images, who)
        publish(controller, images, who)
    with app.route(library.TITLE, library.ADDRESS, show_in_navbar=False):
        library.library_page(controller, who, access, doors)
    with app.route(train.TITLE, train.ADDRESS, show_in_navbar=False):
        train.train_page(launcher, who)
    with app.route(review.TITLE, review.ADDRESS, show_in_navbar=False):
        review.review_page(controller.store, who, access, controller.librarian.titles)
    with app.route(agreement.TITLE, agreement.ADDRESS, show_in_navbar=False):
        agreement.agreement_page(controller.store, who, access)
    with app.route(admin.TITLE, admin.ADDRESS, show_in_navbar=False):
        admin.admin_page(doors.hosting, who)
    with app.route(account.TITLE, account.ADDRESS, show_in_navbar=False):
        account.account_page(doors.tokens, who)
    return app.queue(max_size=settings.max_waiting, default_concurrency_limit=4, api_open=False)


def _recognising(shared: bool, presence: Presence) -> Who:
    """Says who looks, on a page or at one of our own addresses."""

    def who(request: Any) -> Visitor:
        # Server functions get Starlette's request, events get Gradio's around it.
        inner = getattr(request, "request", None) or request
        visitor = visitor_of(user_of(inner), inner.cookies, shared, inner.client.host if inner.client else "")
        presence.see(visitor)
        return visitor

    return who


def _nobody(name: str, password: str) -> bool:
    """With this, Gradio asks for a sign-in and lets nobody in by itself: people come in by the studio's own door."""
    return False
