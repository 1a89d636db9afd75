"""Words of a request: stems, concepts, verbs, other languages, slips of the pen."""
