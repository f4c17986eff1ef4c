"""spark-submit entry of `headwater plan`: the same options, the session that the cluster provides."""

import sys

from headwater.cli import main

if __name__ == "__main__":
    main(["plan", *sys.argv[1:]])
