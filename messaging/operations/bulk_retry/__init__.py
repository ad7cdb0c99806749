"""How are many dead messages sent again together, so that it can be foreseen, held, and taken back?

`services` are what a person wishes, `driver` is what goes on in the background, `selectors` are what pages show.
"""
