"""From a clause to what it uses: the index of the catalogue, what it presupposes, what is missing."""
