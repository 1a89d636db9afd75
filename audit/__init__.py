"""Who changed what: rows that are added with each change, in its transaction, and never altered."""
