"""Published nights on the terminal, read without Spark."""

from __future__ import annotations

import sys
from datetime import date
from pathlib import Path
from typing import Any

import click
import pyarrow as pa
import pyarrow.compute as pc
from rich.console import Console
from rich.markup import escape
from rich.table import Table as Grid

from headwater.config import Config
from headwater.errors import ConfigurationError
from headwater.report import who
from headwater.report.words import dicts as _dicts
from headwater.report.words import safe
from headwater.store import PublishedReader
from headwater.tables.published import EVIDENCE, FUNNEL, PUBLISHED, SHOPS, SOURCES

# Wide enough for a table when the output is a file or a pipe, which have no width.
WIDTH = 140
SUSPECTED = 0.5  # the probability from which the reasons call a source suspected
ONE = ("source", "shop", "operator", "place")
# What is said of a source, in this order: the contributions of evidence and of what was known before are natural log units.
SECTIONS = {
    "Evidence for": ("shop_for",),
    "Evidence against": ("shop_against",),
    "Before and beside the complaints, and what is unknown": ("qualifier", "verdict"),
    "Complaints that fall to it most": ("complaint",),
    "Declared links": ("link",),
}


def show(
    config: Config, night: date | None, subject: str, subject_id: str | None, top: int, beside: str | None = None
) -> None:
    """Print a night (default: the newest), its top `sources`, `shops` or `operators`, or one of them, or one `place`, with its
    evidence; a shop `beside` another: why they are one operator, or are not."""
    reader = PublishedReader(config.paths.lake)
    night = night or reader.nights[-1]
    if subject in ONE and not subject_id:
        raise ConfigurationError(f"name the {subject}: headwater show {subject} ID")
    console = console_of_width()
    if subject == "source":
        _source(console, reader, night, str(subject_id))
    elif subject == "operators":
        who.operators(console, reader, night, top)
    elif subject == "operator":
        who.operator(console, reader, night, str(subject_id))
    elif subject == "place":
        who.place(console, reader, night, str(subject_id), top)
    elif subject == "shop" and beside:
        who.why(console, reader, night, str(subject_id), beside)
    elif subject == "shop":
        _shop(console, reader, night, str(subject_id))
    else:
        if subject == "night":
            _funnel(console, reader, night)
        if subject in ("night", "sources"):
            _sources(console, reader.read(SOURCES, night), top)
        if subject in ("night", "shops"):
            _shops(console, reader.read(SHOPS, night), top)
        if subject == "night":
            _where(console, reader, night)


def console_of_width() -> Console:
    """The terminal; a file or a pipe as wide as a table needs."""
    console = Console(highlight=False, soft_wrap=False, emoji=False)  # value:phone:+86 is no picture
    return console if console.is_terminal else Console(highlight=False, width=WIDTH, emoji=False)


def _ranked(rows: pa.Table, top: int) -> list[dict[str, Any]]:
    return _dicts(rows.take(pc.sort_indices(rows, sort_keys=[("rank", "ascending")])).slice(0, top))


def _find(rows: pa.Table, column: str, value: str, what: str, night: date) -> dict[str, Any]:
    found = _dicts(rows.filter(pc.equal(rows[column], value)))
    if not found:
        raise ConfigurationError(f"no {what} {value!r} on {night}; `headwater show {what}s` lists them")
    return found[0]


def _funnel(console: Console, reader: PublishedReader, night: date) -> None:
    funnel = _dicts(reader.read(FUNNEL, night))[0]
    rate = "no orders" if funnel["complaint_rate"] is None else f"{funnel['complaint_rate']:.2f} per 10,000 orders"
    console.print(f"[bold]Night {night}[/]")
    console.print(
        f"{funnel['orders']:,} orders, {funnel['complaints']:,} complaints of counterfeit kind ({rate}); "
        f"{funnel['complaints_not_counted']:,} other complaints, {funnel['complaints_unmatched']:,} still without their order; "
        f"{funnel['rejected_rows']:,} rows rejected{' (clean/rejects says why)' if funnel['rejected_rows'] else ''}"
    )
    console.print(
        f"{funnel['shops_suspected']:,} of {funnel['shops']:,} shops and {funnel['sources_suspected']:,} of "
        f"{funnel['sources']:,} sources shown are suspected; sources explain "
        f"{funnel['complaints_explained']:,.1f} of {funnel['complaints_weighed']:,.1f} complaints, as weighed"
    )
    again = [stale for stale in reader.stale if stale <= night]
    if again:
        console.print(
            "[yellow]stale:[/] a night before this one was made anew after it; renew it by these, in this order:"
        )
        for stale in again:
            console.print(f"  headwater run --night {stale}")
    for note in funnel["notes"]:
        console.print(f"[yellow]note:[/] {note}")


def _sources(console: Console, rows: pa.Table, top: int) -> None:
    # The name gives way to the width of the page, never a number.
    grid = Grid(title="Suspected sources", title_justify="left", box=None, pad_edge=False, expand=True)
    grid.add_column("rank", justify="right")
    grid.add_column("source", no_wrap=True)
    grid.add_column("kind", no_wrap=True)
    grid.add_column("name", no_wrap=True, overflow="ellipsis", ratio=1)
    for name in ("prob.", "ln BF", "attributed", "complaints", "expected", "shops", "harm", "trend"):
        grid.add_column(name, justify="left" if name == "trend" else "right", no_wrap=True)
    shown = _ranked(rows, top)
    for row in shown:
        grid.add_row(
            str(row["rank"]),
            row["source_id"],
            row["type"],
            _named(row),
            _chance(row["probability"]),
            f"{row['ln_bayes_factor']:+.1f}",
            f"{row['attributed']:.1f}",
            f"{row['complaints']:.1f}",
            _few(row["expected"]),
            f"{row['shops']:,}",
            f"{row['harm']:,.0f}",
            row["trend"],
        )
    if not rows.num_rows:
        console.print("No source has complaints, or nothing says where the goods come from.")
        return
    console.print(grid)
    risks = sum(row["safety_risk"] for row in shown)
    console.print(
        f"By harm, the value of the fakes to be expected; suspected brands with a safety risk first ({risks} here). complaints: by the "
        "share of the orders that is its own; attributed: after all other sources were heard."
    )
    if any(row["type"] == "dispatch" and row["attributed"] < 0.05 for row in shown):
        console.print(
            "A dispatch place with nothing attributed is suspected for the goods of suspected suppliers that leave it."
        )
    for calibration in rows["calibration_id"].unique().to_pylist():
        method, _, verdicts = calibration.partition("-")
        told = (
            ", not on verdicts" if method == "planted" else f" and {verdicts.rpartition('-')[2]} of people's verdicts"
        )
        console.print(f"Probabilities are calibrated on planted marketplaces{told}.")


def _chance(probability: float) -> str:
    """Three digits, and never one."""
    return ">0.999" if probability >= 0.9995 else f"{probability:.3f}"


def _named(source: dict[str, Any]) -> str:
    """Its name, else the id that orders give it."""
    return str(source["name"] or (source["members"] or [""])[0])


def _few(count: float) -> str:
    """Two digits that say something, however few."""
    return f"{count:.2f}" if count >= 0.1 else f"{count:.2g}"


def _shops(console: Console, rows: pa.Table, top: int) -> None:
    grid = Grid(title="Shops by complaints over expected (EB05)", title_justify="left", box=None, pad_edge=False)
    for name in (
        "rank",
        "shop",
        "lift at least (EB05)",
        "lift (EBGM)",
        "complaints",
        "expected",
        "orders",
        "probability",
        "main source",
    ):
        grid.add_column(name, justify="left" if name in ("shop", "main source") else "right")
    for row in _ranked(rows, top):
        grid.add_row(
            str(row["rank"]),
            row["seller_id"],
            f"{row['eb05']:.1f}",
            f"{row['ebgm']:.1f}",
            f"{row['complaints']:,}",
            _few(row["expected"]),
            f"{row['orders']:,}",
            "" if row["probability"] is None else _chance(row["probability"]),
            row["main_source_id"] or "none suspected",
        )
    console.print(grid)
    console.print(
        "probability: that goods of a guilty source flow through it. Complaints that nothing else bears out (paid ones look so) are "
        "counted here and weigh little there."
    )


def _source(console: Console, reader: PublishedReader, night: date, source_id: str) -> None:
    rows = reader.read(SOURCES, night)
    # Its own id, or that of a supplier or an address as orders give it.
    behind = (row for row in _dicts(rows) if source_id in row["members"])
    source = next(behind, None) or _find(rows, "source_id", source_id, "source", night)
    source_id = source["source_id"]
    word = "Suspected source" if source["probability"] >= SUSPECTED else "Source"
    console.print(
        f"[bold]{word} {source_id}[/] · {source['type']} · {_named(source)} · rank {source['rank']} on {night}"
    )
    for reason in source["reasons"]:
        console.print(f"  {reason}")
    console.print("  Members: " + ", ".join(source["members"][:10]) + (" ..." if len(source["members"]) > 10 else ""))
    rows = reader.read(EVIDENCE, night)
    evidence = _dicts(rows.filter(pc.equal(rows["source_id"], source_id)))
    for title, kinds in SECTIONS.items():
        mine = [e for e in evidence if e["kind"] in kinds]
        mine.sort(key=lambda e: (-abs(e["contribution"]), e["evidence_id"]))
        if mine or "Evidence" in title:
            console.print(f"[bold]{title}[/]")
        for row in mine:
            console.print(f"  {row['detail']}")
        if "Evidence" in title and not mine:
            console.print("  none" if evidence else "  written for the top ranks only (ranking.evidence_sources)")


def _shop(console: Console, reader: PublishedReader, night: date, seller_id: str) -> None:
    shop = _find(reader.read(SHOPS, night), "seller_id", seller_id, "shop", night)
    console.print(f"[bold]Shop {shop['seller_id']}[/] · rank {shop['rank']} on {night}")
    console.print(
        f"  {shop['complaints']:,} complaints where {_few(shop['expected'])} were expected from {shop['orders']:,} orders; "
        f"lift {shop['ebgm']:.1f}, with 95 % certainty at least {shop['eb05']:.1f}"
    )
    console.print(
        f"  operator: {shop['operator_id']}; with which shops and why: headwater show operator {shop['operator_id']}"
    )
    rows = reader.read(EVIDENCE, night)
    told = _dicts(rows.filter(pc.equal(rows["subject_id"], seller_id)))
    sources = {s["source_id"]: s for s in _dicts(reader.read(SOURCES, night))}
    told.sort(key=lambda e: (sources[e["source_id"]]["rank"], e["evidence_id"]))
    if shop["probability"] is not None:
        console.print(f"  probability that goods of a guilty source flow through it: {_chance(shop['probability'])}")
    for row in told:
        source = sources[row["source_id"]]
        console.print(
            f"  {source['type']} {row['source_id']} {_named(source)} (rank {source['rank']}): {row['detail']}"
        )
    if not told:
        console.print("  No source's evidence names this shop.")


def _where(console: Console, reader: PublishedReader, night: date) -> None:
    grid = Grid(title="Published tables", title_justify="left", box=None, pad_edge=False)
    for name in ("table", "rows", "digest", "path"):
        grid.add_column(name, justify="right" if name == "rows" else "left", overflow="fold")
    publication = reader.publication(night)
    for table in (t for t in PUBLISHED if t.full_name in publication):
        row = publication[table.full_name]
        grid.add_row(table.full_name, f"{row['rows']:,}", row["digest"][:16], escape(reader.path(table)))
    console.print(grid)
    best = _ranked(reader.read(SOURCES, night), 1)
    subject = (
        f"source {best[0]['source_id']}" if best else f"shop {_ranked(reader.read(SHOPS, night), 1)[0]['seller_id']}"
    )
    typed = sys.argv[0] if Path(sys.argv[0]).name == "headwater" else "headwater"
    console.print(f"Why? {escape(typed)} show {subject} --set paths.lake={escape(reader.root)}")


def show_examination(findings: list[Any]) -> bool:
    """Print what `doctor` found; True if nothing is wrong."""
    console = console_of_width()
    for finding in findings:
        mark = "[green]ok[/]  " if finding.good else "[red]wrong[/]"
        console.print(f"{mark} {escape(f'{finding.what}: {finding.detail}')}")
        if not finding.good:
            console.print(f"      -> {escape(finding.repair)}")
    return all(f.good for f in findings)


def show_validation(result: Any) -> None:
    """Print what `validate` found in a sample of the feeds."""
    console = console_of_width()
    grid = Grid(title="Feeds (a sample of each file)", title_justify="left", box=None, pad_edge=False)
    for name in ("feed", "form", "files", "rows read", "good", "rejected", "rules broken"):
        grid.add_column(name, justify="left" if name in ("feed", "form", "rules broken") else "right")
    for feed in result.feeds:
        rules = ", ".join(_broken(rule, count, feed.examples.get(rule)) for rule, count in sorted(feed.rules.items()))
        rejected = feed.read - feed.good
        grid.add_row(
            feed.name, feed.form, f"{feed.files:,}", f"{feed.read:,}", f"{feed.good:,}", f"{rejected:,}", rules
        )
    console.print(grid)
    for line in result.lines:
        click.echo(line)


def _broken(rule: str, count: int, example: str | None) -> str:
    return f"{rule} {count:,}" + (f" ({safe(example)})" if example else "")


def show_verdicts(night: date | None, rows: list[dict[str, Any]], conflicts: list[dict[str, Any]]) -> None:
    """Print verdicts, one a line, with what the night (None: there is none) makes of each, and who is judged both ways."""
    out = console_of_width()
    title = "Verdicts" + (f" on the night of {night}" if night else ", before the first night")
    grid = Grid(title=title, title_justify="left", box=None, pad_edge=False)
    for name in ("verdict", "by", "decided", "subject", "finding", "author", "until", "standing", "reason"):
        grid.add_column(name, no_wrap=name not in ("standing", "reason"), overflow="fold")
    for row in rows:
        told = {name: safe(value) for name, value in row.items()}
        subject = f"{told['subject_kind']}:{told['subject_id']}" + (f",{told['other_id']}" if told["other_id"] else "")
        grid.add_row(
            told["verdict_id"],
            "feed" if told["origin"] == "feed" else "command",
            f"{told['decided_at']:%Y-%m-%d %H:%M}",
            subject,
            told["verdict"],
            told["author"],
            f"{told['expires_at']:%Y-%m-%d}" if told["expires_at"] else "",
            told["standing"],
            told["reason"] or "",
        )
    out.print(grid if rows else "No verdict has come by the feed or been entered at the command line.")
    for row in conflicts:
        pair = f",{safe(row['other_id'])}" if row["other_id"] else ""
        out.print(
            f"[yellow]judged both ways:[/] {row['subject_kind']}:{safe(row['subject_id'])}{pair}: {safe(row['detail'])}"
        )
