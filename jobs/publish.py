"""spark-submit entry of `headwater publish`: the same options, the session that the cluster provides."""

import sys

from headwater.cli import main

if __name__ == "__main__":
    main(["publish", *sys.argv[1:]])
