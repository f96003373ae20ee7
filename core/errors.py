"""Every error that firstseen raises on purpose, arranged by what is to be done about it.

    FirstseenError
    ├── ConfigError            a person must mend the configuration          exit 78
    ├── AccountError           a person must mend an account or a token      exit 78
    ├── StateError             the state directory is not fit for use        exit 78
    ├── InputError             what the caller gave can't be used            exit 2
    ├── Transient(retry_in)    later: flood, network, busy, disk full
    └── Permanent              never: trying again changes nothing
        ├── Gone               it is no longer there
        ├── TooLarge           over a limit of ours or of Telegram's
        ├── Unreadable         the bytes can't be decoded
        ├── Unsupported        we do not know this kind
        └── NotAllowed         a policy or a permission forbids it

The text of each says what was wrong, where, and what to do.
"""


class FirstseenError(Exception):
    """The root: catch it to tell a person, never to carry on."""


class ConfigError(FirstseenError):
    """The configuration is wrong; ``problems`` lists everything found, each with its path."""

    def __init__(self, where: str, problems: list[str]) -> None:
        self.where = where
        self.problems = problems
        super().__init__(f"{where}: " + "; ".join(problems))


class AccountError(FirstseenError):
    """A Telegram account or bot token can't be used until a person acts."""


class StateError(FirstseenError):
    """The state directory, the database or the session file is not fit for use."""


class InputError(FirstseenError):
    """A file or argument that somebody handed over can't be used."""


class Transient(FirstseenError):
    """Try again after ``retry_in`` seconds."""

    def __init__(self, message: str, *, retry_in: float) -> None:
        self.retry_in = retry_in
        super().__init__(message)


class Permanent(FirstseenError):
    """Trying again changes nothing."""


class Gone(Permanent):
    """It is no longer there."""


class TooLarge(Permanent):
    """Over a limit of ours or of Telegram's."""


class Unreadable(Permanent):
    """The bytes can't be decoded."""


class Unsupported(Permanent):
    """A kind of thing that we do not know."""


class NotAllowed(Permanent):
    """A policy or a permission forbids it."""
