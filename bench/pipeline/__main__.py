"""`make bench-pipeline` or `python -m bench.pipeline [--rounds 3] [--orders 600] [--only shop,engine,limits]`.

Needs PostgreSQL and RabbitMQ (`make services`). Every round runs each contender once, in turn, so that what disturbs
the machine disturbs all. Prints medians, ranges and ratios, and writes them into docs/explanation/performance.md.
"""

from bench.pipeline.environment import enter

if __name__ == "__main__":
    enter()
    from bench.pipeline.rounds import main

    main()
