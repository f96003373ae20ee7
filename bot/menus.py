"""Which choices are open on which card: a matter of the moment, so it lives in memory and ends by itself."""

from core.clock import Clock

OPEN_FOR = 120.0  # seconds without a press
BUSY_FOR = 15.0  # seconds after a member's act in which the card follows at once
MENUS = frozenset({"tags", "verdict", "match", "more", "place"})


class Menus:
    """The open menu of each card, by alert."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._open: dict[int, tuple[str, float]] = {}
        self._acted: dict[int, float] = {}

    def open(self, alert_id: int, menu: str) -> None:
        """Show these choices on a card; anything that is no menu closes what is open."""
        now = self._clock.monotonic()
        self._open = {alert: kept for alert, kept in self._open.items() if kept[1] > now and alert != alert_id}
        if menu in MENUS:
            self._open[alert_id] = (menu, now + OPEN_FOR)
        self.acted(alert_id)

    def acted(self, alert_id: int) -> None:
        """Somebody did something with a card and looks at it; what is open stays open."""
        now = self._clock.monotonic()
        self._acted = {alert: until for alert, until in self._acted.items() if until > now}
        self._acted[alert_id] = now + BUSY_FOR
        if menu := self.of(alert_id):
            self._open[alert_id] = (menu, now + OPEN_FOR)

    def busy(self, alert_id: int) -> bool:
        """Whether somebody is at work on a card just now."""
        return self._acted.get(alert_id, float("-inf")) > self._clock.monotonic()

    def of(self, alert_id: int) -> str:
        """The menu that is open on a card; empty for none."""
        menu, until = self._open.get(alert_id, ("", float("-inf")))
        return menu if until > self._clock.monotonic() else ""
