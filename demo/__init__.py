"""The Sergeevka case, told on a Telegram of this machine by the real service."""
