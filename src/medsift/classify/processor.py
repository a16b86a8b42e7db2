"""What the processor can do, as far as the networks have to know."""

from __future__ import annotations

import platform
from pathlib import Path

_CPUINFO = Path("/proc/cpuinfo")
_X86 = frozenset({"x86_64", "amd64", "i386", "i686"})


def may_overflow(cpuinfo: Path = _CPUINFO) -> bool:
    """Whether sums of products of 8-bit numbers may overflow 16 bits.

    So they do on x86 processors without VNNI, if two products are added before they are widened.
    Where nothing is known of the processor, as on Windows, the answer is the careful one.

    Parameters
    ----------
    cpuinfo : Path
        Linux's description of the processors.
    """
    if platform.machine().lower() not in _X86:
        return False
    try:
        text = cpuinfo.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return True
    flags = [set(line.split()) for line in text.splitlines() if line.startswith("flags")]
    return not flags or not all({"avx512_vnni", "avx_vnni"} & found for found in flags)
