"""Which addresses may be spoken to: those of the public internet.

A page chooses what its reader fetches. Without a guard it could point the reader at services
inside the reader's own network (server-side request forgery). Names are therefore resolved
here, once, and a connection is made to the very address that was checked: a name server that
gives another answer the second time (DNS rebinding) is never asked a second time.

Sources of the forbidden networks: IANA IPv4 and IPv6 Special-Purpose Address Registries
(RFC 6890), RFC 4291, RFC 6052, RFC 5214, and the metadata services of cloud providers.
"""

from __future__ import annotations

import re
import socket
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address, ip_network
from typing import TypeAlias

from medsift.core.errors import NotFoundError
from medsift.sources.web.fetching.errors import ForbiddenAddressError
from medsift.sources.web.fetching.lookup import Resolver, look_up

IPAddress: TypeAlias = IPv4Address | IPv6Address
_MOST_ADDRESSES = 16
_LOOKUP_SECONDS = 10.0
_SCHEMES = frozenset({"http", "https"})

# What allow_private opens.
_PRIVATE = {
    ip_network("10.0.0.0/8"): "private",
    ip_network("172.16.0.0/12"): "private",
    ip_network("192.168.0.0/16"): "private",
    ip_network("100.64.0.0/10"): "shared",
    ip_network("127.0.0.0/8"): "loopback",
    ip_network("::1/128"): "loopback",
    ip_network("fc00::/7"): "private",
}
# What nothing opens. The more telling names come first.
_NEVER = {
    ip_network("169.254.169.254/32"): "cloud metadata",
    ip_network("169.254.170.2/32"): "cloud metadata",
    ip_network("100.100.100.200/32"): "cloud metadata",
    ip_network("168.63.129.16/32"): "cloud metadata",
    ip_network("192.0.0.192/32"): "cloud metadata",
    ip_network("fd00:ec2::/32"): "cloud metadata",
    ip_network("fd20:ce::254/128"): "cloud metadata",
    ip_network("0.0.0.0/8"): "unspecified",
    ip_network("169.254.0.0/16"): "link-local",
    ip_network("192.0.0.0/24"): "reserved",
    ip_network("192.0.2.0/24"): "reserved",
    ip_network("192.88.99.0/24"): "reserved",
    ip_network("198.18.0.0/15"): "reserved",
    ip_network("198.51.100.0/24"): "reserved",
    ip_network("203.0.113.0/24"): "reserved",
    ip_network("224.0.0.0/4"): "multicast",
    ip_network("240.0.0.0/4"): "reserved",
    ip_network("::/128"): "unspecified",
    ip_network("fe80::/10"): "link-local",
    ip_network("fec0::/10"): "site-local",
    ip_network("ff00::/8"): "multicast",
    ip_network("2001::/32"): "Teredo",
    ip_network("2001::/23"): "reserved",
    ip_network("2001:db8::/32"): "reserved",
    ip_network("2002::/16"): "6to4",
    ip_network("3fff::/20"): "reserved",
}
_GLOBAL_UNICAST = IPv6Network("2000::/3")
_NAT64 = IPv6Network("64:ff9b::/96")
_LOCAL_NAMES = ("localhost", "local", "localdomain", "internal", "intranet", "home.arpa")
_NUMBER = re.compile(r"0[xX][0-9a-fA-F]*|[0-9]+")


def system_resolver(host: str, port: int) -> list[str]:
    """Ask the operating system for the addresses of a host."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(entry[4][0]) for entry in found]


@dataclass(frozen=True, slots=True)
class Guard:
    """Decides what may be spoken to.

    Attributes
    ----------
    allow_private : bool
        Let private and loopback addresses pass.
    ports : tuple of int
        Ports that may be spoken to.
    resolve : callable
        Gives the addresses of a host name.
    """

    allow_private: bool = False
    ports: tuple[int, ...] = (80, 443)
    resolve: Resolver = system_resolver

    def check_target(self, scheme: str, host: str, port: int) -> None:
        """Check what the text of an address tells, before any name is looked up.

        Raises
        ------
        ForbiddenAddressError
            Another scheme than http and https, another port than allowed, no host, a host
            name that is local by definition, or an IP address that is forbidden.
        """
        if scheme not in _SCHEMES:
            raise ForbiddenAddressError(f"only http and https are fetched, not {scheme or 'this'}")
        if port not in self.ports:
            raise ForbiddenAddressError(f"port {port} is not among those that may be spoken to")
        literal = parse_literal(host)
        if literal is not None:
            self.check(literal)
        elif not self.allow_private and _is_local_name(host):
            raise ForbiddenAddressError(f"{host or 'an empty name'} is a local name")

    def addresses(self, host: str, port: int, seconds: float = _LOOKUP_SECONDS) -> list[IPAddress]:
        """Resolve a host, once, and check all that it resolves to.

        One forbidden address among several forbids the host: no honest site mixes them.

        Parameters
        ----------
        host : str
        port : int
        seconds : float
            Time limit of the lookup.

        Raises
        ------
        ForbiddenAddressError
            An address is forbidden.
        NotFoundError
            The name does not resolve.
        SlowError
            There is no answer in time.
        """
        literal = parse_literal(host)
        if literal is not None:
            self.check(literal)
            return [literal]
        try:
            answers = list(dict.fromkeys(look_up(self.resolve, host, port, seconds)))
        except (OSError, UnicodeError) as error:
            raise NotFoundError(f"there is no host {host}") from error
        found = [_parsed(answer, host) for answer in answers]
        if not found:
            raise NotFoundError(f"there is no host {host}")
        for address in found:
            self.check(address)
        return found[:_MOST_ADDRESSES]

    def check(self, address: IPAddress) -> None:
        """Check one address.

        Raises
        ------
        ForbiddenAddressError
            It is none of the public internet, and is not allowed otherwise.
        """
        reason = _reason(address, allow_private=self.allow_private)
        if reason:
            raise ForbiddenAddressError(f"{address} is a {reason} address")


def parse_literal(host: str) -> IPAddress | None:
    """Read an IP address in any notation that some system takes for one.

    Besides the usual forms: octal, hexadecimal and decimal numbers, and fewer than four of
    them (inet_aton; URL Standard, section 3.5 "host parsing").

    Returns
    -------
    IPv4Address or IPv6Address or None
        None for a name.

    Raises
    ------
    ForbiddenAddressError
        It has a zone (``fe80::1%eth0``), or ends in a number without being an address.
    """
    text = host.strip("[]")
    if "%" in text:
        raise ForbiddenAddressError(f"{host} names a network interface")
    try:
        return ip_address(text)
    except ValueError:
        pass
    parts = text.removesuffix(".").split(".")
    if not _NUMBER.fullmatch(parts[-1]):
        return None
    numbers = [_number(part) for part in parts]
    if len(numbers) <= 4 and all(number <= 0xFF for number in numbers[:-1]):
        last = numbers[-1]
        if last < 256 ** (5 - len(numbers)):
            head = sum(n << (8 * (3 - place)) for place, n in enumerate(numbers[:-1]))
            return IPv4Address(head + last)
    raise ForbiddenAddressError(f"{host} is no valid IP address")


def _number(text: str) -> int:
    """Value of one part of a dotted address; one that is none is too large for any place."""
    bad = 1 << 64
    if not _NUMBER.fullmatch(text) or len(text) > 32:
        return bad
    if text[:2].lower() == "0x":
        return int(text[2:] or "0", 16)
    if len(text) > 1 and text[0] == "0":
        return int(text, 8) if set(text) <= set("01234567") else bad
    return int(text)


def _parsed(answer: str, host: str) -> IPAddress:
    try:
        return ip_address(answer)
    except ValueError as error:  # link-local answers carry a zone, and Python may not know it
        raise ForbiddenAddressError(f"{host} resolves to {answer[:60]}") from error


def _reason(address: IPAddress, *, allow_private: bool) -> str:
    """Why the address is forbidden; empty where it is not."""
    if isinstance(address, IPv6Address):
        if address.scope_id is not None:
            return "zoned"
        inner = _embedded(address)
        if inner is not None:
            within = _reason(inner, allow_private=allow_private)
            return f"{within} (as {inner})" if within else ""
    for network, name in _NEVER.items():
        if address in network:
            return name
    for network, name in _PRIVATE.items():
        if address in network:
            return "" if allow_private else name
    if isinstance(address, IPv6Address) and address not in _GLOBAL_UNICAST:
        return "reserved"
    return ""


def _embedded(address: IPv6Address) -> IPv4Address | None:
    """The IPv4 address that packets to this address end up at, where there is one."""
    if address.ipv4_mapped is not None:
        return address.ipv4_mapped
    low = int(address) & 0xFFFFFFFF
    if address in _NAT64:
        return IPv4Address(low)
    # ISATAP, RFC 5214 section 6.1: the interface identifier is 0000:5efe or 0200:5efe.
    if (int(address) >> 32) & 0xFCFFFFFF == 0x00005EFE and address in _GLOBAL_UNICAST:
        return IPv4Address(low)
    return None


def _is_local_name(host: str) -> bool:
    name = host.lower().rstrip(".")
    # A name without a dot is completed from the search list of this machine.
    return "." not in name or any(name == n or name.endswith(f".{n}") for n in _LOCAL_NAMES)
