"""The laws of boxes for secrets that must be read again."""

import base64

import pytest

from amss_domain.shared.ids import OrgId
from amss_domain.testing.stand_ins import FRESH_IDS
from amss_domain.webhooks.errors import SecretsUnavailable
from amss_domain.webhooks.ports import SecretBox

_SECRETS = ["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "sixteen letters!", "x" * 256]


class SecretBoxContract:
    """Laws that every box keeps; a subclass gives the fixtures `box` and `another_box`, which has another key."""

    @pytest.mark.parametrize("secret", _SECRETS)
    def test_what_was_sealed_can_be_opened(self, box: SecretBox, secret: str) -> None:
        """`opened` of what was `sealed` for the same organization is the same text, however often."""
        org_id = an_org_id()

        first, second = (box.sealed(secret, org_id=org_id) for _ in range(2))

        assert [box.opened(one, org_id=org_id) for one in (first, second, first)] == [secret] * 3

    def test_no_other_organization_can_open_it(self, box: SecretBox) -> None:
        """What was sealed for one organization is not read for another."""
        sealed = box.sealed(_SECRETS[0], org_id=an_org_id())

        with pytest.raises(SecretsUnavailable):
            box.opened(sealed, org_id=an_org_id())

    def test_no_other_key_can_open_it(self, box: SecretBox, another_box: SecretBox) -> None:
        """What was sealed with one key is not read with another, either way round."""
        org_id = an_org_id()

        for one, other in ((box, another_box), (another_box, box)):
            with pytest.raises(SecretsUnavailable):
                other.opened(one.sealed(_SECRETS[0], org_id=org_id), org_id=org_id)

    @pytest.mark.parametrize("secret", _SECRETS)
    def test_what_may_be_shown_does_not_tell_the_secret(self, box: SecretBox, secret: str) -> None:
        """Neither the hint nor what the sealed secret looks like when printed has more than a few letters of it."""
        sealed = box.sealed(secret, org_id=an_org_id())

        for shown in (sealed.hint, repr(sealed)):
            assert secret[:10] not in shown
            assert secret[-10:] not in shown

    def test_new_secrets_are_random_bytes(self, box: SecretBox) -> None:
        """`new_secret` is `whsec_` and at least 24 bytes in base64, another each time."""
        secrets = {box.new_secret() for _ in range(20)}

        assert len(secrets) == 20
        for secret in secrets:
            prefix, encoded = secret[:6], secret[6:]
            assert prefix == "whsec_"
            assert len(base64.b64decode(encoded, validate=True)) >= 24


def an_org_id() -> OrgId:
    """Return the id of an organization."""
    return OrgId(FRESH_IDS.new())
