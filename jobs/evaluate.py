"""spark-submit entry of `headwater evaluate`: the same options; it needs no session."""

import sys

from headwater.cli import main

if __name__ == "__main__":
    main(["evaluate", *sys.argv[1:]])
