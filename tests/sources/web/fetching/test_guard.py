"""Attacks on the guard. No case opens a connection: a connector notes what it is asked for."""

from __future__ import annotations

from ipaddress import IPv4Address, ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from medsift.core.errors import FetchError, InputError, NotFoundError
from medsift.sources.web.fetching.errors import ForbiddenAddressError
from medsift.sources.web.fetching.guard import Guard, parse_literal
from medsift.sources.web.options import WebOptions
from tests.sources.web.network import Network, http

PUBLIC = "93.184.215.14"

FORBIDDEN_HOSTS = [
    # Loopback, in every notation.
    "127.0.0.1",
    "127.1",
    "127.0.1",
    "127.255.255.254",
    "2130706433",
    "0x7f000001",
    "0x7f.0.0.1",
    "0x7f.1",
    "0177.0.0.1",
    "017700000001",
    "0177.0x0.0.1",
    "127.0.0.1.",
    "[::1]",
    "[0:0:0:0:0:0:0:1]",
    "[::ffff:127.0.0.1]",
    "[::ffff:7f00:1]",
    "[::127.0.0.1]",
    "[::ffff:0:127.0.0.1]",
    # Unspecified: many systems take it for loopback.
    "0.0.0.0",
    "0",
    "0x0",
    "0.1.2.3",
    "[::]",
    # Private and shared.
    "10.0.0.1",
    "10.1",
    "012.0.0.1",
    "172.16.0.1",
    "172.31.255.255",
    "192.168.0.1",
    "192.168.257",
    "3232235521",
    "100.64.0.1",
    "[fc00::1]",
    "[fd12:3456:789a::1]",
    "[::ffff:10.0.0.1]",
    # Link-local, and the metadata services of clouds.
    "169.254.1.1",
    "169.254.169.254",
    "2852039166",
    "0xa9fea9fe",
    "0251.0376.0251.0376",
    "169.254.43518",
    "[::ffff:169.254.169.254]",
    "[::ffff:a9fe:a9fe]",
    "169.254.170.2",
    "100.100.100.200",
    "168.63.129.16",
    "192.0.0.192",
    "[fd00:ec2::254]",
    "[fd20:ce::254]",
    "[fe80::1]",
    "[fec0::1]",
    # Multicast, broadcast, reserved.
    "224.0.0.1",
    "239.255.255.250",
    "255.255.255.255",
    "240.0.0.1",
    "192.0.2.1",
    "198.18.0.1",
    "198.51.100.1",
    "203.0.113.1",
    "192.88.99.1",
    "[ff02::1]",
    "[2001:db8::1]",
    "[3fff::1]",
    "[100::1]",
    "[5f00::1]",
    "[4000::1]",
    # IPv4 within IPv6: 6to4, NAT64, Teredo, ISATAP.
    "[2002:7f00:1::1]",
    "[2002:0a00:0001::]",
    "[64:ff9b::127.0.0.1]",
    "[64:ff9b::a9fe:a9fe]",
    "[64:ff9b::10.0.0.1]",
    "[64:ff9b:1::1]",
    "[2001:0:7f00:1::1]",
    "[2001:10::1]",
    "[2600:1::5efe:10.0.0.1]",
    "[2600:1::200:5efe:127.0.0.1]",
    # Names that are local by definition.
    "localhost",
    "LOCALHOST",
    "localhost.",
    "a.localhost",
    "printer.local",
    "metadata.google.internal",
    "intranet",
    "router.home.arpa",
]

SCHEMES = [
    "file:///etc/passwd",
    "ftp://example.org/a",
    "gopher://example.org/a",
    "dict://example.org:11211/stat",
    "unix:///var/run/docker.sock",
    "jar:http://example.org!/a",
    "javascript:alert(1)",
    "data:text/html,a",
    "//example.org/a",
    "/etc/passwd",
    "",
]

PORTS = [22, 25, 3306, 5432, 6379, 8080, 9200, 11211, 2375]

MALFORMED = [
    "http://",
    "http:///a",
    "http://[::1",
    "http://[fe80::1%25eth0]/",
    "http://[fe80::1%eth0]/",
    "http://1.2.3.4.5/",
    "http://256.256.256.256/",
    "http://127.0.0.1.1/",
    "http://0x7f.0x/",
    "http://08.0.0.1/",
    "http://99999999999/",
    "http://example.org:99999/",
    "http://example.org:-1/",
    "http://ex ample.org/",
    "http://example.org\r\nHost: localhost/",
    "http://exa\0mple.org/",
    "http://①②⑦.⓪.⓪.①/",
    "http://127。0。0。1/",
    "http://example.org%00.example.net/",
    "http://a@b@127.0.0.1/",
]


def refused(network: Network, url: str, options: WebOptions | None = None) -> InputError:
    """The error of a fetch that must not have opened a connection."""
    fetcher = network.fetcher(options) if options else network.fetcher()
    with pytest.raises(InputError) as caught:
        fetcher.fetch(url, 1000)
    return caught.value


@pytest.mark.parametrize("host", FORBIDDEN_HOSTS)
def test_no_connection_is_made_to_an_address_that_is_not_public(host: str) -> None:
    network = Network(names={host.strip("[]").lower(): [["127.0.0.1"]]})
    for scheme in ("http", "https"):
        assert isinstance(refused(network, f"{scheme}://{host}/"), FetchError)
    assert network.connected == []


@pytest.mark.parametrize(
    "host",
    ["localhost", "a.localhost", "printer", "Printer.", "nas.local", "db.internal", "x.home.arpa"],
)
def test_local_names_are_refused_whatever_they_resolve_to(host: str) -> None:
    network = Network(names={host.lower(): [[PUBLIC]]})
    refusal = refused(network, f"http://{host}/")
    assert isinstance(refusal, ForbiddenAddressError)
    assert str(refusal).endswith("is a local name")
    assert network.connected == []


@pytest.mark.parametrize("host", ["local.example.org", "mylocalhost.org", "internal.de"])
def test_names_that_only_look_local_are_spoken_to(host: str) -> None:
    network = Network(names={host: [[PUBLIC]]}, answers={PUBLIC: [http(b"a")]})
    assert network.fetcher().fetch(f"http://{host}/", 1000).content == b"a"


@pytest.mark.parametrize("host", [h for h in FORBIDDEN_HOSTS if h[0].isdigit() or h[0] == "["])
def test_no_connection_is_made_to_a_name_that_resolves_to_such_an_address(host: str) -> None:
    address = parse_literal(host)
    network = Network(names={"example.org": [[str(address)]]})
    assert isinstance(refused(network, "http://example.org/"), ForbiddenAddressError)
    assert network.connected == []


@pytest.mark.parametrize("host", [h for h in FORBIDDEN_HOSTS if h[0].isdigit() or h[0] == "["])
def test_no_redirect_leads_to_such_an_address(host: str) -> None:
    network = Network(
        names={"example.org": [[PUBLIC]]},
        answers={PUBLIC: [http(status="302 Found", location=f"http://{host}/latest/meta-data/")]},
    )
    assert isinstance(refused(network, "http://example.org/"), FetchError)
    assert network.connected == [(PUBLIC, 80)]


@pytest.mark.parametrize("url", SCHEMES)
def test_only_http_and_https_are_fetched(url: str) -> None:
    network = Network(names={"example.org": [[PUBLIC]]})
    assert isinstance(refused(network, url), FetchError)
    assert network.connected == []


def test_a_scheme_that_is_refused_is_named() -> None:
    refusal = refused(Network(), "ftp://example.org/")
    assert str(refusal) == "only http and https are fetched, not ftp"


@pytest.mark.parametrize("url", ["file:///etc/passwd", "ftp://127.0.0.1/", "gopher://127.0.0.1/"])
def test_no_redirect_leads_to_another_scheme(url: str) -> None:
    network = Network(
        names={"example.org": [[PUBLIC]]},
        answers={PUBLIC: [http(status="301 Moved", location=url)]},
    )
    assert isinstance(refused(network, "http://example.org/"), FetchError)
    assert network.connected == [(PUBLIC, 80)]


@pytest.mark.parametrize("port", PORTS)
def test_other_ports_are_not_spoken_to(port: int) -> None:
    network = Network(names={"example.org": [[PUBLIC]]})
    assert isinstance(refused(network, f"http://example.org:{port}/"), ForbiddenAddressError)
    assert network.connected == []


@pytest.mark.parametrize("url", MALFORMED)
def test_what_is_malformed_is_not_guessed_at(url: str) -> None:
    network = Network(names={"example.org": [[PUBLIC]]})
    refused(network, url)
    assert network.connected == []


def test_a_name_that_resolves_to_public_and_private_addresses_is_refused() -> None:
    network = Network(names={"example.org": [[PUBLIC, "10.0.0.1"]]}, answers={PUBLIC: [http()]})
    assert isinstance(refused(network, "http://example.org/"), ForbiddenAddressError)
    assert network.connected == []


def test_the_address_that_was_checked_is_the_one_that_is_connected_to() -> None:
    # DNS rebinding: the second answer of the name server would be the forbidden one.
    network = Network(
        names={"example.org": [[PUBLIC], ["127.0.0.1"]]},
        answers={PUBLIC: [http(b"a")], "127.0.0.1": [http(b"secret")]},
    )
    assert network.fetcher().fetch("http://example.org/", 1000).content == b"a"
    assert network.looked_up == ["example.org"]
    assert network.connected == [(PUBLIC, 80)]


def test_a_name_that_has_changed_its_address_is_checked_again() -> None:
    network = Network(
        names={"example.org": [[PUBLIC], ["127.0.0.1"]]},
        answers={PUBLIC: [http(b"a")], "127.0.0.1": [http(b"secret")]},
    )
    with network.fetcher() as fetcher:
        fetcher.fetch("http://example.org/1", 1000)
        with pytest.raises(ForbiddenAddressError):
            fetcher.fetch("http://example.org/2", 1000)
    assert network.connected == [(PUBLIC, 80)]


def test_an_address_of_the_link_with_its_zone_is_refused_as_an_answer() -> None:
    network = Network(names={"example.org": [["fe80::1%eth0"]]})
    assert isinstance(refused(network, "http://example.org/"), ForbiddenAddressError)


def test_a_user_name_does_not_hide_the_host() -> None:
    network = Network(names={"example.org": [[PUBLIC]]})
    error = refused(network, "http://example.org@127.0.0.1/")
    assert isinstance(error, ForbiddenAddressError)
    assert isinstance(refused(network, "http://a:b@example.org/"), ForbiddenAddressError)
    assert network.connected == []


def test_backslashes_do_not_hide_the_host() -> None:
    network = Network(names={"example.org": [[PUBLIC]]}, answers={PUBLIC: [http()]})
    refused(network, "http://127.0.0.1\\@example.org/")
    assert network.connected == []


@pytest.mark.parametrize("name", ["HTTP_PROXY", "http_proxy", "ALL_PROXY", "HTTPS_PROXY"])
def test_proxies_of_the_environment_are_not_used(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, "http://127.0.0.1:3128")
    network = Network(names={"example.org": [[PUBLIC]]}, answers={PUBLIC: [http(b"a")]})
    assert network.fetcher().fetch("http://example.org/", 1000).content == b"a"
    assert network.connected == [(PUBLIC, 80)]


def test_robots_files_are_guarded_as_well() -> None:
    network = Network(names={"example.org": [["127.0.0.1"]]})
    assert isinstance(
        refused(network, "http://example.org/", WebOptions(retries=0)), ForbiddenAddressError
    )
    assert network.connected == []


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1", "10.0.0.1", "192.168.1.1", "172.16.0.1", "[::1]", "[fd12::1]", "localhost"],
)
def test_private_addresses_may_be_allowed(host: str) -> None:
    address = "127.0.0.1" if host == "localhost" else host.strip("[]")
    network = Network(names={"localhost": [[address]]}, answers={address: [http(b"a")]})
    options = WebOptions(allow_private=True, ignore_robots=True)
    assert network.fetcher(options).fetch(f"http://{host}/", 1000).content == b"a"
    assert network.connected == [(address, 80)]


@pytest.mark.parametrize(
    "host",
    [
        "169.254.169.254", "100.100.100.200", "168.63.129.16", "[fd00:ec2::254]", "0.0.0.0",
        "224.0.0.1", "[fe80::1]", "[ff02::1]", "255.255.255.255", "[::ffff:169.254.169.254]",
        "2852039166", "[2002:a9fe:a9fe::]", "[64:ff9b::a9fe:a9fe]",
    ],
)  # fmt: skip
def test_metadata_and_reserved_addresses_stay_forbidden_where_private_ones_are_allowed(
    host: str,
) -> None:
    network = Network()
    options = WebOptions(allow_private=True, ignore_robots=True)
    assert isinstance(refused(network, f"http://{host}/", options), ForbiddenAddressError)
    assert network.connected == []


@pytest.mark.parametrize(
    "address",
    [PUBLIC, "8.8.8.8", "172.32.0.1", "192.169.0.1", "100.128.0.1", "2606:2800:220::1",
     "2001:4860:4860::8888", "64:ff9b::8.8.8.8", "::ffff:8.8.8.8"],
)  # fmt: skip
def test_public_addresses_pass(address: str) -> None:
    Guard().check(ip_address(address))


def test_the_next_address_of_a_host_is_tried_where_one_does_not_answer() -> None:
    network = Network(
        names={"example.org": [["2606:2800:220::1", PUBLIC]]}, answers={PUBLIC: [http(b"a")]}
    )
    assert network.fetcher().fetch("http://example.org/", 1000).content == b"a"
    assert network.connected == [("2606:2800:220::1", 80), (PUBLIC, 80)]


def test_a_name_that_does_not_exist_is_not_found() -> None:
    assert isinstance(refused(Network(), "http://gone.example.org/"), NotFoundError)


@given(st.integers(0, 2**32 - 1), st.sampled_from(["{}", "0x{:x}", "0{:o}"]))
def test_a_number_is_the_address_that_systems_take_it_for(value: int, form: str) -> None:
    assert parse_literal(form.format(value)) == IPv4Address(value)


@given(st.text(alphabet="0123456789abcdefx.:[]%-", max_size=30))
def test_any_host_is_a_literal_a_name_or_refused(host: str) -> None:
    try:
        parse_literal(host)
    except ForbiddenAddressError:
        return


@given(st.ip_addresses())
def test_what_passes_is_global_by_the_books_of_python_too(address: object) -> None:
    assert not isinstance(address, str)
    try:
        Guard().check(address)  # type: ignore[arg-type]
    except ForbiddenAddressError:
        return
    text = str(address)
    if not text.startswith(("64:ff9b:", "::ffff:")):
        assert ip_address(text).is_global
