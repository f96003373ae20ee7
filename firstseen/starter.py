"""``firstseen init``: a first configuration and the folders that it speaks of."""

import json
from pathlib import Path

from core.config import CREDENTIALS
from core.errors import InputError

_TEXT = """\
# firstseen: the least that an operator sets. Every option with its default stands in config.example.toml.

state_dir = {state}  # database, files and sessions; relative to this file

[telegram]
api_id = 0                 # your own, from my.telegram.org; its hash goes into secrets/api_hash

# Take the number signs away once the account is at hand, then run: firstseen login main
# [[accounts]]
# name = "main"

# The bot's token goes into secrets/bot_token. The people who may use it:
# [[team]]
# user_id = 123456789
# name = "Olena"
# role = "admin"           # viewer, tagger, lead or admin

# Where alerts go; the bot must be a member of the group.
# [[chats]]
# chat_id = -1001234567890
"""


def write_starter(folder: Path, state: Path) -> list[str]:
    """Write config.toml and secrets/ into ``folder``, make the ``state`` folder, and tell the next steps.

    A relative ``state`` starts at ``folder``. A configuration that is there already is an InputError and stays.
    """
    target = folder / "config.toml"
    if target.exists():
        raise InputError(f"{target}: exists already and is left as it is")
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    for private in (folder / "secrets", folder / state):
        private.mkdir(mode=0o700, parents=True, exist_ok=True)
        private.chmod(0o700)
    target.write_text(_TEXT.replace("{state}", json.dumps(str(state))), encoding="utf-8")
    target.chmod(0o600)
    names = " and ".join(f"{folder / 'secrets' / name}" for name in CREDENTIALS)
    return [
        f"wrote {target}",
        f"next: put the API hash and the bot token into {names} (mode 600), name your team and chats in the file,",
        f"then: firstseen --help; firstseen doctor --config {target}",
    ]
