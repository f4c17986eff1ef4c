"""spark-submit entry of `headwater run`: the same options, the session that the cluster provides."""

import sys

from headwater.cli import command

if __name__ == "__main__":
    command(["run", *sys.argv[1:]])
