"""The only place that reads or writes Delta: through Spark what grows with the orders (`lake`), as Arrow what does not (`arrow`),
and the published nights for readers (`published`)."""

from headwater.store.arrow import absolute
from headwater.store.lake import Lake, Written, one_row
from headwater.store.published import PublishedReader, append_rows, read_rows

__all__ = ["Lake", "PublishedReader", "Written", "absolute", "append_rows", "one_row", "read_rows"]
