"""REST framework's shared parts, named in the settings; the apps need not import them."""
