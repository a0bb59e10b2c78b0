"""A model on a server, as tests ask it: its address is a service of ours, and it has little patience."""

from __future__ import annotations

from typing import Any

from PIL import Image

from core.backends.openai import Address, Patience, ServedVlm
from core.dialect import Pack
from tests.core.backends.service import Service

PACK = Pack(name="test", planner="{{images}}{{request}}", critic="<image><image>{{prompt}} / {{current}}", painter="{{prompt}}")
RED, BLUE = (Image.new("RGB", (40, 40), colour) for colour in ("red", "blue"))
QUICK = Patience(seconds=10, connect=2, quiet=2, tries=4, pause=0.01, longest=0.02)


def vlm(service: Service, **more: Any) -> ServedVlm:
    return ServedVlm(Address(service.url, "some/model"), **{"patience": QUICK} | more)
