"""How does a person in the office keep users, and where is an order's passport?"""

from django.contrib import admin
from django.contrib.auth.admin import UserAdmin
from django.utils.translation import gettext_lazy as _

from orders.admin import OrderAdmin, OrderPage
from shop.models import User
from shop.parcels.page import parcels
from shop.passport.page import passport

admin.site.register(User, UserAdmin)
OrderAdmin.pages = [
    *OrderAdmin.pages,
    OrderPage("passport", _("Passport"), passport),
    OrderPage("parcels", _("Parcels"), parcels),
]
