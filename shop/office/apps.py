"""Readable names for third-party apps in the admin's sidebar."""

from axes.apps import AppConfig as AxesConfig
from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class SecurityConfig(AxesConfig):
    verbose_name = _("Sign-in security")


class TokensConfig(AppConfig):
    name = "knox"
    verbose_name = _("API tokens")
