"""The steps between a stored file and an alert."""
