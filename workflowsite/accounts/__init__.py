"""Log-in, tokens, and who one is; the users themselves are made in the admin or by `createsuperuser`."""
