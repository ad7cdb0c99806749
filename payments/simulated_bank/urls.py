"""URL of the simulated bank."""

from django.urls import path

from payments.simulated_bank import views

app_name = "simulated_bank"

urlpatterns = [path("simulated-bank/<slug:reference>/", views.confirm, name="confirm")]
