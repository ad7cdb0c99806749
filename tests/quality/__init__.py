"""Page audits and screenshots: `make audit-pages` and `make screenshots`.

`pages` lists one example of every page, and `scenario` creates the orders and visitors that they show. The browser
tests use both.
"""
