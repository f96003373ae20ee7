"""The file that holds an account's sign-in: who may read it, who uses it now, and what is kept in it."""

import fcntl
import os
from pathlib import Path
from typing import Any

from telethon.sessions import SQLiteSession

from core.errors import AccountError, StateError

HEADER = b"SQLite format 3\x00"
OTHERS = 0o077


class SessionLock:
    """Holds the right to use one session in this process; two connections would make Telegram end it.

    The lock lies on a file beside the session, which outlives a session that is written anew.
    """

    def __init__(self, path: Path) -> None:
        beside = path.with_suffix(".lock")
        self._file = os.open(beside, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(self._file)
            raise StateError(
                f"{path}: another firstseen uses this session; stop it first, Telegram ends a session used twice"
            ) from None

    def release(self) -> None:
        """Let the next one have it."""
        os.close(self._file)


def check_private(path: Path) -> None:
    """Refuse a file or folder that others may read, as StateError: whoever reads a session is the account."""
    mode = path.stat().st_mode
    if mode & OTHERS:
        right = "700" if path.is_dir() else "600"
        raise StateError(f"{path}: others may read it (mode {mode & 0o777:o}); run chmod {right} {path}")


class ChannelSession(SQLiteSession):  # type: ignore[misc] # telethon has no types
    """A Telethon session file that remembers channels and never people.

    Telethon notes the name and phone number of every user it meets; an evidence tool has no use for them.
    """

    def _entity_to_row(self, entity: Any) -> tuple[Any, ...] | None:
        row: tuple[Any, ...] | None = super()._entity_to_row(entity)
        return None if row is not None and row[0] > 0 else row

    def forget_people(self) -> None:
        """Remove the users that another program or an older version wrote down."""
        self._execute("delete from entities where id > 0")
        self.save()


def open_session(path: Path, account: str) -> ChannelSession:
    """The signed-in session at ``path``; AccountError when there is none, StateError when others may read it."""
    if not path.exists():
        raise AccountError(f"account {account}: no session; run `firstseen login {account}`")
    check_private(path.parent)
    check_private(path)
    with path.open("rb") as file:
        if file.read(len(HEADER)) != HEADER:
            raise AccountError(f"account {account}: {path} is no session file; run `firstseen login {account}`")
    session = ChannelSession(str(path))
    if session.auth_key is None or not session.auth_key.key:
        session.close()
        raise AccountError(f"account {account}: the session was never signed in; run `firstseen login {account}`")
    session.forget_people()
    return session
