"""Chromium's command line for tests and audits: runs as any user and contacts no servers of its own."""

ARGUMENTS = (
    "--no-sandbox",
    "--no-proxy-server",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-dev-shm-usage",
)
