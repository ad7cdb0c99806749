"""Project configuration: settings, URLs, the Celery application and the processes of a running shop."""

import gc

#: Net new objects after which the collector looks for cycles, in every process of the shop. With Python's 700 (2,000
#: from 3.12 on), it takes a tenth to a sixth of the time in which a process loads the shop, and of a test's.
COLLECTED_AFTER = 10_000

gc.set_threshold(COLLECTED_AFTER)
