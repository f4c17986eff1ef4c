"""spark-submit entry of `headwater plan`: the same options, the session that the cluster provides."""

import sys

from headwater.cli import command

if __name__ == "__main__":
    command(["plan", *sys.argv[1:]])
