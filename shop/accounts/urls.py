"""URLs of the account pages."""

from django.contrib.auth.views import LogoutView
from django.urls import path

from shop.accounts.views import addresses, details, order_history, sign_in

urlpatterns = [
    path("account/", order_history.history, name="account"),
    path("account/register/", sign_in.registration, name="register"),
    path("account/login/", sign_in.SignIn.as_view(), name="login"),
    path("account/logout/", LogoutView.as_view(next_page="shop:home"), name="logout"),
    path("account/password/", sign_in.ChangePassword.as_view(), name="password_change"),
    path("account/reset/", sign_in.RequestPasswordReset.as_view(), name="password_reset"),
    path("account/reset/<uidb64>/<token>/", sign_in.ChooseNewPassword.as_view(), name="password_reset_confirm"),
    path("account/addresses/", addresses.address_list, name="addresses"),
    path("account/addresses/add/", addresses.add, name="address_add"),
    path("account/addresses/<int:pk>/", addresses.change, name="address_change"),
    path("account/addresses/<int:pk>/default/", addresses.make_default, name="address_default"),
    path("account/addresses/<int:pk>/remove/", addresses.remove, name="address_remove"),
    path("account/details/", details.details, name="account_details"),
    path("account/email/<uidb64>/<token>/", details.confirm_email, name="email_confirm"),
    path("account/tokens/<str:token_key>/revoke/", details.revoke_token, name="token_revoke"),
    path("account/data.json", details.data, name="account_data"),
    path("account/delete/", details.delete, name="account_delete"),
    path("account/deleted/", details.closed, name="account_closed"),
]
