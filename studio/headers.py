"""Decides the headers that keep a page to itself: what it may load, who may show it, and what it may ask a browser for.

Each exception in a policy has its reason beside it; ``tests/studio/test_headers.py`` opens every page in a real browser.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterable, Mapping

YEAR = 365 * 24 * 60 * 60  # seconds

#: What a page of Gradio's needs; all else is forbidden.
POLICY = {
    "default-src": "'self'",
    # Gradio makes functions of text: of our js_on_load and js=, and of the templates of gr.HTML. Its inline scripts are not let
    # through as such, but each by its hash, so that one which somebody smuggles in does not run.
    "script-src": "'self' 'unsafe-eval'",
    "style-src": "'self' 'unsafe-inline'",  # Svelte and Gradio's theme set styles on elements, and add <style>
    "img-src": "'self' data: blob:",  # icons in Gradio's styles; pictures that somebody is about to upload
    "media-src": "'self' blob:",  # the camera's picture before it is taken
    "font-src": "'self' data:",
    "connect-src": "'self'",
    "worker-src": "'self'",
    "manifest-src": "'self'",
    "frame-src": "'none'",
    "object-src": "'none'",
    "base-uri": "'self'",
    "form-action": "'self'",
}
#: The page where one signs in has no script at all.
BARE = "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; form-action 'self'"
#: A file that somebody made is opened by nothing of the studio.
SANDBOX = "sandbox; default-src 'none'"
PERMISSIONS = {
    **dict.fromkeys(("camera", "fullscreen", "clipboard-write"), "(self)"),  # a picture to go on from; looking closely; copying
    **dict.fromkeys(
        ("accelerometer", "autoplay", "display-capture", "geolocation", "gyroscope", "magnetometer", "microphone", "midi"), "()"
    ),
    **dict.fromkeys(("payment", "publickey-credentials-get", "screen-wake-lock", "usb", "xr-spatial-tracking"), "()"),
}
_INLINE = re.compile(r"<script(?P<attributes>(?:\s[^>]*)?)>(?P<code>.*?)</script>", re.DOTALL | re.IGNORECASE)
_SRC = re.compile(r"\ssrc\s*=", re.IGNORECASE)


def headers_of(secure: bool, ancestors: Iterable[str] = ()) -> dict[str, str]:
    """The headers of every answer. ``secure``: it goes by https. ``ancestors``: sites that may show the studio in a frame."""
    framing = " ".join(("'self'", *ancestors))
    headers = {
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "same-origin",  # a story's id is in the address, and is what lets others look at it
        "Content-Security-Policy": _written({**POLICY, "frame-ancestors": framing}),
        "Permissions-Policy": ", ".join(f"{what}={who}" for what, who in PERMISSIONS.items()),
    }
    if framing == "'self'":
        headers["X-Frame-Options"] = "SAMEORIGIN"  # for browsers that do not know frame-ancestors; it can name no other site
    if secure:
        headers["Strict-Transport-Security"] = f"max-age={YEAR}"
    return headers


def allowing(policy: str, page: str) -> str:
    """The policy, that lets the inline scripts which the page has now run, each by its hash."""
    hashes = dict.fromkeys(
        base64.b64encode(hashlib.sha256(inline["code"].encode()).digest()).decode()
        for inline in _INLINE.finditer(page)
        if not _SRC.search(inline["attributes"])
    )
    sources = " ".join(f"'sha256-{each}'" for each in hashes)
    return policy.replace("script-src 'self'", f"script-src 'self' {sources}", 1) if sources else policy


def _written(policy: Mapping[str, str]) -> str:
    return "; ".join(f"{what} {sources}" for what, sources in policy.items())
