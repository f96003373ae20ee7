"""Everything the team sees; the only place that imports aiogram."""
