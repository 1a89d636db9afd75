"""Text values that are encrypted in the database."""

from typing import Any

from django.db import models
from encrypted_fields.fields import EncryptedFieldMixin, EncryptedJSONField


class SecretJSONField(EncryptedJSONField):  # type: ignore[misc]  # the package has no types
    """An object of text values; its keys are stored readable, its values encrypted.

    The package's `clean` flags the *shared* field object as decrypted while it runs, and leaves the flag set when
    validation fails: every later read in the process would then return ciphertext. Objects need no such flag.
    """

    def clean(self, value: Any, model_instance: models.Model | None) -> Any:
        """The validated object; raises `ValidationError`."""
        return super(EncryptedFieldMixin, self).clean(value, model_instance)
