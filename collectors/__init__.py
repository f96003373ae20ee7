"""Everything that speaks to sources; the only place that imports telethon and yt-dlp."""
