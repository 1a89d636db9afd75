"""`make demo`: a client's tour of the product, over HTTP."""
