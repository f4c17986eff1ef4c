"""The command line: parse, load the configuration, call one function, print. Errors end in the contract's exit codes."""

from __future__ import annotations

import os
import sys
import traceback
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import date
from pathlib import Path
from typing import Any

import click

from headwater import __version__, tokens
from headwater import config as configuration
from headwater.config import Config
from headwater.errors import ConfigurationError, HeadwaterError
from headwater.feeds import VERDICT_KINDS

SUBJECTS = ["night", "sources", "shops", "operators", "source", "shop", "operator", "place"]
DOUBTS = 20  # of an imported file, told one by one
NIGHT_HELP = "the night to run, YYYY-MM-DD: all that happened before the next day, UTC"


class Main(click.Group):
    """Turns every error into a plain message and its exit code; --debug adds the traceback."""

    def main(self, args: Sequence[str] | None = None, *more: Any, **options: Any) -> Any:
        words = list(sys.argv[1:] if args is None else args)
        debug = "--debug" in words  # wherever it stands: a job's words come after its command's name
        try:
            # Not standalone, click returns the code of its own exits (--help, doctor); commands return nothing.
            code = (
                super().main([w for w in words if w != "--debug"], *more, **options | {"standalone_mode": False}) or 0
            )
        except click.Abort:
            click.echo("stopped", err=True)
            code = 1
        except click.ClickException as error:
            error.show()
            code = ConfigurationError.exit_code
        except Exception as error:  # noqa: BLE001 - the last line of defence; the traceback is one flag away
            if debug:
                traceback.print_exception(error)
            if isinstance(error, HeadwaterError):
                click.echo(f"headwater: {error}", err=True)
                code = error.exit_code
            else:
                first = next((line for line in str(error).splitlines() if line.strip()), "")
                click.echo(
                    f"headwater: {type(error).__name__}: {first}\nAn unexpected error; --debug shows where.", err=True
                )
                code = 1
        sys.exit(code)


@click.group(cls=Main, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.option("--debug", is_flag=True, help="Show the traceback of an error.")
@click.version_option(__version__)
def main(debug: bool) -> None:  # taken out of the words before they are parsed; here for the help
    """Trace suspected counterfeit goods upstream to the suppliers and places they come from."""


def with_config(command: Callable[..., Any]) -> Callable[..., Any]:
    """The two options that make a configuration; the command gets a validated `config`."""

    @click.option(
        "--config", "config_file", type=click.Path(path_type=Path), envvar="HEADWATER_CONFIG", help="TOML file."
    )
    @click.option("--set", "overrides", multiple=True, metavar="SECTION.NAME=VALUE", help="Override one parameter.")
    def with_loaded(config_file: Path | None, overrides: tuple[str, ...], **options: Any) -> Any:
        return command(config=configuration.load(config_file, overrides), **options)

    with_loaded.__name__, with_loaded.__doc__ = command.__name__, command.__doc__
    with_loaded.__click_params__ = [*with_loaded.__click_params__, *getattr(command, "__click_params__", [])]  # type: ignore[attr-defined]
    return with_loaded


def night_option(command: Callable[..., Any]) -> Callable[..., Any]:
    return click.option(
        "--night", required=True, callback=lambda _c, _p, text: configuration.parse_night(text), help=NIGHT_HELP
    )(command)


def refresh_option(command: Callable[..., Any]) -> Callable[..., Any]:
    return click.option(
        "--refresh", is_flag=True, help="Also take the files and verdicts that came since the night's first run."
    )(command)


def run_stages(config: Config, night: date, only: tuple[str, ...] | None = None, refresh: bool = False) -> None:
    """Start Spark and run a night's stages (all, or `only` some); what `run` and the jobs share."""
    tokens.load_key(config)  # a missing key is told before Spark starts
    from headwater import session
    from headwater.nightly.run import STAGES, run_night
    from headwater.progress import Progress

    with Progress() as progress:
        spark = session.start(config, f"headwater {night}")
        try:
            done = run_night(spark, config, night, progress.wrote, only or tuple(STAGES), refresh)
        finally:
            spark.stop()
    for note in done.notes:
        click.echo(note, err=True)
    for table, digest in done.digests.items():
        click.echo(f"published {table:<20} {digest[:16]}  {done.lake.address_of(table)}")


@main.command()
@with_config
@night_option
@refresh_option
def run(config: Config, night: date, refresh: bool) -> None:
    """Run a night: feeds in, published tables out."""
    run_stages(config, night, refresh=refresh)


def _stage_command(name: str, what: str) -> None:
    @with_config
    @night_option
    def stage(config: Config, night: date, refresh: bool = False) -> None:
        run_stages(config, night, (name,), refresh)

    main.command(name, help=what)(refresh_option(stage) if name in ("intake", "graph") else stage)


_stage_command("intake", "Stage 1 of a night: landing feeds into clean tables and rejects.")
_stage_command("exposure", "Stage 2 of a night: daily exposure of orders and complaints.")
_stage_command("graph", "Stage 3 of a night: who is behind the shops: places, suppliers, links, hubs, operators.")
_stage_command("attribution", "Stage 4 of a night: expected complaints, shops, sources, evidence.")
_stage_command("publish", "Stage 5 of a night: the checks, then the commit that makes it the night.")


@main.command()
@with_config
@click.option(
    "--night", callback=lambda _c, _p, text: text and configuration.parse_night(text), help="Default: the newest."
)
@click.option("--top", default=10, show_default=True, type=click.IntRange(1), help="Rows a table.")
@click.argument("subject", default="night", type=click.Choice(SUBJECTS))
@click.argument("subject_id", required=False)
@click.option("--with", "beside", metavar="SHOP", help="Of `shop ID`: why the two are one operator, or are not.")
def show(
    config: Config, night: date | None, top: int, subject: str, subject_id: str | None, beside: str | None
) -> None:
    """Show a published night: its top sources, shops and operators, or one `source ID`, `shop ID`, `operator ID` or `place ID`
    with its evidence; `shop ID --with ID` says why two shops are one operator or are not."""
    from headwater.report import terminal

    if beside and subject != "shop":
        raise ConfigurationError("--with goes with `show shop ID`")
    terminal.show(config, night, subject, subject_id, top, beside)


@main.command()
@with_config
@click.option(
    "--night",
    callback=lambda _c, _p, text: text and configuration.parse_night(text),
    help="As if run this night; default: far ahead.",
)
def validate(config: Config, night: date | None) -> None:
    """Try a sample of the feeds: faults, rejects by rule, complaints that find their order, orders that know their supplier."""
    from headwater import session
    from headwater.landing.validate import validate_feeds
    from headwater.report import terminal

    spark = session.start(config, "headwater validate")
    try:
        terminal.show_validation(validate_feeds(spark, config, night))
    finally:
        spark.stop()


@main.group()
def verdict() -> None:
    """What people found out: the next night obeys it."""


@verdict.command("add")
@with_config
@click.argument("subject")
@click.argument("finding", type=click.Choice(VERDICT_KINDS))
@click.option("--author", required=True, help="Who judged.")
@click.option("--reason", help="Why.")
@click.option(
    "--reliability", help="How often such a verdict is right, .5 to 1; default: finding.verdicts.reliability."
)
@click.option("--decided-at", help="When, UTC; default: at the end of the newest published night.")
@click.option("--expires-at", help="Counts until then, UTC; default: for good.")
@click.option("--inspected-because", type=click.Choice(["ranked", "random", "tip"]), help="Why it was looked at.")
@click.option("--inspection-probability", help="The chance it had of being looked at, 0 to 1.")
def verdict_add(config: Config, subject: str, finding: str, **said: str | None) -> None:
    """Add one verdict.

    \b
    SUBJECT                           FINDING
    source:ID, supplier:ID, place:ID  confirmed | cleared: whether it is a source of fakes
    seller:ID, listing:ID             confirmed | cleared: what a test purchase there was
    pair:SELLER,SELLER                must_link | cannot_link: whether one operator runs both
    value:TYPE:VALUE                  hub | cleared: whether many strangers share it
    `unsure` of any of them takes back what the author said before.
    """
    from headwater.nightly import entered, prospects

    kind, subject_id, other_id = entered.parse_subject(subject)
    row = {"subject_kind": kind, "subject_id": subject_id, "other_id": other_id, "verdict": finding, **said}
    [done] = entered.add(config, [row])
    there = "" if done.new else "was there already; "
    click.echo(f"{done.row['verdict_id']}: {subject} {finding}; {there}{done.obeyed} (lake {config.paths.lake})")
    _show_doubts(prospects.doubts(config, [done.row]))


@verdict.command("import")
@with_config
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False, exists=True))
def verdict_import(config: Config, file: Path) -> None:
    """Add the verdicts of a CSV FILE with the columns of the verdicts feed.

    What is there already is not added twice. verdict_id and decided_at may be left out: then a verdict is of the newest published
    night, and said anew if the file is imported after a later one."""
    from headwater.nightly import entered, prospects

    done = entered.import_file(config, file)
    new = sum(one.new for one in done)
    click.echo(f"verdicts added: {new:,}; there already: {len(done) - new:,} (lake {config.paths.lake})")
    for obeyed, count in Counter(one.obeyed for one in done).items():
        click.echo(f"{count:,}: {obeyed}")
    _show_doubts(prospects.doubts(config, [one.row for one in done]))


def _show_doubts(doubts: list[str]) -> None:
    for doubt in doubts[:DOUBTS]:
        click.echo(f"note: {doubt}", err=True)
    if len(doubts) > DOUBTS:
        click.echo(f"note: and {len(doubts) - DOUBTS:,} more like these; `headwater verdict list` tells all", err=True)


@verdict.command("list")
@with_config
@click.option(
    "--night", callback=lambda _c, _p, text: text and configuration.parse_night(text), help="Default: the newest."
)
def verdict_list(config: Config, night: date | None) -> None:
    """List the verdicts of feed and command line, the newest last: whether the night obeys them, why not, who disagrees."""
    from headwater.nightly import prospects
    from headwater.report import terminal

    told = prospects.listing(config, night)
    terminal.show_verdicts(told.night, told.rows, told.conflicts)


def _list_dials(context: click.Context, _parameter: click.Parameter, asked: bool) -> None:
    if asked:
        from headwater.synthetic import command

        click.echo(command.listing())
        context.exit()


@main.command("evaluate")
@with_config
@click.option(
    "--night", callback=lambda _c, _p, text: text and configuration.parse_night(text), help="Default: the newest."
)
@click.option(
    "--truth", type=click.Path(path_type=Path, file_okay=False), help="Truth folder of `headwater synthesise`."
)
@click.option(
    "--verdicts",
    metavar="FILE|lake",
    help="Verdicts decided after the night: a CSV or Parquet file of them, or `lake` for those that the lake holds.",
)
@click.option("--json", "out", type=click.Path(path_type=Path, dir_okay=False), help="Write all numbers here.")
@click.option("--plots", type=click.Path(path_type=Path, file_okay=False), help="Draw into this folder (matplotlib).")
@click.option(
    "--beside",
    multiple=True,
    metavar="NAME=FILE",
    help="With --plots: an evaluation kept by --json, drawn beside this one.",
)
def evaluate_command(
    config: Config,
    night: date | None,
    truth: Path | None,
    verdicts: str | None,
    out: Path | None,
    plots: Path | None,
    beside: tuple[str, ...],
) -> None:
    """Judge a published night by a planted truth or by later verdicts: precision, recall, calibration, roles, operators."""
    from headwater.evaluate import command

    if beside and plots is None:
        raise ConfigurationError("--beside goes with --plots FOLDER")
    others = command.read_beside(beside)
    result = command.evaluate_lake(config, night, truth, verdicts)
    click.echo(command.in_words(result))
    for file in command.keep(result, out, plots, others):
        click.echo(str(file))


@main.command()
@with_config
@night_option
@click.option("--top", default=5, show_default=True, type=click.IntRange(1), help="Worst keys of each kind.")
def plan(config: Config, night: date, top: int) -> None:
    """Say what a run of a night would do: files, rows, keys that meet, the worst of them, memory. Writes nothing."""
    from headwater import session
    from headwater.nightly.plan import plan_night
    from headwater.report.plan import show_plan

    spark = session.start(config, "headwater plan")
    try:
        show_plan(plan_night(spark, config, night, top))
    finally:
        spark.stop()


@main.command()
@click.argument("out", type=click.Path(path_type=Path, file_okay=False))
@click.option("--preset", default="demo", show_default=True, help="How hard it is; see above.")
@click.option("--orders", help="Order lines over the whole window.")
@click.option("--nights", help="Nights in sequence: the first in landing/, each later one in arrivals/NIGHT/.")
@click.option("--dirty", metavar="SHARE", help="Bad rows for every rule of every feed, as a share of its rows.")
@click.option("--format", "form", metavar="FORM", help="csv | csv.gz | jsonl | jsonl.gz | parquet")
@click.option("--seed", help="Seed of every draw.")
@click.option(
    "--set",
    "overrides",
    multiple=True,
    metavar="NAME=VALUE",
    help="Turn any dial of the marketplace; --list shows them.",
)
@click.option("--keep", is_flag=True, help="Leave a marketplace of the same parameters as it is.")
@click.option("--deliver", metavar="NIGHT", help="Only bring the files of that later night into landing/.")
@click.option(
    "--list",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_list_dials,
    help="List presets and dials, with why.",
)
def synthesise(
    out: Path, preset: str, form: str | None, overrides: tuple[str, ...], keep: bool, deliver: str | None, **dials: str
) -> None:
    """Write a planted marketplace to OUT: landing/ with its feeds, truth/ with what was planted.

    \b
    Presets:
      demo        200,000 orders with every nuisance, complaints nine times as common as in the world: a look
      clean       the demo without nuisances
    and of 10 million orders with complaints as rare as in the world:
      easy        six in ten orders name their supplier, few attacks
      camouflage  seven in ten orders of a guilty shop are honest goods
      unnamed     one order in twenty names its supplier
      malicious   24 % of the counterfeit complaints are bought
      sly, swarm  bought complaints from many accounts with two each, with one each
      hard        everything at once
      sparse      half as many complaints about fakes
    """
    from headwater.synthetic import command
    from headwater.synthetic import deliver as deliver_night

    if deliver is not None:
        deliver_night(out, deliver)
        click.echo(f"{out / 'landing'}: as the night {deliver} finds it")
        return
    named = {**dials, "format": form}
    short = tuple(f"{name}={value}" for name, value in named.items() if value is not None)
    click.echo(command.synthesise(out, preset, (*overrides, *short), keep))


@main.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
def key(file: Path) -> None:
    """Make a token key in FILE, readable by its owner alone; an existing one is never overwritten."""
    made = tokens.make_key(file)
    click.echo(f"{file}: a new token key" if made else f"{file}: is there already and was left as it is")


@main.command()
@with_config
def doctor(config: Config) -> None:
    """Say what is wrong with this machine or configuration, and how to repair it."""
    from headwater.doctor import examine
    from headwater.report import terminal

    if not terminal.show_examination(examine(config)):
        raise click.exceptions.Exit(ConfigurationError.exit_code)


def command(words: Sequence[str] | None = None) -> None:
    """`main`, and the process ends with it, without taking the interpreter down.

    Arrow's threads may still let go of buffers that Python lent them (a table read from an object store), and an interpreter
    that is ending aborts then, after all is done and said (apache/arrow#34314)."""
    code: Any = 0
    try:
        main(words)
    except SystemExit as end:
        code = end.code
    with suppress(BrokenPipeError):  # the reader may have gone, as `head` does
        sys.stdout.flush()
        sys.stderr.flush()
    os._exit(code if isinstance(code, int) else 1)


if __name__ == "__main__":
    command()
