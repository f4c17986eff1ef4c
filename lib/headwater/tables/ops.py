"""What was taken, by which run, and the commit that makes it the night."""

from __future__ import annotations

from headwater.table import Table
from headwater.tables.columns import NIGHT, SEQ, TAKEN, col, opt

KIND = col("kind", "string", "place | supplier | operator | source | case")

FILES = Table(
    "ops",
    "files",
    "a file of a feed, taken once",
    ("night", "feed", "path"),
    (
        TAKEN,
        col("feed", "string", "the feed"),
        col("path", "string", "where it was"),
        SEQ,
        col("format", "string", "csv | parquet | json | delta"),
        col("bytes", "bigint", "its size", "bytes"),
        col("modified_ms", "bigint", "its time in the store", "ms since 1970"),
        opt("content", "string", "checksum of its content (SHA-256, or the store's own); null: the store tells none"),
        col("unknown_columns", "array<string>", "columns that the contract does not know; kept out"),
        opt("version", "bigint", "of a file of a Delta table, the version at which it is read; null for other files"),
        opt("note", "string", "what a commit to a Delta table took away; such a file has no rows"),
        col(
            "configuration", "string", "hash of the configuration and program that read it last; empty: it was refused"
        ),
    ),
    may_be_empty=True,
)

INTAKE = Table(
    "ops",
    "intake",
    "a file of the night, and where its rows went",
    ("night", "feed", "path"),
    (
        NIGHT,
        col("feed", "string", "the feed"),
        col("path", "string", "the file"),
        col("read", "bigint", "rows read = accepted + rejected"),
        col("accepted", "bigint", "rows in the clean table"),
        col("rejected", "bigint", "rows in clean/rejects"),
    ),
    may_be_empty=True,
)

CHECKS = Table(
    "ops",
    "checks",
    "a check of a run of the night",
    ("night", "name"),
    (
        NIGHT,
        col("name", "string", "the check"),
        col("passed", "boolean", "whether it held"),
        col("detail", "string", "what was compared"),
    ),
)
RUNS = Table(
    "ops",
    "runs",
    "a run",
    ("night", "run_id"),
    (
        NIGHT,
        col("run_id", "string", "the run"),
        col("started_at", "timestamp", "start, UTC"),
        col("seconds", "double", "how long it took", "s"),
        col("configuration", "string", "hash of the configuration"),
        col("version", "string", "version of Headwater"),
        col("stages", "string", "JSON: table, rows, seconds of each write"),
        opt("engine", "string", "what found operators: in_process | distributed; null: the run had no such stage"),
        opt(
            "source_engine",
            "string",
            "what swept the sources: in_process | distributed; null: the run had no such stage",
        ),
    ),
)
REGISTRY = Table(
    "ops",
    "registry",
    "a member of something with a stable id: of tonight, or remembered from an earlier night",
    ("night", "kind", "member"),
    (
        NIGHT,
        KIND,
        col("member", "string", "what is grouped: an address key, seller_id, source, ..."),
        col("id", "string", "the id of its group, or of the last one it was in (-> ops/identities)"),
        col("weight", "bigint", "how much of the group it is, on its last night"),
        col("last_night", "date", "the last night on which it was there"),
    ),
    partitions=("night", "kind"),
    may_be_empty=True,
)
IDENTITIES = Table(
    "ops",
    "identities",
    "a stable id that was ever given",
    ("night", "kind", "id"),
    (
        NIGHT,
        KIND,
        col("id", "string", "the id"),
        col("state", "string", "active | dormant (its members are not there) | merged (it never comes back)"),
        opt("successor", "string", "the id that it merged into, which may have merged since; null unless merged"),
        col("first_night", "date", "the night that gave it"),
        col("last_night", "date", "the last night on which it was active"),
        col("members", "bigint", "its members on that night"),
        col("weight", "bigint", "their weight"),
    ),
    partitions=("night", "kind"),
    may_be_empty=True,
)
NIGHTS = Table(
    "ops",
    "nights",
    "a table of a published night: the newest row of a table says which version to read",
    ("sequence", "table"),
    (
        col("sequence", "bigint", "number of the publication, counted from 1"),
        NIGHT,
        col("run_id", "string", "the run"),
        col("table", "string", "layer/name"),
        col("version", "bigint", "Delta version that holds the night"),
        col("rows", "bigint", "rows of the night"),
        col("digest", "string", "SHA-256 of the canonical rows sorted by key"),
        col(
            "inputs", "string", "hash of what the night was made of: files, configuration, program, the night before it"
        ),
        col(
            "based_on",
            "string",
            "inputs of the night before it; empty: it was the first. Other ones by now: it is stale",
        ),
    ),
    partitions=(),
)

# What the next night carries on; pinned by ops/nights like what is published.
CARRIED = (REGISTRY, IDENTITIES)
ENTERED_VERDICTS = Table(
    "ops",
    "verdicts",
    "a judgement entered at the command line; never changed, only added to",
    ("verdict_id",),
    (
        col("verdict_id", "string", "the judgement: a hash of its content"),
        col("subject_kind", "string", "source | seller | place | supplier | pair | operator | value | listing"),
        col("subject_id", "string", "the one that is judged"),
        opt("other_id", "string", "the other of a pair"),
        col("verdict", "string", "confirmed | cleared | unsure | must_link | cannot_link | hub"),
        opt("reliability", "double", "how often such a verdict is right; null: finding.verdicts.reliability"),
        col("author", "string", "who judged"),
        opt("reason", "string", "why"),
        col("decided_at", "timestamp", "when"),
        opt("expires_at", "timestamp", "counts until then"),
        opt("inspected_because", "string", "ranked | random | tip"),
        opt("inspection_probability", "double", "the chance that the subject had of being looked at"),
        col("recorded_at", "timestamp", "when it was entered"),
    ),
    partitions=(),
    may_be_empty=True,
)
