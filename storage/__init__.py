"""The truth: rows, vault and job queue. Knows no Telegram and no pictures."""
