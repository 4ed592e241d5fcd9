"""`python -m cconv`."""

import sys

from cconv.cli import main

sys.exit(main())
