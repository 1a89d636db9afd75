"""What a published version used, compared with what stands there today."""
