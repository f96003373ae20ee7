"""The ``firstseen`` command: one function per command, errors as one clear sentence, exit codes by what to do.

0 done · 1 failed · 2 wrong usage or input · 78 a person must act (configuration, account, state directory).
"""

import asyncio
import gc
import json
import subprocess
import sys
from collections.abc import Coroutine, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from core import config as configuration
from core import log
from core.clock import Clock
from core.config import Config
from core.errors import ConfigError, FirstseenError, InputError
from core.model import Tier
from core.units import span
from firstseen import __version__, exits, forgetting, refingerprinting, retaining, verifying
from firstseen import ledger as watching
from firstseen.access import IMPORTING, REFINGERPRINTING, run_command
from firstseen.progress import Bars
from firstseen.starter import write_starter
from firstseen.watchlists import Listed, checked, read_list, seconds_until_ready, write_list

T = TypeVar("T")
app = typer.Typer(
    name="firstseen",
    help="Was this footage seen before, where first, and what does the team know about it?",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    pretty_exceptions_show_locals=False,
    rich_markup_mode=None,
)
watch_app = typer.Typer(help="Which channels are watched.", no_args_is_help=True)
app.add_typer(watch_app, name="watch")
hold_app = typer.Typer(help="Originals that no retention rule may drop.", no_args_is_help=True)
app.add_typer(hold_app, name="hold")
out = Console(soft_wrap=True, highlight=False)
err = Console(stderr=True, soft_wrap=True, highlight=False)

DEFAULT_CONFIG = Path("/etc/firstseen/config.toml")
ConfigPath = Annotated[
    Path, typer.Option("--config", "-c", envvar="FIRSTSEEN_CONFIG", help="The configuration file.", show_default=True)
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]


def main() -> None:
    """The entry point: translates errors into one sentence and an exit code."""
    try:
        app()
    except FirstseenError as error:
        _explain(error)
        sys.exit(exits.exit_code(error))


@app.command()
def init(
    folder: Annotated[Path, typer.Argument(help="Where config.toml and the folder for secrets go.")],
    state: Annotated[
        Path, typer.Option(help="Where database, files and sessions go; a relative path starts at the folder.")
    ] = Path("state"),
) -> None:
    """Write a first configuration, with folders for secrets and state that nobody else may read."""
    for line in write_starter(folder, state):
        out.print(escape(line))


@app.command()
def login(
    account: str = typer.Argument("main", help="The account as [[accounts]] names it."),
    config: ConfigPath = DEFAULT_CONFIG,
) -> None:
    """Sign a collecting account in: asks for phone, code and, when set, the two-step password."""
    from firstseen.signin import sign_in

    _run(sign_in(_load(config), account))


@app.command()
def run(config: ConfigPath = DEFAULT_CONFIG) -> None:
    """Run the service: collect, match, alert, until SIGTERM."""
    gc.disable()  # what is loaded now lives as long as the service: looking through it for garbage costs a second
    from firstseen.service import serve

    gc.freeze()
    gc.enable()
    loaded = configuration.load(config)
    secrets = [loaded.api_hash.get_secret_value(), loaded.bot_token.get_secret_value()]
    log.set_up(level=loaded.log.level, style=loaded.log.format, secrets=secrets)
    _run(serve(loaded))


Side = Annotated[str, typer.Option(help="The team's label: ua, ru, …")]
Language = Annotated[str, typer.Option(help="The language of the channel.")]
Country = Annotated[str, typer.Option(help="The country that it speaks from or for.")]
Notes = Annotated[str, typer.Option(help="What the team should know of it.")]


@watch_app.command("add")
def watch_add(
    channels: Annotated[
        list[str], typer.Argument(help="@name, t.me link, numeric id, or a list file; several are fine.")
    ],
    side: Side = "",
    language: Language = "",
    country: Country = "",
    notes: Notes = "",
    tier: Annotated[Tier, typer.Option(help="How closely; see docs/operating.md.")] = Tier.JOINED,
    config: ConfigPath = DEFAULT_CONFIG,
) -> None:
    """Watch channels. The service looks them up one by one, slowly; it never joins anything."""
    loaded = _load(config)
    entries: list[Listed] = []
    for text in channels:
        if Path(text).is_file():
            entries += read_list(Path(text))
        else:
            entries.append(checked(Listed(text, str(tier), side, language, country, notes)))
    result = _ask(loaded, "watch add", entries=[asdict(entry) for entry in entries])
    for wish in result["wished"]:
        out.print(f"{escape(wish)}: noted; the service looks it up at its next turn")
    if not loaded.collects:
        err.print("No account is configured, so channels are watched by their public pages: see docs/operating.md.")
        return
    ready = seconds_until_ready(result["look_ups"], loaded.collect.resolves_per_day)
    out.print(escape(f"cost: at most {result['look_ups']} names to look up; all are ready in {span(ready)} or sooner"))


@watch_app.command("label")
def watch_label(
    channel: str,
    side: Side = "",
    language: Language = "",
    country: Country = "",
    notes: Notes = "",
    config: ConfigPath = DEFAULT_CONFIG,
) -> None:
    """Label a channel that is known here; what is not given stays."""
    loaded = _load(config)
    done = _ask(loaded, "watch label", channel=channel, side=side, language=language, country=country, notes=notes)
    out.print(escape(f"{done['labelled']}: labelled"))


@watch_app.command("export")
def watch_export(config: ConfigPath = DEFAULT_CONFIG) -> None:
    """Print the watch list with its labels as a table (CSV) that `watch add` reads."""
    write_list([Listed(**entry) for entry in _ask(_load(config), "watch export")], sys.stdout)


@watch_app.command("list")
def watch_list(as_json: AsJson = False, config: ConfigPath = DEFAULT_CONFIG) -> None:
    """Show every watch, its state, and what still waits."""
    loaded = _load(config)
    result = _ask(loaded, "watch list")
    if as_json:
        _print_json(result)
        return
    table = Table("channel", "side", "tier", "delay", "state", "complete through", "since")
    for one in result["watches"]:
        state = f"{one['state']} {one['reason']}".strip()
        delay = loaded.collect.delay(Tier(one["tier"]))
        row = (one["channel"], one["side"], one["tier"], delay, state, str(one["contiguous_through"]), one["since"])
        table.add_row(*map(escape, row))
    out.print(table if result["watches"] else "No channel is watched yet: `firstseen watch add @name`.")
    for wish in result["waiting"]:
        out.print(escape(f"waiting: {wish['wish']} {wish['failure']}".rstrip()))


@watch_app.command("remove")
def watch_remove(channel: str, config: ConfigPath = DEFAULT_CONFIG) -> None:
    """Stop watching a channel; what was stored stays."""
    out.print(escape(f"{_ask(_load(config), 'watch remove', channel=channel)['removed']}: no longer watched"))


@app.command()
def ledger(
    channel: Annotated[str, typer.Argument(help="@name, t.me link or numeric id; without it every channel.")] = "",
    as_json: AsJson = False,
    config: ConfigPath = DEFAULT_CONFIG,
) -> None:
    """What was watched from when to when, how and how completely, and when it could not be seen."""
    entries = _ask(_load(config), "ledger", channel=channel)
    if as_json:
        _print_json(entries)
        return
    for line in watching.told(entries):
        out.print(escape(line))
    if not entries:
        out.print("Nothing was ever watched: `firstseen watch add @name`.")


@app.command()
def backfill(
    channel: str,
    since: Annotated[str, typer.Option(help="How far back, as a date: 2024-10-01.")] = "",
    config: ConfigPath = DEFAULT_CONFIG,
) -> None:
    """Read a channel's older history: slowly, resumably, below live posts in priority."""
    asked = _ask(_load(config), "backfill", channel=channel, since=since)["asked"]
    out.print(escape(f"{asked}: the service reads its history; `firstseen status` shows how far it came"))


@app.command("import")
def import_(
    path: Annotated[
        Path, typer.Argument(help="A Telegram Desktop export (result.json or its folder) or a folder of files.")
    ],
    channel: Annotated[str | None, typer.Option("--channel", help="Name for a folder of files.")] = None,
    as_json: AsJson = False,
    config: ConfigPath = DEFAULT_CONFIG,
) -> None:
    """Read posts and files that somebody exported; importing the same again adds nothing."""
    if not path.exists():
        raise InputError(f"{path}: no such file or folder")
    result = _ask(_load(config), "import", then_work=IMPORTING, path=str(path.absolute()), channel=channel)
    if as_json:
        _print_json(result)
        return
    for name, count in result.items():
        shown = ", ".join(f"{kind} {number}" for kind, number in count.items()) if isinstance(count, dict) else count
        out.print(escape(f"{name.replace('_', ' ')}: {shown}"))


@app.command()
def find(
    files: Annotated[list[Path], typer.Argument(help="Photos, videos or sounds.")],
    as_json: AsJson = False,
    config: ConfigPath = DEFAULT_CONFIG,
) -> None:
    """Look files up in the archive: seen, part seen, not seen here, or too plain to judge."""
    from firstseen.finding import find_files

    if missing := [str(file) for file in files if not file.is_file()]:
        raise InputError(f"{', '.join(missing)}: no such file")
    with Bars(err) as bars:
        answers = _run(find_files(_load(config), files, bars))
    if as_json:
        _print_json(answers)
        return
    for answer in answers:
        out.print(escape(answer["text"]))


@app.command()
def match(
    manifest: Annotated[
        Path, typer.Argument(help="JSON with `index` and `queries`, each a list of {id|qid, path, kind}.")
    ],
) -> None:
    """Match a benchmark's queries against its index by the code the service runs; one JSON line per match."""
    from firstseen.finding import match_manifest

    if not manifest.is_file():
        raise InputError(f"{manifest}: no such file")
    with Bars(err) as bars:
        for line in match_manifest(manifest, bars):
            sys.stdout.write(json.dumps(line) + "\n")


@app.command()
def refingerprint(
    pause: Annotated[bool, typer.Option("--pause", help="Stop after the file in hand; asking again goes on.")] = False,
    progress: Annotated[bool, typer.Option("--progress", help="Only show how far it is, and what stays old.")] = False,
    as_json: AsJson = False,
    config: ConfigPath = DEFAULT_CONFIG,
) -> None:
    """Make older fingerprints anew: in the running service below all else, or here and now when none runs."""
    loaded = _load(config)
    if pause:
        _ask(loaded, "refingerprint pause")
    elif not progress:
        _ask(loaded, "refingerprint", then_work=REFINGERPRINTING)
    outcome = _ask(loaded, "refingerprint progress")
    if as_json:
        _print_json(outcome)
        return
    for line in refingerprinting.told(outcome):
        out.print(escape(line))


@app.command()
def jobs(
    retry: Annotated[int | None, typer.Option("--retry", help="Put this parked job back to work.")] = None,
    retry_all: Annotated[bool, typer.Option("--retry-all", help="Put every parked job back to work.")] = False,
    as_json: AsJson = False,
    config: ConfigPath = DEFAULT_CONFIG,
) -> None:
    """Show the queues and the jobs that wait for a person."""
    loaded = _load(config)
    if retry is not None or retry_all:
        out.print(f"{_ask(loaded, 'jobs retry', job_id=retry)['released']} job(s) put back to work")
        return
    result = _ask(loaded, "jobs")
    if as_json:
        _print_json(result)
        return
    for queue, states in result["queues"].items():
        out.print(f"{queue}: " + ", ".join(f"{count} {state}" for state, count in states.items()))
    for job in result["parked"]:
        out.print(
            escape(f"parked {job['job_id']}: {job['queue']} {job['key']}: {job['error'].strip().splitlines()[-1]}")
        )
    if not result["queues"]:
        out.print("Nothing waits.")


@app.command()
def findings(config: ConfigPath = DEFAULT_CONFIG) -> None:
    """Print every sighting with its finding, footage, earliest copy, tags and verdict as JSON."""
    _print_json(_ask(_load(config), "findings"))


@app.command()
def status(as_json: AsJson = False, config: ConfigPath = DEFAULT_CONFIG) -> None:
    """What is held, what waits, and what is in trouble."""
    result = _ask(_load(config), "status")
    if as_json:
        _print_json(result)
        return
    since = f" since {result['since']}" if result["since"] else ""
    out.print(f"{result['assets']} files of {result['channels']} channels{since}; {result['watches']} watched")
    for queue, states in result["queues"].items():
        out.print(f"{queue}: " + ", ".join(f"{count} {state}" for state, count in states.items()))
    out.print(escape(refingerprinting.in_words(result["fingerprints"])))
    for trouble in result["troubles"]:
        out.print(escape(f"trouble in {trouble['part']} since {trouble['since']}: {trouble['message']}"))
    out.print(f"custody log: head {result['custody']['entries']}:{result['custody']['head']}")


@app.command()
def export(
    target: Annotated[Path, typer.Argument(help="The new folder that becomes the bag.")],
    footage: Annotated[list[str] | None, typer.Option("--footage", help="A footage, as in F12; repeatable.")] = None,
    tag: Annotated[list[str] | None, typer.Option("--tag", help="Footage with this tag; repeatable.")] = None,
    words: Annotated[str, typer.Option("--words", help="Footage whose posts have these words.")] = "",
    since: Annotated[str, typer.Option("--since", help="Posted on this day or later: 2024-10-18.")] = "",
    until: Annotated[str, typer.Option("--until", help="Posted before this day.")] = "",
    title: Annotated[str, typer.Option("--title", help="The case, as the report is headed.")] = "Case report",
    as_json: AsJson = False,
    config: ConfigPath = DEFAULT_CONFIG,
) -> None:
    """Write footage with its files, posts, custody and a report into a bag that anybody can check."""
    from evidence.case import Wanted
    from firstseen.exporting import export_case, parse_day

    wanted = Wanted(tuple(footage or ()), words, tuple(tag or ()), parse_day(since), parse_day(until))
    if not str(wanted):
        raise InputError("say what to export: --footage, --tag, --words, --since or --until")
    with Bars(err) as bars:
        made = _run(export_case(_load(config), wanted, target.absolute(), title, bars))
    if as_json:
        _print_json(made)
        return
    out.print(f"{made['footage']} footage, {made['posts']} posts, {made['files']} files: {escape(made['bag'])}")
    for sha256 in made["missing"]:
        why = made["dropped"].get(sha256, "its file is not held")
        out.print(escape(f"not in the bag: file {sha256}: {why}"))
    out.print(f"manifest {made['manifest']}")
    out.print(f"custody head {made['recorded']['entries']}:{made['recorded']['hash']}")


@app.command()
def retain(
    apply: Annotated[bool, typer.Option("--apply", help="Drop them; without it they are only named.")] = False,
    as_json: AsJson = False,
    config: ConfigPath = DEFAULT_CONFIG,
) -> None:
    """Say which originals the [[retention]] rules let go, or let them go; all that is known of them stays."""
    loaded = _load(config)
    rules = [rule.model_dump(mode="json") for rule in loaded.retention]
    outcome = _ask(loaded, "retain", rules=rules, apply=apply)
    if as_json:
        _print_json(outcome)
        return
    for line in retaining.told(outcome):
        out.print(escape(line))


Footage = Annotated[str, typer.Option("--footage", help="A footage, as in F12.")]
Tag = Annotated[str, typer.Option("--tag", help="All footage with this tag.")]
OfChannel = Annotated[str, typer.Option("--channel", help="All that a channel posted: @name, link or number.")]
Reason = Annotated[str, typer.Option("--reason", help="Why, for the custody log.")]


@app.command()
def forget(
    footage: Footage = "",
    channel: OfChannel = "",
    reason: Reason = "",
    apply: Annotated[bool, typer.Option("--apply", help="Forget; without it only the extent is told.")] = False,
    config: ConfigPath = DEFAULT_CONFIG,
) -> None:
    """Give up the words, files and fingerprints of a footage or a channel for good, as the custody log will tell."""
    outcome = _ask(_load(config), "forget", footage=footage, channel=channel, reason=reason, apply=apply)
    out.print(escape(forgetting.told(outcome)))


@hold_app.command("set")
def hold_set(
    footage: Footage = "",
    tag: Tag = "",
    channel: OfChannel = "",
    reason: Reason = "",
    config: ConfigPath = DEFAULT_CONFIG,
) -> None:
    """Keep every original of a footage, a tag or a channel, also those to come, until the hold is lifted."""
    done = _ask(_load(config), "hold", footage=footage, tag=tag, channel=channel, reason=reason)
    out.print(escape(f"{done['held']}: under legal hold, {done['files']} originals now"))


@hold_app.command("lift")
def hold_lift(
    footage: Footage = "",
    tag: Tag = "",
    channel: OfChannel = "",
    reason: Reason = "",
    config: ConfigPath = DEFAULT_CONFIG,
) -> None:
    """Lift a hold; what another hold keeps stays kept."""
    done = _ask(_load(config), "hold lift", footage=footage, tag=tag, channel=channel, reason=reason)
    out.print(escape(f"{done['lifted']}: the legal hold is lifted"))


@hold_app.command("list")
def hold_list(as_json: AsJson = False, config: ConfigPath = DEFAULT_CONFIG) -> None:
    """Show the holds in force."""
    result = _ask(_load(config), "hold list")
    if as_json:
        _print_json(result)
        return
    for one in result["holds"]:
        out.print(escape(f"{one['name']}: since {one['since']}: {one['reason']}"))
    out.print(f"{result['files']} originals are under legal hold")


@app.command()
def backup(
    target: Annotated[Path, typer.Argument(help="The folder of backups: made when missing, shared by all snapshots.")],
    keep: Annotated[int, typer.Option("--keep", min=0, help="Keep only so many newest snapshots; 0 keeps all.")] = 0,
    as_json: AsJson = False,
    config: ConfigPath = DEFAULT_CONFIG,
) -> None:
    """Copy the database and every file that is not in the backup yet; a running service goes on."""
    from firstseen.saving import back_up

    with Bars(err) as bars:
        made = _run(back_up(_load(config), target.absolute(), keep, bars))
    if as_json:
        _print_json(made)
    else:
        out.print(
            f"snapshot {made['snapshot']['name']}: {made['snapshot']['files']} files, {made['copied']} of them new"
        )
        for problem in made["problems"]:
            out.print(escape(f"NOT BACKED UP: {problem}"))
    if made["problems"]:
        raise typer.Exit(exits.FAILED)


@app.command()
def restore(
    target: Annotated[Path, typer.Argument(help="The folder of backups.")],
    snapshot: Annotated[str, typer.Option("--snapshot", help="Which one, by name; the newest unless given.")] = "",
    as_json: AsJson = False,
    config: ConfigPath = DEFAULT_CONFIG,
) -> None:
    """Put a backup into an empty state directory and check it; accounts must log in again."""
    from firstseen.saving import bring_back

    with Bars(err) as bars:
        outcome = _run(bring_back(_load(config), target.absolute(), snapshot, bars))
    if as_json:
        _print_json(outcome)
    else:
        out.print(f"restored the snapshot {outcome['snapshot']}")
        for line in verifying.told(outcome):
            out.print(escape(line))
    if not outcome["good"]:
        raise typer.Exit(exits.FAILED)


@app.command()
def verify(
    read_data: Annotated[bool, typer.Option("--read-data", help="Read every file again, byte by byte.")] = False,
    read_data_subset: Annotated[
        str, typer.Option("--read-data-subset", help="Read a part of the files, another each day: 5%.")
    ] = "",
    heads: Annotated[
        list[str] | None, typer.Option("--head", help="A head that was seen elsewhere, as in 417:0f3a…; repeatable.")
    ] = None,
    as_json: AsJson = False,
    config: ConfigPath = DEFAULT_CONFIG,
) -> None:
    """Check posts, files, desk and custody log. Exit codes: 0 good, 1 could not run, 2 damage found."""
    try:
        percent = 100.0 if read_data else verifying.parse_percent(read_data_subset) if read_data_subset else 0.0
        outcome = _ask(_load(config), "verify", heads=heads or [], read_percent=percent)
    except FirstseenError as error:
        _explain(error)
        raise typer.Exit(verifying.COULD_NOT_RUN) from error
    if as_json:
        _print_json(outcome)
    else:
        for line in verifying.told(outcome):
            out.print(escape(line))
    raise typer.Exit(verifying.GOOD if outcome["good"] else verifying.DAMAGED)


@app.command()
def doctor(as_json: AsJson = False, config: ConfigPath = DEFAULT_CONFIG) -> None:
    """Check the machine, the configuration, the accounts and the isolation of decoders."""
    from firstseen.doctor import examine

    checks = _run(examine(config))
    if as_json:
        _print_json([check.as_json() for check in checks])
    else:
        for check in checks:
            out.print(escape(f"{check.state:<7} {check.name}: {check.words}"))
    if any(check.state == "wrong" for check in checks):
        raise typer.Exit(exits.FAILED)


@app.command()
def demo(
    folder: Annotated[Path, typer.Option("--out", help="Where cards, database and summary go.")] = Path("demo-out"),
) -> None:
    """Tell the Sergeevka case on a Telegram of this machine: no account, no network."""
    tree = Path(__file__).parents[1]
    if not (tree / "demo" / "__main__.py").is_file():
        raise InputError("the demo comes with the source tree: clone it and run `make demo` there")
    command = [sys.executable, "-m", "demo", "--out", str(folder.absolute())]
    raise typer.Exit(subprocess.run(command, cwd=tree, check=False).returncode)


@app.command()
def version() -> None:
    """Print the version."""
    out.print(__version__)


def _load(path: Path) -> Config:
    config = configuration.load(path)
    secrets = [config.api_hash.get_secret_value(), config.bot_token.get_secret_value()]
    log.set_up(level="warning", style="console", secrets=secrets, to=sys.stderr)
    return config


def _ask(config: Config, command: str, *, then_work: Sequence[str] = (), **arguments: Any) -> Any:
    with Bars(err) as bars:
        return _run(run_command(config, Clock(), command, arguments, bars, then_work=then_work))


def _run(work: Coroutine[Any, Any, T]) -> T:
    return asyncio.run(work)


def _print_json(value: object) -> None:
    sys.stdout.write(json.dumps(value, ensure_ascii=False, indent=1) + "\n")


def _explain(error: FirstseenError) -> None:
    if isinstance(error, ConfigError):
        err.print(escape(f"{error.where}:"))
        for problem in error.problems:
            err.print(escape(f"  {problem}"))
    else:
        err.print(escape(str(error)))
