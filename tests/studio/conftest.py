"""What the tests of pages share: a browser, and a studio that is open on this machine."""

from tests.studio.open_studio import chromium, studio

__all__ = ["chromium", "studio"]
