"""What the tests of pages share: a browser, a studio that is open on this machine, and how quickly one is put together."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from unittest.mock import patch

import gradio as gr
import pytest
from gradio.routes import App

from studio import ui
from tests.studio.open_studio import chromium, studio

__all__ = ["chromium", "studio"]


@pytest.fixture(scope="session", autouse=True)
def made_once() -> Iterator[None]:
    """Gradio makes a server whenever a page is added, and one when all are opened: only that one is ever used, and made here."""
    build = ui.build

    def quick(*args: Any) -> gr.Blocks:
        with patch.object(App, "create_app", return_value=None):
            return build(*args)

    with patch.object(ui, "build", quick):
        yield
