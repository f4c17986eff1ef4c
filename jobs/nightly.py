"""spark-submit entry of `headwater run`: the same options, the session that the cluster provides."""

import sys

from headwater.cli import main

if __name__ == "__main__":
    main(["run", *sys.argv[1:]])
