"""Passwords, access tokens, API keys and the keys of an installation."""

from amss_adapters.security.errors import KeysUnusable
from amss_adapters.security.keys import SigningKey, VerifyingKey, kept_key, kept_secrets_key, stored_key, verifying_keys
from amss_adapters.security.passwords import BcryptPasswords
from amss_adapters.security.secret_box import AesSecretBox, new_secrets_key, secrets_keys_of
from amss_adapters.security.secrets import RandomSecrets, generated_password
from amss_adapters.security.tokens import JwtAccessTokens

__all__ = [
    "AesSecretBox",
    "BcryptPasswords",
    "JwtAccessTokens",
    "KeysUnusable",
    "RandomSecrets",
    "SigningKey",
    "VerifyingKey",
    "generated_password",
    "kept_key",
    "kept_secrets_key",
    "new_secrets_key",
    "secrets_keys_of",
    "stored_key",
    "verifying_keys",
]
