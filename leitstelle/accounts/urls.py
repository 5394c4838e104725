"""Addresses of the log-in. Stand before the administration's own, which is thereby replaced."""

from django.urls import path
from django.views.i18n import set_language

from leitstelle.accounts import views

urlpatterns = [
    path("login/", views.login_page, name="login"),
    path("login/code/", views.code_page, name="code"),
    path("login/seat/", views.seat_page, name="seat"),
    path("login/language/", set_language, name="language"),
    path("logout/", views.logout_page, name="logout"),
    path("password/", views.password_page, name="password"),
    path("password/second/", views.second_factor_page, name="second-factor"),
    path("admin/password_change/", views.password_page),
    path("admin/login/", views.login_page),
    path("admin/logout/", views.logout_page),
]
