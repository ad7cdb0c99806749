"""What a gateway needs in the browser to collect a payment method, so that card data never reach the shop."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class BrowserForm:
    """The form of a gateway's own that the payment step shows instead of a list of methods.

    `script` is its address; `key` is public. `policy` has the sources that the page's Content-Security-Policy allows
    besides, by directive. `method` matches the methods that it collects, and `label` is what orders call them. `amount`
    converts the shop's minor units of a currency into the gateway's, for display only.
    """

    script: str
    key: str
    policy: Mapping[str, list[str]]
    method: re.Pattern[str]
    label: str
    amount: Callable[[int, str], int]

    def collects(self, method: str) -> bool:
        return self.method.fullmatch(method) is not None
