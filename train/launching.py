"""The command line that starts a training on several GPUs. Only text: it starts nothing.

The configurations are accelerate's, in ``train/launch``.
"""

from __future__ import annotations

import shlex
from collections.abc import Mapping

SERVERS = 4  # one GPU in so many serves rollouts, where a server does


def launch(command: str, options: Mapping[str, object], gpus: int) -> str:
    """How to start ``command`` on this many GPUs."""
    return _accelerate(command, options, gpus, "")


def launch_with_server(command: str, options: Mapping[str, object], gpus: int, model: str) -> str:
    """As :func:`launch`, with a vLLM server of ``model`` on some of the GPUs; each trainer draws on its own.

    The server takes new weights over NCCL and pictures over its scale-out calls (TRAINING 5).
    """
    serving = max(1, gpus // SERVERS)
    if gpus <= serving:
        raise ValueError(f"{gpus} GPUs are too few for a trainer and a server of its rollouts")
    training = gpus - serving
    serve = [
        *("vllm", "serve", model, "--tensor-parallel-size", str(serving)),
        *("--weight-transfer-config", '{"backend":"nccl"}', "--logprobs-mode", "processed_logprobs", "--max-logprobs", "-1"),
        *("--enable-scale-out", "--max-model-len", "20480"),  # 16384 tokens of prompt and 4096 of reply
    ]
    server = f"CUDA_VISIBLE_DEVICES={_range(training, gpus)} VLLM_SERVER_DEV_MODE=1 {shlex.join(serve)}"
    trainer = _accelerate(command, options, training, f"CUDA_VISIBLE_DEVICES={_range(0, training)} ")
    return f"# rollouts, on {serving} of {gpus} GPUs\n{server} &\n# training, and a painter on each of its GPUs\n{trainer}"


def _accelerate(command: str, options: Mapping[str, object], gpus: int, where: str) -> str:
    config = "lora-24gb" if gpus == 1 else "fsdp2"
    words = ["accelerate", "launch", "--config_file", f"train/launch/{config}.yaml", "--num_processes", str(gpus)]
    return where + shlex.join([*words, "-m", "train", *command.split(), *_words(options)])


def _words(options: Mapping[str, object]) -> list[str]:
    words = []
    for name, value in options.items():
        flag = f"--{name.replace('_', '-')}"
        if value is True:
            words.append(flag)
        elif value is not None and value is not False:
            words += [flag, str(value)]
    return words


def _range(start: int, end: int) -> str:
    return ",".join(map(str, range(start, end)))
