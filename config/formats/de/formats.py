"""The one format of times: ISO date, 24-hour clock, zone."""

DATETIME_FORMAT = "Y-m-d H:i T"
