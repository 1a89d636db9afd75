from django.urls import path

from workflowsite.accounts import views

urlpatterns = [
    path("auth/login", views.LoginView.as_view(), name="login"),
    path("auth/logout", views.LogoutView.as_view(), name="logout"),
    path("auth/me", views.MeView.as_view(), name="me"),
    path("auth/tokens", views.TokensView.as_view(), name="tokens"),
    path("auth/tokens/<str:token_id>", views.TokenView.as_view(), name="token"),
]
