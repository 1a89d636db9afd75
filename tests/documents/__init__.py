"""What the pages of the documentation show is run as it stands there."""
