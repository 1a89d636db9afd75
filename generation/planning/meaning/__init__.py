"""What texts mean, whatever their words: vectors of a small multilingual model that lies in a package."""
