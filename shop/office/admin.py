"""Registers the office pages of an order in the admin: passport and parcels."""

from django.utils.translation import gettext_lazy as _

from orders.admin import register_order_page
from shop.office.parcels.views import parcels
from shop.office.passport.views import passport

register_order_page(slug="passport", title=_("Passport"), view=passport)
register_order_page(slug="parcels", title=_("Parcels"), view=parcels)
