"""Sending webhooks over HTTP."""

import asyncio
import errno
import socket
import ssl
from collections.abc import Sequence
from time import perf_counter
from types import SimpleNamespace, TracebackType
from typing import Final, Self

import aiohttp
from aiohttp.helpers import is_ip_address
from yarl import URL

from amss_adapters.http.address_guard import AddressGuard, ForbiddenAddress
from amss_adapters.http.resolver import GuardedResolver, LookUp, NoTurn, ThreadedLookUp, guarded_socket
from amss_domain.webhooks.ports import Answer, Parcel

CONNECT_S: Final = 5.0
TOTAL_S: Final = 15.0

_KEPT: Final = 2048
_READ: Final = 64 * 1024
_READING_S: Final = 2.0
_IDLE_S: Final = 15.0
_LONGEST_RETRY_AFTER: Final = 100
_CUT_OFF: Final = frozenset({errno.ECONNRESET, errno.EPIPE, errno.ECONNABORTED})


class AiohttpWebhookSender:
    """Sends webhooks with aiohttp, past a guard that looks at the URL, at what its name stands for, and at each socket.

    A connection must stand within `connect_s`, looking up its name included, and the answer begin within `total_s`. How
    many names are looked up at a time is bounded, also of one organization: a parcel waits up to `connect_s` for that
    to begin, and is not sent otherwise.
    Connections are kept for a while and used again. Used in one event loop; closed at its end.
    """

    def __init__(
        self,
        guard: AddressGuard,
        *,
        connect_s: float = CONNECT_S,
        total_s: float = TOTAL_S,
        look_up: LookUp | None = None,
        ssl_context: ssl.SSLContext | None = None,
    ) -> None:
        self._guard = guard
        self._connect_s = connect_s
        self._total_s = total_s
        self._threads = ThreadedLookUp()
        self._resolver = GuardedResolver(guard, look_up or self._threads)
        self._ssl = ssl_context
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None, /
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Close all connections."""
        if self._session is not None:
            await self._session.close()
            self._session = None
        await self._resolver.close()
        self._threads.close()

    def violations_of(self, url: str, /) -> Sequence[str]:
        """Return what speaks against the URL as it is written."""
        return self._guard.violations_of(url)

    async def send(self, parcel: Parcel, /) -> Answer:
        """Send the parcel and return the answer, or why there is none."""
        began = perf_counter()
        violations = self._guard.violations_of(parcel.url)
        if violations:
            return Answer(duration_ms=0, error=f"forbidden_address: {violations[0]}")
        try:
            await self._begin(parcel)
            # Time spent waiting for others is not the receiver's.
            began = perf_counter()
            async with asyncio.timeout(self._total_s):
                response = await self._posted(parcel)
        except NoTurn:
            error_said = "busy: too many names were being looked up"
            return Answer(duration_ms=_ms_since(began), error=error_said, was_begun=False)
        except (TimeoutError, OSError, aiohttp.ClientError) as error:
            return Answer(duration_ms=_ms_since(began), error=self._said_of(error))
        # The answer is there, whatever becomes of the rest of it.
        duration_ms = _ms_since(began)
        retry_after = response.headers.get("Retry-After")
        return Answer(
            duration_ms=duration_ms,
            status=response.status,
            body=_readable(await _beginning_of(response)),
            retry_after=None if retry_after is None else retry_after[:_LONGEST_RETRY_AFTER],
        )

    async def _begin(self, parcel: Parcel) -> None:
        """Wait until the name is being looked up, if the URL has one. Raises `NoTurn`."""
        host = URL(parcel.url).raw_host
        if host is not None and not is_ip_address(host):
            await self._resolver.begin(host, whose=parcel.org_id, within_s=self._connect_s)

    async def _posted(self, parcel: Parcel) -> aiohttp.ClientResponse:
        how = SimpleNamespace(reused=False)
        try:
            return await self._post(parcel, how)
        except aiohttp.ClientConnectionError as error:
            # Receivers close connections that are idle, sometimes just as one is used again: that says nothing.
            if not how.reused or not _is_cut_off(error):
                raise
        return await self._post(parcel, SimpleNamespace(reused=False))

    async def _post(self, parcel: Parcel, how: SimpleNamespace) -> aiohttp.ClientResponse:
        return await self._opened().post(
            URL(parcel.url),
            data=parcel.body,
            # The body is kept as it comes: what is small as sent may be huge unpacked.
            headers={**parcel.headers, "Accept-Encoding": "identity"},
            allow_redirects=False,
            trace_request_ctx=how,
        )

    def _opened(self) -> aiohttp.ClientSession:
        if self._session is None:
            connector = aiohttp.TCPConnector(
                resolver=self._resolver,
                socket_factory=guarded_socket(self._guard),
                use_dns_cache=False,
                # How many there may be is for whoever sends to say.
                limit=0,
                keepalive_timeout=_IDLE_S,
                ssl=True if self._ssl is None else self._ssl,
            )
            watching = aiohttp.TraceConfig()
            watching.on_connection_reuseconn.append(_note_reuse)
            self._session = aiohttp.ClientSession(
                connector=connector,
                timeout=aiohttp.ClientTimeout(total=None, connect=self._connect_s, sock_connect=self._connect_s),
                cookie_jar=aiohttp.DummyCookieJar(),
                auto_decompress=False,
                trust_env=False,
                trace_configs=[watching],
            )
        return self._session

    def _said_of(self, error: Exception) -> str:
        """Return the word and the sentence for what went wrong; neither tells an address."""
        if isinstance(error, aiohttp.ConnectionTimeoutError):
            return f"timeout: no connection within {self._connect_s:g} s"
        if isinstance(error, TimeoutError):
            return f"timeout: no answer within {self._total_s:g} s"
        if isinstance(error, aiohttp.ClientConnectorError) and isinstance(error.os_error, ForbiddenAddress):
            return f"forbidden_address: {error.os_error}"
        if isinstance(error, aiohttp.ClientConnectorCertificateError):
            return "tls: the certificate is not valid for the host"
        if isinstance(error, aiohttp.ClientSSLError | ssl.SSLError):
            return "tls: no encrypted connection could be agreed on"
        if isinstance(error, aiohttp.ClientConnectorDNSError | socket.gaierror):
            return "dns: the host name could not be resolved"
        if isinstance(error, aiohttp.ClientConnectorError):
            return "connection: " + ("it was refused" if error.errno == errno.ECONNREFUSED else "none could be made")
        if isinstance(error, aiohttp.ServerDisconnectedError | OSError):
            return "disconnected: the connection ended without an answer"
        if isinstance(error, aiohttp.InvalidURL):
            return "forbidden_address: its URL cannot be used"
        return "bad_answer: what came is not an HTTP answer that can be understood"


async def _note_reuse(_session: aiohttp.ClientSession, context: SimpleNamespace, _parameters: object) -> None:
    how = context.trace_request_ctx
    how.reused = True


def _is_cut_off(error: aiohttp.ClientConnectionError) -> bool:
    return isinstance(error, aiohttp.ServerDisconnectedError) or (
        isinstance(error, OSError) and error.errno in _CUT_OFF
    )


async def _beginning_of(response: aiohttp.ClientResponse) -> bytes:
    """Return the first bytes of the answer, and read on a little, so that the connection can be used again."""
    kept, read = b"", 0
    try:
        async with asyncio.timeout(_READING_S):
            async for chunk in response.content.iter_any():
                kept += chunk[: _KEPT - len(kept)]
                read += len(chunk)
                if read > _READ:
                    break
    except (TimeoutError, OSError, aiohttp.ClientError):
        # The status counts; of the rest there is what there is.
        response.close()
    finally:
        if read > _READ:
            response.close()
        else:
            response.release()
    return kept


def _readable(body: bytes) -> str:
    """Return the bytes as text that can be kept anywhere, no longer than they were."""
    text = body.decode("utf-8", errors="replace").replace("\x00", "\ufffd")
    return text.encode()[:_KEPT].decode("utf-8", errors="ignore")


def _ms_since(began: float) -> int:
    return round((perf_counter() - began) * 1000)
