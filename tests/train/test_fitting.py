"""How large models are, and how they share a card: worked out from their published shapes, with no weights and no card."""

from __future__ import annotations

import pytest
import torch
from typer.testing import CliRunner

from core.backends.memory import GB
from core.profiles import Profile, available_profiles, load_profile
from train.cli import app
from train.fitting import PRESETS, preset
from train.sizes import Part, parts_of, shared


@pytest.mark.parametrize(
    ("profile", "gb"),
    [
        # Model cards and PERFORMANCE, A1; the text encoders without what klein never reads.
        ("klein-4b", {"planner": [8.9], "painter": [6.2, 7.8, 0.2], "critic": [8.9]}),
        ("interleavethinker", {"planner": [17.5], "painter": [11.7, 18.2, 0.2], "critic": [17.5]}),
        ("qwen-image-edit", {"planner": [17.5], "painter": [16.6, 40.9, 0.3], "critic": [17.5]}),
    ],
)
def test_published_models_are_as_large_as_their_cards_say(profile: str, gb: dict[str, list[float]]) -> None:
    parts = parts_of(load_profile(profile))
    assert {agent: [round(part.size / GB, 1) for part in own] for agent, own in parts.items()} == gb
    assert {part.token for part in parts["critic"]} == {147_456}
    assert torch.get_default_device() == torch.device("cpu")


@pytest.mark.parametrize(("card", "profile"), PRESETS.items())
def test_every_preset_fits_its_card_with_room_for_its_calls(card: int, profile: str) -> None:
    wanted = load_profile(profile)
    on = shared(parts_of(wanted), card * GB)
    assert on.fits
    assert on.inside <= on.most <= card * GB - min(6 * GB, card * GB // 4)
    assert wanted.memory_gb <= card
    assert on.together == (card == 80)
    assert on.moved == 0 if on.together else 0 < on.moved <= on.weights


@pytest.mark.parametrize("profile", available_profiles(), ids=lambda profile: profile.name)
def test_every_profile_fits_a_card_of_the_size_that_it_says_it_needs(profile: Profile) -> None:
    assert shared(parts_of(profile), int(profile.memory_gb or 1) * GB).fits


@pytest.mark.parametrize(("profile", "card"), [("klein-4b", 11), ("interleavethinker", 24), ("qwen-image-edit", 46)])
def test_what_is_too_large_is_said_to_be(profile: str, card: int) -> None:
    assert not shared(parts_of(load_profile(profile)), card * GB).fits


def test_agents_that_share_a_base_are_counted_once_and_come_once() -> None:
    base, painter = Part("base", "weights", 8), Part("painter", "weights", 7)
    on = shared({"planner": [base], "painter": [painter], "critic": [base]}, card=12)
    assert (on.weights, on.inside, on.fits, on.together) == (15, 8, True, False)
    assert on.moved == 15, "each attempt, both come"


@pytest.mark.parametrize(("card", "profile"), [(8, "klein-4b"), (13, "klein-4b"), (24, "klein-4b"), (141, "interleavethinker")])
def test_a_card_between_two_presets_gets_the_smaller_one(card: int, profile: str) -> None:
    assert preset(card) == profile


def test_fewer_bits_make_the_products_smaller_and_leave_the_autoencoder_alone() -> None:
    profile = load_profile("klein-4b")
    sizes = {}
    for bits in (None, "int8", "nf4"):
        parts = parts_of(profile.model_copy(update={"painter": profile.painter.model_copy(update={"quantize": bits})}))
        sizes[bits] = {part.name: round(part.size / 1e9, 1) for part in parts["painter"]}
    assert sizes[None] == {"text_encoder": 6.2, "transformer": 7.8, "vae": 0.2}
    assert sizes["int8"] == {"text_encoder": 3.5, "transformer": 3.9, "vae": 0.2}
    assert sizes["nf4"]["transformer"] == 2.1


def test_the_command_shows_each_part_and_what_happens_on_each_card(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "120")
    shown = CliRunner().invoke(app, ["memory", "--profile", "klein-4b", "--card", "10", "--card", "24", "--card", "32"])
    assert shown.exit_code == 0
    lines = [line.replace(" ", "") for line in shown.stdout.splitlines()]
    assert "│painter│transformer│7.8││" in lines
    assert "│critic│weights│thesame│0.6│" in lines
    assert [line.split("│")[-2] for line in lines if "klein-4b│" in line] == ["toolarge", "theytaketurns", "allstay"]
    assert CliRunner().invoke(app, ["memory", "--profile", "nothing"]).exit_code == 1
