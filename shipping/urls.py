"""URLs of carrier webhooks."""

from django.urls import path

from shipping import views

app_name = "shipping"

urlpatterns = [path("carriers/<slug:name>/", views.carrier_webhook, name="carrier_webhook")]
