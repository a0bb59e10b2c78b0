"""The floors of the house: imports go strictly down, the two houses never meet, and the front doors stay light."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent

#: Module prefix -> floor; the longest prefix that matches counts. A module may import lower floors, and its own room.
FLOORS = {
    "core.types": 0,
    "core.errors": 0,
    "core.events": 1,
    "core.ports": 1,
    "core.pocket": 1,
    "core.trajectory": 2,
    "core.policy": 2,
    "core.commands": 2,
    "core.decide": 2,
    "core.dialect": 2,
    "core.reviewing": 2,
    "core.agreement": 2,
    "core.differences": 2,
    "core.engine": 3,
    "core.story": 3,
    "core.scheduler": 3,
    "core.recent": 3,
    "core.folders": 4,
    "core.images": 4,
    "core.pictures": 4,
    "core.store": 4,
    "core.storyfile": 4,
    "core.settings": 4,
    "core.profiles": 4,
    "core.casting": 4,
    "core.cluster": 4,
    "core.backends": 4,
    "studio": 5,
    "train": 5,
    "train.cli": 6,
    "app": 6,
}
#: Modules of one floor that may import each other, in this direction.
SAME_FLOOR = {
    ("core.events", "core.types"),
    ("core.agreement", "core.reviewing"),
    ("core.policy", "core.trajectory"),
    ("core.decide", "core.commands"),
    ("core.decide", "core.trajectory"),
    ("core.scheduler", "core.engine"),
    ("core.scheduler", "core.story"),
    ("core.images", "core.folders"),
    ("core.images", "core.pictures"),
    ("core.store", "core.folders"),
    ("core.store", "core.images"),
    ("core.storyfile", "core.pictures"),
    ("core.storyfile", "core.store"),
    ("core.profiles", "core.backends"),
    ("core.cluster", "core.backends"),
    ("core.casting", "core.backends"),
    ("core.casting", "core.profiles"),
    ("core.cluster", "core.casting"),
    ("core.cluster", "core.profiles"),
    ("core.profiles", "core.settings"),
}
#: Third parties that only these places may import.
KEPT_TO = {
    "gradio": ("studio",),
    "trl": ("train",),
    "torch": ("core.backends", "train"),
    "diffusers": ("core.backends", "train"),
    "transformers": ("core.backends", "train"),
    "sqlmodel": ("core.store",),
    "sqlalchemy": ("core.store",),
    "psycopg": ("core.store.postgres",),
    "ray": ("core.backends.ray",),
}


def modules() -> list[tuple[str, Path]]:
    paths = [ROOT / "app.py", *sorted(p for top in ("core", "studio", "train") for p in (ROOT / top).rglob("*.py"))]
    return [(".".join(p.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"), p) for p in paths]


def imports(path: Path) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: imports are absolute"
            found |= {node.module or ""} | {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def room(module: str) -> str | None:
    """The longest prefix of ``module`` that has a floor."""
    fitting = [prefix for prefix in FLOORS if module == prefix or module.startswith(prefix + ".")]
    return max(fitting, key=len, default=None)


@pytest.mark.parametrize(("module", "path"), modules(), ids=[name for name, _ in modules()])
def test_imports_go_strictly_down(module: str, path: Path) -> None:
    if module == "core":
        assert not imports(path) - {"__future__", "__future__.annotations"}
        return
    own = room(module)
    assert own is not None, f"{module} has no floor: put it into the table, or into a room that has one"
    for name in imports(path):
        other = room(name)
        if other is None or other == own:
            continue
        if own.startswith("train") and other.startswith("train"):
            continue
        allowed = FLOORS[other] < FLOORS[own] or (own, other) in SAME_FLOOR
        assert allowed, f"{module} (floor {FLOORS[own]}) imports {name} (floor {FLOORS[other]})"


@pytest.mark.parametrize(("module", "path"), modules(), ids=[name for name, _ in modules()])
def test_the_two_houses_never_meet(module: str, path: Path) -> None:
    tops = {name.split(".")[0] for name in imports(path)}
    if module.startswith("studio"):
        assert "train" not in tops
    if module.startswith("train"):
        assert "studio" not in tops
    if module.startswith("core"):
        assert not tops & {"studio", "train", "app"}


@pytest.mark.parametrize(("module", "path"), modules(), ids=[name for name, _ in modules()])
def test_heavy_libraries_stay_in_their_rooms(module: str, path: Path) -> None:
    for name in {name.split(".")[0] for name in imports(path)} & set(KEPT_TO):
        assert module.startswith(KEPT_TO[name]), f"{module} imports {name}"


def test_importing_core_loads_no_torch() -> None:
    rules = "core.scheduler, core.commands, core.dialect, core.store, core.images, core.settings, core.casting"
    code = f"import sys, {rules}; sys.exit('torch' in sys.modules or 'transformers' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode == 0


@pytest.mark.parametrize("door", [["app.py"], ["-m", "train"]])
def test_help_answers_without_loading_the_heavy_libraries(door: list[str]) -> None:
    code = (
        "import runpy, sys\n"
        f"sys.argv = [{door[-1]!r}, '--help']\n"
        "try:\n"
        f"    runpy.{'run_module' if len(door) > 1 else 'run_path'}({door[-1]!r}, run_name='__main__')\n"
        "except SystemExit as exit:\n"
        "    assert not exit.code\n"
        "heavy = {'torch', 'gradio', 'transformers', 'diffusers'} & set(sys.modules)\n"
        "sys.exit(str(heavy) if heavy else 0)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "Usage" in done.stdout


def test_only_the_agreed_top_level_exists() -> None:
    tracked = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.split("\n")
    tops = {line.split("/")[0] for line in tracked if line}
    agreed = {"app.py", "studio", "core", "train", "assets", "tests", "requirements.txt", "README.md"}
    usual = {
        "Makefile",
        "LICENSE",
        "CONTRIBUTING.md",
        ".ci",
        ".gitignore",
        ".ruff.toml",
        ".pytest.ini",
        ".pre-commit-config.yaml",
    }
    assert tops <= agreed | usual, f"{tops - agreed - usual} should not be at the top level"
