"""Parcels arrive as they are, and whatever a receiver does comes back as an answer."""

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address, ip_network
from pathlib import Path
from uuid import UUID

import pytest
from aiohttp import web
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from amss_adapters.http import AddressGuard, AiohttpWebhookSender
from amss_domain.shared.ids import OrgId
from amss_domain.webhooks.ports import Answer, Parcel

GUARD = AddressGuard(allowed_networks=(ip_network("127.0.0.0/8"),), allow_http=True)
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
Talk = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def receiving(handler: Handler) -> AsyncIterator[str]:
    """Run a receiver on this machine and give its URL."""
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", handler)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    host, port = runner.addresses[0][:2]
    try:
        yield f"http://{host}:{port}/hook"
    finally:
        await runner.cleanup()


@asynccontextmanager
async def talking(talk: Talk) -> AsyncIterator[str]:
    """Run a receiver that writes whatever it likes, and give its URL."""

    async def closing(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await talk(reader, writer)
        finally:
            writer.close()

    server = await asyncio.start_server(closing, "127.0.0.1", 0)
    host, port = server.sockets[0].getsockname()[:2]
    try:
        yield f"http://{host}:{port}/hook"
    finally:
        server.close()


@asynccontextmanager
async def talking_tls(folder: Path) -> AsyncIterator[str]:
    """Run a receiver whose certificate, in the folder, it made itself, and give its URL."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "receiver")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    plain = serialization.NoEncryption()
    (folder / "certificate.pem").write_bytes(certificate.public_bytes(pem))
    (folder / "key.pem").write_bytes(key.private_bytes(pem, serialization.PrivateFormat.PKCS8, plain))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "certificate.pem", folder / "key.pem")

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await one_request(reader)
            writer.write(b"HTTP/1.1 204 No Content\r\n\r\n")
        finally:
            writer.close()

    server = await asyncio.start_server(talk, "127.0.0.1", 0, ssl=context)
    host, port = server.sockets[0].getsockname()[:2]
    try:
        yield f"https://{host}:{port}/hook"
    finally:
        server.close()


async def one_request(reader: asyncio.StreamReader) -> bytes:
    """Read one request with its body of two bytes."""
    head = await reader.readuntil(b"\r\n\r\n")
    return head + await reader.readexactly(2)


def a_parcel(url: str, body: bytes = b"{}", *, org_id: OrgId | None = None) -> Parcel:
    """Return something to send there."""
    headers = {"Content-Type": "application/json", "X-AMSS-Event": "task.completed"}
    return Parcel(url=url, headers=headers, body=body, org_id=org_id)


async def sent(url: str, *, total_s: float = 5.0, connect_s: float = 5.0) -> Answer:
    """Send one parcel with a sender of its own."""
    async with AiohttpWebhookSender(GUARD, total_s=total_s, connect_s=connect_s) as sender:
        return await sender.send(a_parcel(url))


async def test_the_receiver_gets_the_bytes_and_the_headers() -> None:
    """By POST, with nothing changed on the way."""
    got: list[tuple[str, bytes, str, str]] = []

    async def receive(request: web.Request) -> web.Response:
        body = await request.read()
        got.append((request.method, body, request.headers["X-AMSS-Event"], request.headers["Content-Type"]))
        return web.Response(status=202, text="thanks")

    body = '{"note":"Öl \\u0000"}'.encode()
    async with receiving(receive) as url, AiohttpWebhookSender(GUARD) as sender:
        answer = await sender.send(a_parcel(url + "?key=%2F&x", body))

    assert got == [("POST", body, "task.completed", "application/json")]
    assert (answer.status, answer.body, answer.error) == (202, "thanks", None)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_redirect_is_an_answer_and_not_followed(status: int) -> None:
    """Wherever it leads: the other address is never asked."""
    asked: list[str] = []

    async def receive(request: web.Request) -> web.Response:
        asked.append(request.path)
        return web.Response(status=status, headers={"Location": "/elsewhere"})

    async with receiving(receive) as url:
        answer = await sent(url)

    assert answer.status == status
    assert asked == ["/hook"]


async def test_the_beginning_of_the_body_is_kept() -> None:
    """The first 2 KiB, as text that any database can hold, however much there is and whatever it holds."""

    async def receive(request: web.Request) -> web.Response:
        return web.Response(status=500, body=b"a\x00\xff" + "ü".encode() * 10_000_000)

    async with receiving(receive) as url:
        answer = await sent(url)

    assert answer.status == 500
    assert answer.body is not None
    assert answer.body.startswith("a\ufffd\ufffdüüü")
    assert 2040 <= len(answer.body.encode()) <= 2048


async def test_a_body_that_was_packed_stays_so() -> None:
    """A small answer cannot become a large one here."""

    async def receive(request: web.Request) -> web.Response:
        assert request.headers["Accept-Encoding"] == "identity"
        return web.Response(headers={"Content-Encoding": "gzip"}, body=b"not unpacked")

    async with receiving(receive) as url:
        answer = await sent(url)

    assert (answer.status, answer.body) == (200, "not unpacked")


async def test_cookies_are_not_kept() -> None:
    """What one delivery was given does not come with the next."""
    cookies: list[str | None] = []

    async def receive(request: web.Request) -> web.Response:
        cookies.append(request.headers.get("Cookie"))
        response = web.Response()
        response.set_cookie("session", "1")
        return response

    async with receiving(receive) as url, AiohttpWebhookSender(GUARD) as sender:
        await sender.send(a_parcel(url))
        await sender.send(a_parcel(url))

    assert cookies == [None, None]


async def test_a_proxy_of_the_surroundings_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    """It would connect wherever it is told to."""
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")

    async def receive(request: web.Request) -> web.Response:
        return web.Response()

    async with receiving(receive) as url:
        answer = await sent(url)

    assert answer.status == 200


async def test_retry_after_is_passed_on() -> None:
    """As it was said, up to a sensible length."""

    async def receive(request: web.Request) -> web.Response:
        return web.Response(status=503, headers={"Retry-After": "1" * 500})

    async with receiving(receive) as url:
        answer = await sent(url)

    assert answer.retry_after == "1" * 100


async def test_a_receiver_that_does_not_answer_is_given_up() -> None:
    """After the time it has."""

    async def receive(request: web.Request) -> web.Response:
        await asyncio.Event().wait()
        raise AssertionError

    async with receiving(receive) as url:
        answer = await sent(url, total_s=0.2)

    assert (answer.status, answer.error) == (None, "timeout: no answer within 0.2 s")
    assert answer.duration_ms >= 190


async def test_an_answer_that_begins_and_does_not_end_counts() -> None:
    """The status is known; nobody waits long for the rest."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await one_request(reader)
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\npart of it")
        await reader.read()

    async with talking(talk) as url:
        answer = await sent(url)

    assert (answer.status, answer.body, answer.error) == (200, "part of it", None)


async def test_a_name_server_that_hangs_is_given_up() -> None:
    """Looking up belongs to the time for connecting."""

    async def look_up(host: str) -> Sequence[str]:
        await asyncio.Event().wait()
        return ()

    async with AiohttpWebhookSender(GUARD, connect_s=0.2, look_up=look_up) as sender:
        answer = await sender.send(a_parcel("https://hanging.example.com/"))

    assert answer.error == "timeout: no connection within 0.2 s"


async def test_a_name_is_looked_up_once_for_many_at_once() -> None:
    """So one that hangs takes one thread, and not all of them."""
    asked: list[str] = []

    async def look_up(host: str) -> Sequence[str]:
        asked.append(host)
        await asyncio.sleep(0)
        raise socket.gaierror("unknown")

    async with AiohttpWebhookSender(GUARD, look_up=look_up) as sender:
        answers = await asyncio.gather(*(sender.send(a_parcel("https://unknown.example.com/")) for _ in range(20)))

    assert asked == ["unknown.example.com"]
    assert {answer.error for answer in answers} == {"dns: the host name could not be resolved"}


async def test_names_of_one_that_hang_leave_others_theirs() -> None:
    """Only so many of one organization are looked up at a time; what waits for that too long was not begun."""
    ours, theirs = OrgId(UUID(int=1)), OrgId(UUID(int=2))
    asked: list[str] = []
    released = asyncio.Event()

    async def look_up(host: str) -> Sequence[str]:
        asked.append(host)
        if host.startswith("hanging"):
            await released.wait()
        raise socket.gaierror("unknown")

    async with AiohttpWebhookSender(GUARD, connect_s=0.2, look_up=look_up) as sender:
        hanging = [
            asyncio.create_task(sender.send(a_parcel(f"https://hanging-{number}.example.com/", org_id=ours)))
            for number in range(200)
        ]
        await asyncio.sleep(0)
        other = await sender.send(a_parcel("https://other.example.com/", org_id=theirs))
        answers = await asyncio.gather(*hanging)
        late = await sender.send(a_parcel("https://late.example.com/", org_id=ours))
        released.set()
        again = await sender.send(a_parcel("https://again.example.com/", org_id=ours))

    assert other.error == again.error == "dns: the host name could not be resolved"
    assert sum(host.startswith("hanging") for host in asked) == 8
    assert [answer.was_begun for answer in answers].count(True) == 8
    assert {(one.error, one.was_begun) for one in (*answers, late)} == {
        ("timeout: no connection within 0.2 s", True),
        ("busy: too many names were being looked up", False),
    }
    assert "late.example.com" not in asked


async def test_a_refused_connection_says_so() -> None:
    """Nobody listens there."""
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        answer = await sent(f"http://127.0.0.1:{unused.getsockname()[1]}/")

    assert answer.error == "connection: it was refused"


async def test_a_connection_that_ends_without_an_answer_is_tried_once() -> None:
    """It was new, so the receiver has it to answer for."""
    requests: list[bytes] = []

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        requests.append(await one_request(reader))

    async with talking(talk) as url:
        answer = await sent(url)

    assert answer.error == "disconnected: the connection ended without an answer"
    assert len(requests) == 1


async def test_a_connection_that_was_kept_too_long_is_replaced() -> None:
    """A receiver that closes idle connections does not thereby fail deliveries."""
    connections: list[int] = []

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connections.append(1)
        await one_request(reader)
        writer.write(b"HTTP/1.1 204 No Content\r\n\r\n")
        # The next request on this connection gets no answer.
        await one_request(reader)

    async with talking(talk) as url, AiohttpWebhookSender(GUARD) as sender:
        answers = [await sender.send(a_parcel(url)) for _ in range(3)]

    assert [answer.status for answer in answers] == [204, 204, 204]
    assert len(connections) == 3


async def test_connections_are_used_again() -> None:
    """Many deliveries to one receiver do not make a connection each."""
    ports: set[object] = set()

    async def receive(request: web.Request) -> web.Response:
        assert request.transport is not None
        ports.add(request.transport.get_extra_info("peername"))
        return web.Response(body=b"x" * 5000)

    async with receiving(receive) as url, AiohttpWebhookSender(GUARD) as sender:
        for _ in range(5):
            await sender.send(a_parcel(url))

    assert len(ports) == 1


@pytest.mark.parametrize(
    "said",
    [
        b"SSH-2.0-OpenSSH_9.2\r\n",
        b"HTTP/1.1 200 OK\r\nX: " + b"a" * 100_000 + b"\r\n\r\n",
        b"HTTP/1.1 abc\r\n\r\n",
        b"\x00\x01\x02\r\n\r\n",
    ],
)
async def test_what_is_no_answer_is_said_to_be_none(said: bytes) -> None:
    """Whatever listens there."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await one_request(reader)
        writer.write(said)

    async with talking(talk) as url:
        answer = await sent(url)

    assert answer.status is None
    assert answer.error == "bad_answer: what came is not an HTTP answer that can be understood"


async def test_a_receiver_without_tls_is_told_from_others() -> None:
    """When its URL says that it has it."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(10)
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")

    async with talking(talk) as url:
        answer = await sent(url.replace("http://", "https://"))

    assert answer.error == "tls: no encrypted connection could be agreed on"


async def test_being_ended_ends_the_request() -> None:
    """So that a worker can stop."""
    begun = asyncio.Event()

    async def receive(request: web.Request) -> web.Response:
        begun.set()
        await asyncio.Event().wait()
        raise AssertionError

    async with receiving(receive) as url, AiohttpWebhookSender(GUARD) as sender:
        sending = asyncio.create_task(sender.send(a_parcel(url)))
        await begun.wait()
        sending.cancel()

        with pytest.raises(asyncio.CancelledError):
            await sending


async def test_a_certificate_that_nobody_vouches_for_is_refused(tmp_path: Path) -> None:
    """Encrypted alone is not enough."""
    async with talking_tls(tmp_path) as url:
        answer = await sent(url)

    assert answer.error == "tls: the certificate is not valid for the host"


async def test_a_certificate_that_is_vouched_for_is_accepted(tmp_path: Path) -> None:
    """By whoever the context trusts."""
    async with talking_tls(tmp_path) as url:
        trusting = ssl.create_default_context(cafile=str(tmp_path / "certificate.pem"))
        async with AiohttpWebhookSender(GUARD, ssl_context=trusting) as sender:
            answer = await sender.send(a_parcel(url))

    assert answer.status == 204
