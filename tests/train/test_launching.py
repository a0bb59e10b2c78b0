"""What is printed to start a training on many GPUs is what accelerate reads, and what this command line takes."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Any

import pytest
import yaml
from accelerate.commands.config.config_args import ClusterConfig
from accelerate.commands.launch import launch_command_parser
from typer.testing import CliRunner

from train.cli import app
from train.launching import launch, launch_with_server

FOLDER = Path("train/launch")
WANTED = {"fsdp2": ("FSDP", 8), "zero3": ("DEEPSPEED", 8), "lora-24gb": ("NO", 1)}


@pytest.mark.parametrize("name", WANTED)
def test_accelerate_reads_every_configuration_whole(name: str) -> None:
    config = ClusterConfig.from_yaml_file(str(FOLDER / f"{name}.yaml"))  # refuses keys that it does not know
    assert (config.distributed_type, config.num_processes, config.mixed_precision) == (*WANTED[name], "bf16")


def test_every_configuration_is_tested() -> None:
    assert {path.stem for path in FOLDER.glob("*.yaml")} == set(WANTED)


def test_fsdp_shards_by_version_two_and_keeps_the_frozen_tower_whole() -> None:
    said: dict[str, Any] = yaml.safe_load((FOLDER / "fsdp2.yaml").read_text())["fsdp_config"]
    assert said["fsdp_version"] == 2
    assert said["fsdp_ignored_modules"] == r"model\.visual"


@pytest.mark.parametrize(("gpus", "config"), [(1, "lora-24gb"), (8, "fsdp2")])
def test_what_is_printed_is_what_accelerate_takes(gpus: int, config: str) -> None:
    words = shlex.split(launch("sft", {"role": "critic", "data": "my data", "lora": True, "epochs": None}, gpus))
    assert words[:2] == ["accelerate", "launch"]
    told = launch_command_parser().parse_args(words[2:])
    assert told.num_processes == gpus
    assert told.module
    assert Path(told.config_file).stem == config
    assert Path(told.config_file).is_file()
    assert told.training_script == "train"
    assert told.training_script_args == ["sft", "--role", "critic", "--data", "my data", "--lora"]


def test_a_server_of_rollouts_has_its_own_gpus() -> None:
    server, trainer = (line for line in launch_with_server("grpo", {}, 8, "some/model").splitlines() if line[0] != "#")
    assert server.startswith("CUDA_VISIBLE_DEVICES=6,7 VLLM_SERVER_DEV_MODE=1 vllm serve some/model --tensor-parallel-size 2")
    assert trainer.startswith("CUDA_VISIBLE_DEVICES=0,1,2,3,4,5 accelerate launch")
    assert "--num_processes 6" in trainer
    with pytest.raises(ValueError, match="too few"):
        launch_with_server("grpo", {}, 1, "some/model")


def test_the_printed_command_runs_here(tmp_path: Path) -> None:
    asked = ["sft", "--role", "critic", "--model", "pocket", "--data", str(tmp_path), "--out", str(tmp_path / "out")]
    printed = CliRunner().invoke(app, [*asked, "--no-lora", "--rate", "0.001", "--print-launch", "8"])
    assert printed.exit_code == 0
    words = shlex.split(printed.stdout)
    again = words[words.index("train") + 1 :]
    assert again[:9] == asked
    assert CliRunner().invoke(app, [*again, "--print-launch", "8"]).stdout == printed.stdout
