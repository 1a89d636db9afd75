"""What a workflow is: definitions, versions and templates."""
