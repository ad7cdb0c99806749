"""Project configuration: settings, URLs, the Celery application and the processes of a running shop."""

import gc

#: Net new objects after which the collector looks for cycles, in every process of the shop. With Python's 700 (2,000
#: from 3.13 on), it takes a sixth of the time in which a worker loads the shop, and 7 percent of that of tests.
COLLECTED_AFTER = 10_000

gc.set_threshold(COLLECTED_AFTER)
