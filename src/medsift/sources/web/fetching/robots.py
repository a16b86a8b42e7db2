"""robots.txt: what a site asks machines to leave alone (RFC 9309)."""

from __future__ import annotations

import contextlib
import json
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from medsift.core.errors import FetchError, InputError, NotFoundError
from medsift.sources.web.fetching.errors import ForbiddenAddressError, RefusedError, RobotsError
from medsift.sources.web.fetching.locks import HostLocks

if TYPE_CHECKING:
    import httpx
    from protego import Protego

AGENT = "medsift"
"""Product token, as sites name it in robots.txt."""

_LONGEST_DELAY = 10.0
_KEPT_SECONDS = 24 * 3600.0  # RFC 9309, section 2.4: no longer than a day
_FAULT_KEPT_SECONDS = 300.0


@dataclass(frozen=True, slots=True)
class _Rules:
    """What is known of a site: its rules, or why they cannot be read; and until when."""

    parsed: Protego | None
    fault: str
    until: float


class Robots:
    """Asks the robots.txt of each site once.

    Parameters
    ----------
    fetch : callable
        Gives the content at an address, without looking at any robots.txt.
    host_locks : HostLocks, optional
        Where other processes ask the same sites, what they share: one of them asks for all.
    clock : callable
        The time, in seconds.
    """

    def __init__(
        self,
        fetch: Callable[[str], bytes],
        host_locks: HostLocks | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._fetch = fetch
        self._host_locks = host_locks
        self._clock = clock
        self._rules: dict[str, _Rules] = {}
        self._locks: dict[str, threading.Lock] = {}
        self._lock = threading.Lock()

    def check(self, target: httpx.URL) -> float:
        """Check an address against the rules of its site.

        Returns
        -------
        float
            Seconds that the site wants between two requests.

        Raises
        ------
        RobotsError
            The rules forbid the address to medsift.
        FetchError
            There may be rules, but they cannot be read.
        ForbiddenAddressError
            The site may not be spoken to at all.
        """
        rules = self._of_site(f"{target.scheme}://{target.netloc.decode('ascii')}")
        if rules.parsed is None:
            # RFC 9309, section 2.3.1.4: what cannot be reached forbids everything. It is a
            # failure all the same, not a wish of the site: most often all of it is down.
            raise FetchError(f"robots.txt of {target.host} cannot be read: {rules.fault}")
        if not rules.parsed.can_fetch(str(target), AGENT):
            raise RobotsError(f"robots.txt of {target.host} forbids {target.path[:200]}")
        return min(float(rules.parsed.crawl_delay(AGENT) or 0.0), _LONGEST_DELAY)

    def _of_site(self, site: str) -> _Rules:
        with self._lock:
            lock = self._locks.setdefault(site, threading.Lock())
        with lock:
            known = self._rules.get(site)
            if known is None or self._clock() >= known.until:
                known = self._rules[site] = self._parsed(*self._read(site))
            return known

    def _parsed(self, text: str, fault: str) -> _Rules:
        from protego import Protego

        parsed = None if fault else Protego.parse(text)
        return _Rules(
            parsed, fault, self._clock() + (_FAULT_KEPT_SECONDS if fault else _KEPT_SECONDS)
        )

    def _read(self, site: str) -> tuple[str, str]:
        """Text of the rules and why they cannot be read; one of both is empty."""
        if self._host_locks is None:
            return self._ask(site)
        path = self._host_locks.path(site, "robots")
        with self._host_locks.place(f"robots of {site}"):
            try:
                text, fault = map(str, json.loads(path.read_text("utf-8")))
                kept = _FAULT_KEPT_SECONDS if fault else _KEPT_SECONDS
                if time.time() - path.stat().st_mtime < kept:
                    return text, fault
            except (OSError, ValueError):
                pass  # nobody has asked yet, or was killed before the end
            answer = self._ask(site)
            with contextlib.suppress(OSError):
                path.write_text(json.dumps(answer), "utf-8")
            return answer

    def _ask(self, site: str) -> tuple[str, str]:
        try:
            return self._fetch(f"{site}/robots.txt").decode("utf-8", "replace"), ""
        except ForbiddenAddressError:
            raise
        except (NotFoundError, RefusedError):
            return "", ""  # RFC 9309, section 2.3.1.3: a site without rules forbids nothing
        except InputError as error:
            return "", str(error) or type(error).__name__
