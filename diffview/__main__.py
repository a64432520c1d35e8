"""`python -m diffview`, as torchrun starts it too: the command line."""

import sys

from diffview.cli import main

if __name__ == "__main__":
    sys.exit(main())
