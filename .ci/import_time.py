"""How much longer `import numpy, cconv` takes than `import numpy`: at most 15 ms.

The time of each is taken in one fresh process, 15 times over; the processor's time, which other
work on the machine hardly changes.
"""

import subprocess
import sys
from statistics import median

RUNS, MOST_MS = 15, 15
CODE = """
from time import process_time
start = process_time()
import numpy
between = process_time()
import cconv
print(between - start, process_time() - between)
"""


def seconds():
    """Seconds that importing NumPy and then cconv take."""
    printed = subprocess.run([sys.executable, "-c", CODE], check=True, capture_output=True).stdout
    return map(float, printed.split())


seconds()  # writes the bytecode
numpy, cconv = (
    1e3 * median(column) for column in zip(*(seconds() for _ in range(RUNS)), strict=True)
)
print(f"import: NumPy {numpy:.1f} ms, cconv {cconv:.1f} ms more")
if cconv > MOST_MS:
    sys.exit(f"import cconv: {cconv:.1f} ms on top of NumPy; at most {MOST_MS} ms would do")
