"""Registers the office pages of an order in the admin: passport and parcels."""

from django.utils.translation import gettext_lazy as _

from messaging.hooks.next_steps import AppAction, register_action
from orders.admin import register_order_page
from shipping.delivery_problems import CORRECT_ADDRESS
from shop.office.parcels.links import correction_urls
from shop.office.parcels.views import parcels
from shop.office.passport.views import passport

register_order_page(slug="passport", title=_("Passport"), view=passport)
register_order_page(slug="parcels", title=_("Parcels"), view=parcels)
register_action("correct_address", AppAction(_("Correct address"), CORRECT_ADDRESS, correction_urls))
