"""Admin of users: Django's own."""

from django.contrib import admin
from django.contrib.auth.admin import UserAdmin

from shop.models import User

admin.site.register(User, UserAdmin)
