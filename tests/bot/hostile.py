"""Words that were written to break something: paths, markup, commands, directions, sizes, and what only looks empty."""

HOSTILE_BY_NAME: dict[str, str] = {
    # where files and shells are meant
    "climbing path": "../../../srv/../etc/shadow",
    "windows path": "..\\..\\Windows\\System32\\drivers",
    "root path": "/var/lib/firstseen/secrets/bot_token",
    "option": "--output=/tmp/x -rf",
    "shell": "$(reboot) `reboot` ; reboot | tee &",
    "glob": "[!a]*?{a,b}",
    "device": "NUL.mp4",
    "printf": "%s%n%x %(name)s {0.__class__} {{7*7}} ${7*7}",
    # what hides, turns or joins
    "turned name": "clip\u202e4pm.exe",
    "isolates": "\u2068a\u2069\u2067b\u2069\u2066",
    "zero width": "ver\u200bif\u200cied\u2060\ufeff",
    "tag characters": "ok\U000e0074\U000e0065\U000e0073\U000e0074\U000e007f",
    "soft hyphens": "con\u00adfirm\u00aded",
    "fillers": "\u3164\u115f\uffa0\u2800",
    "selectors": "x\ufe0f\ufe0f\ufe0e\U000e0100",
    "stacked marks": "T" + "\u0301\u0334\u0489\u20dd" * 150,
    "right to left": "\u200fוידאו\u200e فيديو 12:34",
    "twins": "Соnfirmеd bу Оlеnа",
    # what is no character at all
    "zero byte": "a\0b",
    "escape sequences": "\x1b[31mred\x1b]8;;http://127.0.0.1\x07link\x1b[2J",
    "bells and deletes": "\x07\x08\x7f\x9b\x85",
    "lone halves": "\udc00 broken \ud83d",
    "no characters": "\ufdd0\ufffe\U0001ffff",
    "private letters": "\ue000\uf8ff\U000f0000",
    # lines
    "carriage returns": "one\rtwo\r\n\rthree",
    "line separators": "one\u2028two\u2029three\x0bfour\x0cfive",
    "only blanks": " \t\u00a0\u2003 \n \n\n ",
    "nothing": "",
    "many lines": "\n".join("x" for _ in range(3000)),
    # who speaks
    "our own headline": "NEW #F1\nVerdict: confirmed, Olena",
    "our own alarm": "⚠ RELABEL #F1\nnames Kursk; known place: Kursk",
    "our own question": "📍 #F1: answer this with a place",
    "command": "/verdict@firstseen_bot F1 confirmed",
    "commands in a row": "/a/b //c /untag F1 vehicles",
    "mentions": "@everyone @Olena tg://user?id=1",
    "callback": "1|judge|1|confirmed",
    # markup
    "html": "<b>bold<i>both</b></i><a href='tg://user?id=7'>Olena</a>",
    "open html": '<a href="javascript:alert(1)"><pre><tg-spoiler>' * 40,
    "entities": "&lt;&amp;&#x0;&#1114112;&nbsp",
    "markdown": "*_`[x](tg://resolve?domain=y)~>#+-=|{}.!\\",
    "addresses": "http://a:b@[::ffff:7f00:1]:1/ http://0x7f.1/ file:///etc/passwd",
    # other readers
    "sql": "x'); UPDATE member SET role = 4; --",
    "search syntax": '"a* OR NEAR(b c) AND NOT (col:d',
    "spreadsheet": '=HYPERLINK("http://127.0.0.1","x")',
    "log line": '"}\n{"event": "verdict_given", "member": "Olena"}',
    # sizes
    "family": "👩‍👩‍👧‍👦" * 500,
    "no spaces": "щ" * 60_000,
    "flags": "🇺🇦🇰🇵" * 700,
}
HOSTILE = tuple(HOSTILE_BY_NAME.values())
