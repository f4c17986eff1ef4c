"""spark-submit entry of `headwater graph`: the same options, the session that the cluster provides."""

import sys

from headwater.cli import command

if __name__ == "__main__":
    command(["graph", *sys.argv[1:]])
