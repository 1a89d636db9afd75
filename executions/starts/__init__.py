"""From a request to a run on Temporal."""
