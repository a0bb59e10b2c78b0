"""Says where a profile's agents run: in this process, or in pools on the machines of a Ray cluster. Loads nothing by itself."""

from __future__ import annotations

from functools import partial

from core import casting
from core.casting import Models, build_agent
from core.ports import Agents, Painter
from core.profiles import Profile


def find_agents(profile: Profile, address: str | None, pools: str = "", models: Models | None = None) -> Agents:
    """The profile's agents: loaded here, as ``models`` has them, or pools of them on the Ray cluster of this address.

    ``pools`` says how large they are, as in ``planner=1,painter=4@0.5``. ``ProfileError`` if they can't be had.
    """
    if address is None:
        return models.agents(profile) if models else casting.build_agents(profile)
    from core.backends.ray import Pool, connect, sizes

    connect(address)
    planner, painter, critic = (Pool(partial(build_agent, profile, role), size) for role, size in sizes(pools).items())
    return Agents(planner, painter, critic, abreast=painter.members)


def find_painter(profile: Profile, address: str, pools: str = "") -> Painter:
    """The profile's painter alone, as a pool on a Ray cluster: what a trainer wants."""
    from core.backends.ray import Pool, connect, sizes

    connect(address)
    return Pool(partial(build_agent, profile, "painter"), sizes(pools)["painter"])
