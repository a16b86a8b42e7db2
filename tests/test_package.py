"""What users of the installed package may rely on."""

from __future__ import annotations

import importlib.metadata
import marshal
import re
import subprocess
import sys
import tokenize
from collections.abc import Iterable
from pathlib import Path

import pytest
from packaging.requirements import Requirement

import medsift

ROOT = Path(__file__).resolve().parents[1]
MAX_CORE_BYTES = 280 * 2**20
"""Of the core install, as ``du -m`` counts them: whole blocks, folders and bytecode included."""
BLOCK = 4096
MAX_MODULE_LINES = 400


def run(code: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True
    )
    return done.stdout


def test_the_public_names_are_all_there() -> None:
    for name in medsift.__all__:
        assert getattr(medsift, name) is not None
    assert set(medsift.__all__) <= set(dir(medsift))


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = medsift.nothing


def test_help_imports_nothing_heavy() -> None:
    heavy = ["numpy", "PIL", "onnxruntime", "pypdfium2", "pydicom", "pypdf", "httpx", "torch"]
    loaded = run(
        "import sys\n"
        "from medsift.cli import main\n"
        "try:\n    main(['scan', '--help'])\nexcept SystemExit:\n    pass\n"
        f"print('loaded:', [name for name in {heavy!r} if name in sys.modules])"
    )
    assert "--threshold" in loaded
    assert "loaded: []" in loaded


def test_the_parent_of_workers_loads_nothing_that_it_does_not_use() -> None:
    heavy = ["numpy", "PIL", "onnxruntime", "pypdfium2", "httpx"]
    loaded = run(
        "import sys, medsift.pipeline.local, medsift.pipeline.scan, medsift.cli.display\n"
        f"print([name for name in {heavy!r} if name in sys.modules])"
    )
    assert loaded.strip() == "[]"


def test_the_main_job_needs_no_torch() -> None:
    loaded = run(
        "import sys, medsift.pipeline.worker, medsift.cli.scan, medsift.classify\n"
        "import medsift.sources.registry, medsift.evaluation.cli\n"
        "print([name for name in ('torch', 'torchvision', 'timm', 'medsift.training')"
        " if name in sys.modules])"
    )
    assert loaded.strip() == "[]"


def _on_disk(sizes: Iterable[int]) -> int:
    return sum(-(-size // BLOCK) * BLOCK for size in sizes)


def _distributions(requirement: Requirement, seen: dict[str, int]) -> None:
    name = re.sub(r"[-_.]+", "-", requirement.name).lower()
    if name in seen or (requirement.marker and not requirement.marker.evaluate({"extra": ""})):
        return
    distribution = importlib.metadata.distribution(name)
    # What pip compiled is in the list of files, too.
    files = [Path(str(file.locate())) for file in distribution.files or []]
    files = [file for file in files if file.is_file()]
    folders = {file.parent for file in files}
    seen[name] = _on_disk(file.stat().st_size for file in files) + BLOCK * len(folders)
    for text in distribution.requires or []:
        _distributions(Requirement(text), seen)


def _size_of_medsift() -> int:
    """Size as installed: with bytecode, which a checkout may lack."""
    total = 0
    for path in Path(medsift.__file__).parent.rglob("*"):
        if "__pycache__" in path.parts:
            continue
        total += BLOCK if path.is_dir() else _on_disk([path.stat().st_size])
        if path.suffix == ".py":
            code = compile(path.read_bytes(), str(path), "exec")
            total += _on_disk([16 + len(marshal.dumps(code))])
            total += BLOCK if path.name == "__init__.py" else 0
    return total


@pytest.mark.skipif(
    sys.version_info < (3, 11), reason="ONNX Runtime's last release for 3.10 needs SymPy, 75 MB"
)
def test_the_core_install_is_small_and_without_torch() -> None:
    seen: dict[str, int] = {}
    for text in importlib.metadata.distribution("medsift").requires or []:
        _distributions(Requirement(text), seen)
    seen["medsift"] = _size_of_medsift()
    assert not {"torch", "timm", "pyarrow", "pandas"} & set(seen)
    assert sum(seen.values()) <= MAX_CORE_BYTES, sorted(seen.items(), key=lambda kv: -kv[1])


def test_no_module_grows_past_its_ceiling() -> None:
    lengths = {
        str(path.relative_to(ROOT)): len(path.read_text(encoding="utf-8").splitlines())
        for folder in ("src", "demo", "scripts", "benchmarks")
        for path in (ROOT / folder).rglob("*.py")
    }
    assert {name: n for name, n in lengths.items() if n > MAX_MODULE_LINES} == {}


def test_no_source_names_a_path_of_somebodys_machine() -> None:
    pattern = re.compile(r"/(?:home|work|Users|root)/")
    found = []
    for path in (ROOT / "src").rglob("*.py"):
        with tokenize.open(path) as file:
            found += [f"{path}:{i}" for i, line in enumerate(file, 1) if pattern.search(line)]
    assert found == []
