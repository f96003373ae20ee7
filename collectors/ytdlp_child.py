"""The only process that runs yt-dlp: one link in, one file in its folder and one line of JSON out.

Started by ``collectors.links`` as ``python -I ytdlp_child.py`` in an empty folder, with an empty environment and the
order as JSON on its standard input. It imports nothing of firstseen.
"""

import ipaddress
import json
import os
import re
import resource
import socket
import sys
from collections.abc import Callable
from typing import Any, cast
from urllib.parse import urlsplit

MEMORY = 2_000_000_000
CPU = 120
OPEN_FILES = 128
WAIT = 20
UNSUPPORTED, REFUSED, FAILED = "unsupported", "refused", "failed"


class RefusedAddress(OSError):
    """A connection that nobody outside may make us open."""


class Silent:
    """yt-dlp talks on standard output unless it is given somebody to talk to."""

    def debug(self, _message: str) -> None:
        """Nobody listens."""

    warning = error = info = debug


def limit(max_size: int) -> None:
    """Bound what this process may use; a file over ``max_size`` bytes fails to be written."""
    for kind, most in (
        (resource.RLIMIT_FSIZE, max_size),
        (resource.RLIMIT_AS, MEMORY),
        (resource.RLIMIT_CPU, CPU),
        (resource.RLIMIT_NOFILE, OPEN_FILES),
        (resource.RLIMIT_CORE, 0),
    ):
        resource.setrlimit(kind, (most, most))


def guard(allowed: set[tuple[str, int]]) -> list[str]:
    """Refuse connections to any address that is not public, but for ``allowed``; the list of those refused.

    At the moment of connecting, when the name is resolved: neither a redirect nor a changed DNS answer gets past.
    """
    refused: list[str] = []
    connect = socket.socket.connect

    def guarded(self: socket.socket, address: Any) -> None:
        host, port = (address[0], address[1]) if isinstance(address, tuple) else (str(address), 0)
        if (host, port) not in allowed and not is_public(host):
            refused.append(f"{host}:{port}")
            raise RefusedAddress(f"refused to connect to {host}")
        connect(self, address)

    replace: Callable[..., None] = guarded
    socket.socket.connect = replace  # type: ignore[method-assign]
    socket.socket.connect_ex = _no_other_way  # type: ignore[method-assign]
    return refused


def is_public(host: str) -> bool:
    """Whether an address belongs to the public internet; a name or a path is none."""
    try:
        address = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return False
    mapped = getattr(address, "ipv4_mapped", None)
    return (mapped or address).is_global


def _no_other_way(_self: object, _address: object) -> int:
    raise RefusedAddress("this way of connecting is closed")


def options(order: dict[str, Any]) -> dict[str, Any]:
    """How yt-dlp is to work: named extractors only, native downloaders only, one file, nothing kept elsewhere."""
    return {
        "allowed_extractors": [re.escape(name) for name in order["extractors"]],
        "cachedir": False,
        "concurrent_fragment_downloads": 1,
        "extractor_retries": 0,
        "ffmpeg_location": os.devnull,
        "fixup": "never",
        "format": "best[ext=mp4]/best",
        "fragment_retries": 2,
        "hls_prefer_native": True,
        "js_runtimes": {},
        "logger": Silent(),
        "max_filesize": order["max_size"],
        "nopart": True,
        "noplaylist": True,
        "noprogress": True,
        "outtmpl": "media.%(ext)s",
        "playlistend": 1,
        "proxy": order["proxy"],
        "quiet": True,
        "restrictfilenames": True,
        "retries": 2,
        "socket_timeout": WAIT,
    }


def follow(order: dict[str, Any], refused: list[str]) -> dict[str, Any]:
    """Download what the link leads to; what is known of it, or why not."""
    import yt_dlp  # noqa: PLC0415 -- after the limits and the guard

    try:
        with yt_dlp.YoutubeDL(cast(Any, options(order))) as downloader:
            found = downloader.extract_info(order["url"], download=True)
    except yt_dlp.utils.YoutubeDLError as error:
        text = str(error)
        if refused:
            return {"failure": REFUSED, "reason": f"it leads to {refused[0]}, which is no public address"}
        kind = UNSUPPORTED if "No suitable extractor" in text or "Unsupported URL" in text else FAILED
        return {"failure": kind, "reason": text[:300]}
    except OSError as error:
        return {"failure": FAILED, "reason": str(error)[:300]}
    return {name: (found or {}).get(name) for name in ("extractor", "title", "duration", "width", "height")}


def proxy_address(proxy: str) -> set[tuple[str, int]]:
    """Where the operator's own proxy listens: the one address that need not be public."""
    parts = urlsplit(proxy)
    if not parts.hostname:
        return set()
    port = parts.port or 80
    return {(found[4][0], port) for found in socket.getaddrinfo(parts.hostname, port, type=socket.SOCK_STREAM)}  # type: ignore[misc]


def main() -> None:
    """Carry out the order on standard input."""
    order = json.load(sys.stdin)
    limit(order["max_size"])
    allowed = {(str(host), int(port)) for host, port in order["allowed"]} | proxy_address(order["proxy"])
    answer = follow(order, guard(allowed))
    sys.stdout.write(json.dumps(answer) + "\n")


if __name__ == "__main__":
    main()
