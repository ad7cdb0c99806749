"""How good are the shop's pages, measured from outside? `make audit-pages` and `make screenshots` are run from here.

`pages` lists an example of each page, `stage` brings the shop into the states that they show; the browser tests use
both.
"""
