"""Passwords, access tokens, API keys and the keys of an installation."""

from amss_adapters.security.errors import KeysUnusable
from amss_adapters.security.keys import SigningKey, VerifyingKey, kept_key, stored_key, verifying_keys
from amss_adapters.security.passwords import BcryptPasswords
from amss_adapters.security.secrets import RandomSecrets, generated_password
from amss_adapters.security.tokens import JwtAccessTokens

__all__ = [
    "BcryptPasswords",
    "JwtAccessTokens",
    "KeysUnusable",
    "RandomSecrets",
    "SigningKey",
    "VerifyingKey",
    "generated_password",
    "kept_key",
    "stored_key",
    "verifying_keys",
]
