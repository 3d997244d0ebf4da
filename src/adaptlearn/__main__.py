"""``python -m adaptlearn``: the command line."""

import sys

from adaptlearn.cli import main

if __name__ == "__main__":
    sys.exit(main())
