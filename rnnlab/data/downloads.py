"""A file of a known hash from an address: whole and right at its path, or not there.

pooch writes a temporary file, checks its hash and renames it. The transport is aiohttp, since it can bound the time of
a whole exchange: a server that sends a byte now and then is never silent for long, and would be waited for for ever.
"""

import asyncio
from pathlib import Path

import aiohttp
import pooch

from rnnlab.core.errors import UserError, redact_credentials

SECONDS = 300.0  # for a file, all attempts together
SILENCE = 20.0  # seconds after which an attempt is given up
PAUSES = (1.0, 2.0, 4.0)  # seconds before another attempt
LIMIT = 100 * 2**20  # bytes; MNIST's training images, the largest file, have 10 MB
REDIRECTS = 5
PASSING = {408, 429, 500, 502, 503, 504}  # statuses of a server that may do better in a moment


def download(address: str, known_hash: str, path: Path) -> None:
    """Fetch a file to ``path``, unless it is there.

    Args:
        known_hash: ``ALGORITHM:HEXADECIMAL``.

    Raises:
        UserError: saying why it can't be had; ``path`` is as it was.
    """

    def transport(_url: str, partial: str, _pooch: object) -> None:
        asyncio.run(_fetch(address, Path(partial)))

    try:
        pooch.retrieve(
            redact_credentials(address), known_hash, path.name, path.parent, downloader=transport
        )  # it logs the address
    except (aiohttp.ClientError, OSError, ValueError) as error:
        raise UserError(_reason(error)) from None


async def _fetch(address: str, partial: Path) -> None:
    async with asyncio.timeout(SECONDS):
        for pause in (*PAUSES, None):
            try:
                await _attempt(address, partial)
                return
            except aiohttp.ClientError as error:
                if pause is None or not _may_pass(error):
                    raise
            await asyncio.sleep(pause)


async def _attempt(address: str, partial: Path) -> None:
    async with (
        aiohttp.ClientSession(
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=SILENCE, sock_read=SILENCE),
            trust_env=True,  # proxies
            # The hash is of the file as it lies there; and what is not unpacked can't grow.
            headers={"Accept-Encoding": "identity"},
            auto_decompress=False,
        ) as session,
        session.get(address, max_redirects=REDIRECTS, raise_for_status=True) as response,
    ):
        schemes = [found.url.scheme for found in (*response.history, response)]
        # MNIST's published MD5 sums stop no forger: that https can't be changed on its way has to.
        if schemes[0] == "https" and "http" in schemes:
            raise UserError("the server leads from https to http, where others can read and change what is sent")
        size = 0
        with partial.open("wb") as file:
            async for chunk in response.content.iter_any():
                # By its content: a captive portal says 200, and what type it likes. No file here begins so.
                if not size and chunk.lstrip().startswith(b"<"):
                    raise UserError("a web page came instead of data: is a login to the network needed?")
                size += len(chunk)
                if size > LIMIT:
                    raise UserError(f"more than {LIMIT / 2**20:g} MiB came, and no file is so large")
                file.write(chunk)


def _may_pass(error: aiohttp.ClientError) -> bool:
    """Whether another attempt may help: after a busy server, silence, a broken connection, half a file."""
    match error:
        case aiohttp.ClientResponseError():
            return error.status in PASSING
        case aiohttp.ClientConnectorError():  # no network, no such host, nobody there: better said at once
            return False
    return isinstance(error, (aiohttp.ClientConnectionError, aiohttp.ClientPayloadError))


def _reason(error: Exception) -> str:
    match error:
        case aiohttp.TooManyRedirects():
            return "the server redirects again and again"
        case aiohttp.ClientResponseError():
            return f"the server answered {error.status} {' '.join(error.message.split())}"
        case aiohttp.NonHttpUrlClientError():
            return f"{error} does not begin with http:// or https://"
        case aiohttp.InvalidURL():
            return f"{error} is no address"
        case aiohttp.ClientPayloadError():
            return "the connection ended in the middle of the file"
        case aiohttp.ServerDisconnectedError():
            return "the server hung up"
        case aiohttp.ServerTimeoutError():
            return f"the server was silent for {SILENCE:g} s"
        case TimeoutError():
            return f"the file did not come within {SECONDS:g} s"
    return " ".join(str(error).split())
