"""spark-submit entry of `headwater attribution`: the same options, the session that the cluster provides."""

import sys

from headwater.cli import command

if __name__ == "__main__":
    command(["attribution", *sys.argv[1:]])
