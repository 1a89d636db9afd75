"""From a compact plan to a definition: ids, ways, conditions, approvals, and references from consumers to producers."""
