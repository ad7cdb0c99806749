"""The one format of times: ISO date, 24-hour clock, zone. Of dates: ISO date."""

DATE_FORMAT = "Y-m-d"
DATETIME_FORMAT = "Y-m-d H:i T"
