"""Facts about the admin as a whole; the apps' own tests have those of single pages."""
