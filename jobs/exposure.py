"""spark-submit entry of `headwater exposure`: the same options, the session that the cluster provides."""

import sys

from headwater.cli import command

if __name__ == "__main__":
    command(["exposure", *sys.argv[1:]])
