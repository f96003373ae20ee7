"""The exit codes, as documented in docs/operating.md."""

from core.errors import AccountError, ConfigError, FirstseenError, InputError, StateError

OK = 0
FAILED = 1
WRONG_INPUT = 2
PERSON_NEEDED = 78  # EX_CONFIG: systemd does not restart on it


def exit_code(error: FirstseenError) -> int:
    """The code that tells a script, or systemd, what to do about ``error``."""
    if isinstance(error, (ConfigError, AccountError, StateError)):
        return PERSON_NEEDED
    if isinstance(error, InputError):
        return WRONG_INPUT
    return int(getattr(error, "code", FAILED))
