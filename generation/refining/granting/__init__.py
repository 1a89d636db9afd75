"""Each kind of wish as operations on the workflow at hand."""
