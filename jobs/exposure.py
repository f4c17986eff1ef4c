"""spark-submit entry of `headwater exposure`: the same options, the session that the cluster provides."""

import sys

from headwater.cli import main

if __name__ == "__main__":
    main(["exposure", *sys.argv[1:]])
