"""How is Chromium started? Where a test or an audit runs, as any user, and without asking its maker for anything."""

ARGUMENTS = (
    "--no-sandbox",
    "--no-proxy-server",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-dev-shm-usage",
)
