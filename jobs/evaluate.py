"""spark-submit entry of `headwater evaluate`: the same options; it needs no session."""

import sys

from headwater.cli import command

if __name__ == "__main__":
    command(["evaluate", *sys.argv[1:]])
