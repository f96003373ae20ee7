"""Telethon's errors as firstseen's: by what is to be done about them."""

from collections.abc import Iterator
from contextlib import contextmanager

from telethon import errors

from core.errors import AccountError, Gone, NotAllowed, Permanent, Transient, Unsupported

BUSY = 10.0  # seconds until a request that met a broken connection or server is tried again
CROWDED = 300.0  # seconds after Telegram closed a connection because of too many

_DEAD = (
    errors.AuthKeyUnregisteredError,
    errors.AuthKeyInvalidError,
    errors.AuthKeyPermEmptyError,
    errors.AuthKeyDuplicatedError,
    errors.AuthKeyNotFound,
    errors.SessionRevokedError,
    errors.SessionExpiredError,
    errors.UserDeactivatedError,
    errors.UserDeactivatedBanError,
)
_NO_ACCESS = (errors.ChannelPrivateError, errors.ChannelInvalidError, errors.UserBannedInChannelError)
_STALE = (
    errors.FileReferenceEmptyError,
    errors.FileReferenceExpiredError,
    errors.FileReferenceInvalidError,
    errors.FilerefUpgradeNeededError,
)
_WORDS = {
    errors.AuthKeyDuplicatedError: "the session was used from two places, so Telegram ended it",
    errors.SessionRevokedError: "the session was ended from another device",
    errors.SessionExpiredError: "the session has expired",
    errors.UserDeactivatedError: "the account was deleted",
    errors.UserDeactivatedBanError: "the account is banned by Telegram",
}


class Stale(Transient):
    """A file reference has expired: ask for the message again."""

    def __init__(self) -> None:
        super().__init__("the file reference has expired", retry_in=0)


@contextmanager
def translated(account: str) -> Iterator[None]:
    """Inside, whatever Telethon raises comes out as an AccountError, Transient or Permanent."""
    try:
        yield
    except _DEAD as error:
        raise AccountError(f"account {account}: {_why(error)}; run `firstseen login {account}`") from error
    except (errors.FloodWaitError, errors.FloodPremiumWaitError, errors.SlowModeWaitError) as error:
        raise Transient(f"Telegram asks to wait {error.seconds} s", retry_in=max(error.seconds, 1)) from error
    except _NO_ACCESS as error:
        raise NotAllowed(f"the channel can't be read by account {account}") from error
    except (errors.UsernameNotOccupiedError, errors.UsernameInvalidError) as error:
        raise Gone("nobody has this public name") from error
    except errors.TypeNotFoundError as error:
        raise Unsupported(f"Telegram sent something newer than this program: {error}") from error
    except errors.RPCError as error:
        raise _refusal(account, error) from error
    except errors.InvalidBufferError as error:
        raise Transient(f"Telegram closed the connection: {error}", retry_in=CROWDED) from error
    except OSError as error:  # ConnectionError and TimeoutError are among them
        raise Transient(f"Telegram does not answer: {str(error) or type(error).__name__}", retry_in=BUSY) from error


def _why(error: BaseException) -> str:
    return _WORDS.get(type(error), "it is not signed in any more")


def _refusal(account: str, error: errors.RPCError) -> Exception:
    text = str(error)
    if isinstance(error, _STALE) or "FILE_REFERENCE_" in text:  # FILE_REFERENCE_0_EXPIRED has no class of its own
        return Stale()
    if isinstance(error, errors.FrozenMethodInvalidError | errors.FrozenParticipantMissingError):
        return AccountError(f"account {account}: Telegram has frozen it; appeal in the official app")
    if isinstance(error, errors.ServerError | errors.TimedOutError) or abs(error.code or 0) >= 500:
        return Transient(f"Telegram has trouble of its own: {text}", retry_in=BUSY)
    return Permanent(f"Telegram refused: {text}")
