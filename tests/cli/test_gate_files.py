"""The files that hooks and workflows read: their syntax, and what their steps do."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.classify.tiny_model import write_model
from tests.cli.test_gate import coloured

yaml = pytest.importorskip("yaml")
ROOT = Path(__file__).parents[2]
# As GitHub calls it for ``shell: bash``.
BASH = ("bash", "--noprofile", "--norc", "-eo", "pipefail")
STEP_KEYS = {
    "run": {"name", "id", "if", "run", "shell", "env", "working-directory", "continue-on-error"},
    "uses": {"name", "id", "if", "uses", "with", "env", "continue-on-error"},
}


@pytest.fixture(scope="module")
def action() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))
    return found


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A repository with pictures, and the command on the path."""
    write_model(tmp_path / "model")
    place = tmp_path / "checkout"
    (place / "my docs").mkdir(parents=True)
    coloured(place / "my docs" / "scan.png", (255, 0, 0))
    coloured(place / "photo.png", (0, 0, 255))
    command = tmp_path / "bin" / "medsift"
    command.parent.mkdir()
    command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m medsift "$@"\n')
    command.chmod(0o755)
    return place


def test_the_action_is_a_composite_one_as_github_reads_it(action: dict[str, Any]) -> None:
    assert {"name", "description", "runs"} <= set(action)
    assert set(action) <= {"name", "author", "description", "inputs", "outputs", "runs", "branding"}
    for name, given in action["inputs"].items():
        assert re.fullmatch(r"[A-Za-z_][\w-]*", name)
        assert set(given) <= {"description", "required", "default", "deprecationMessage"}
        assert all(isinstance(given[key], str) for key in ("description", "default"))
    assert set(action["runs"]) == {"using", "steps"}
    assert action["runs"]["using"] == "composite"
    for step in action["runs"]["steps"]:
        (what,) = {"run", "uses"} & set(step)
        assert set(step) <= STEP_KEYS[what]
        if what == "run":
            assert step["shell"] == "bash"
        else:
            assert re.fullmatch(r"[\w.-]+/[\w./-]+@[\w.-]+", step["uses"])


def test_expressions_of_the_action_name_its_inputs_and_stand_in_no_script(
    action: dict[str, Any],
) -> None:
    used = set()
    for step in action["runs"]["steps"]:
        assert "${{" not in step.get("run", ""), "an input must never become a part of a script"
        for value in (*step.get("env", {}).values(), *step.get("with", {}).values()):
            match = re.fullmatch(r"\$\{\{ inputs\.([\w-]+) \}\}", value)
            assert match, value
            used.add(match[1])
    assert used == set(action["inputs"])


def test_the_action_installs_the_commit_that_it_comes_from(action: dict[str, Any]) -> None:
    scripts = [step["run"] for step in action["runs"]["steps"] if "run" in step]
    assert re.search(r'pip install .*"\$GITHUB_ACTION_PATH"$', scripts[0])


@pytest.mark.skipif(sys.platform == "win32" or not shutil.which("bash"), reason="needs bash")
@pytest.mark.parametrize(
    ("paths", "options", "code", "told"),
    [
        (None, "", 5, "::error file=my docs/scan.png,title=medsift::my docs/scan.png: medical"),
        ("photo.png\n", "", 0, ""),
        ("\n  \nphoto.png\nmy docs\n\n", "--uncertain\n--failed\n", 5, "::error file=my docs/"),
        ("photo.png\nnowhere", "", 2, ""),
        (" \n", "", 2, "::error title=medsift::no paths are given"),
        ("photo.png", "--no-such-option", 2, ""),
        ("photo.png\n$(touch made)\n`touch made`\n; touch made", "", 2, ""),
    ],
)
def test_the_step_of_the_action_stops_what_is_medical(
    action: dict[str, Any],
    checkout: Path,
    paths: str | None,
    options: str,
    code: int,
    told: str,
) -> None:
    step = action["runs"]["steps"][-1]
    given = {name: each["default"] for name, each in action["inputs"].items()}
    given["options"] = f"--model={checkout.parent / 'model'}\n--workers=1\n{options}"
    if paths is not None:
        given["paths"] = paths
    script = checkout.parent / "step.sh"
    script.write_text(step["run"], encoding="utf-8")
    env = {name: given[value[len("${{ inputs.") : -3]] for name, value in step["env"].items()}
    bin_first = os.pathsep.join([str(checkout.parent / "bin"), os.environ["PATH"]])
    done = subprocess.run(
        [*BASH, str(script)],
        cwd=checkout,
        env={**os.environ, **env, "PATH": bin_first, "GITHUB_ACTIONS": "true"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == code, done.stderr
    assert done.stdout.startswith(told)
    assert bool(done.stdout) == bool(told)
    assert not (checkout / "made").exists()


def test_the_hook_is_one_as_pre_commit_reads_it() -> None:
    text = (ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8")
    (hook,) = yaml.safe_load(text)
    assert {"id", "name", "entry", "language"} <= set(hook)
    assert hook["entry"] == "medsift gate"
    assert hook["language"] == "python"
    assert hook["require_serial"] is True
    assert set(hook["stages"]) <= {"pre-commit", "pre-push", "manual", "pre-merge-commit"}
