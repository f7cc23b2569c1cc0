"""Keys: this site's own, and those of the platforms.

Our private key lies in the database, so that all web hosts share it, encrypted with the site's secret key, so that a
leaked database signs nothing. Where the secret key has changed, a new key pair is made; the LMS fetches it by itself.
"""

from __future__ import annotations

import hashlib
import logging
from datetime import timedelta
from typing import Any

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from django.core.cache import cache
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.crypto import salted_hmac

from lti import tokens, web
from lti.errors import BadLaunch, Refused, Unreachable
from lti.models import Platform, ToolKey

log = logging.getLogger(__name__)

BITS = 2048
PUBLISHED_AFTER = timedelta(days=30)  # a retired key stays readable: tokens signed with it may be on their way
FRESH = 3600  # seconds that a platform's key set is believed
KEPT = 24 * 3600  # and used on when the platform cannot be asked
ASK_AGAIN = 30  # seconds between two looks for an unknown key: ids are free to invent


# ---- Ours ------------------------------------------------------------------------------------------------


def _passphrase() -> bytes:
    return salted_hmac("lti.keys", "private", algorithm="sha256").hexdigest().encode()


def _make() -> ToolKey:
    private = rsa.generate_private_key(public_exponent=65537, key_size=BITS)
    spki = private.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    kid = hashlib.sha256(spki).hexdigest()[:32]
    pem = private.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.BestAvailableEncryption(_passphrase()),
    )
    return ToolKey(kid=kid, private=pem.decode(), public=tokens.public_jwk(private.public_key(), kid))


def _open(key: ToolKey) -> rsa.RSAPrivateKey | None:
    """The private half; None when it was encrypted with another secret key."""
    try:
        private = serialization.load_pem_private_key(key.private.encode(), _passphrase())
    except ValueError:
        return None
    return private if isinstance(private, rsa.RSAPrivateKey) else None


@transaction.atomic
def rotate() -> ToolKey:
    """Sign with a new key from now on. The old public key stays readable for thirty days."""
    ToolKey.objects.filter(current=True).update(current=False, retired_at=timezone.now())
    key = _make()
    key.save()
    log.info("a key pair was made for LTI: %s", key.kid)
    return key


def own_key() -> tuple[rsa.RSAPrivateKey, str]:
    """The key to sign with, and its id. Made when first asked for; of two processes at once, one makes it."""
    for _attempt in range(2):
        key = ToolKey.objects.filter(current=True).first()
        if key is not None and (private := _open(key)) is not None:
            return private, key.kid
        try:
            rotate()
        except IntegrityError:  # another process was faster: its key is there now
            continue
    key = ToolKey.objects.get(current=True)
    private = _open(key)
    if private is None:
        raise RuntimeError("the key for LTI opens with another SECRET_KEY: do all web hosts have the same?")
    return private, key.kid


def sign(claims: dict[str, Any]) -> str:
    private, kid = own_key()
    return tokens.sign(claims, private, kid)


def own_jwks() -> dict[str, Any]:
    """What the LMS checks our signatures with."""
    own_key()
    since = timezone.now() - PUBLISHED_AFTER
    keys = ToolKey.objects.filter(current=True) | ToolKey.objects.filter(retired_at__gte=since)
    return {"keys": [key.public for key in keys.order_by("-current", "-created_at")]}


# ---- The platforms' --------------------------------------------------------------------------------------


def platform_key(platform: Platform, kid: str) -> rsa.RSAPublicKey:
    """The platform's key of this id. Fetched again when the id is unknown: keys are rotated. Raises BadLaunch."""
    name = "lti-jwks-" + hashlib.sha256(f"{platform.pk} {platform.jwks_url}".encode()).hexdigest()
    held = cache.get(name)
    document, fetched_at = held if isinstance(held, tuple) else ({}, 0.0)
    now = timezone.now().timestamp()
    key = tokens.public_keys(document).get(kid)
    if key is not None and now - fetched_at < FRESH:
        return key
    # Asked once in a while for all processes together, whoever wins: an attacker's ids must not become requests.
    if cache.add(name + "-asked", True, ASK_AGAIN):
        try:
            document = web.get_json(platform.jwks_url)
        except (Unreachable, Refused) as error:
            log.warning("the key set of %s could not be read: %s", platform, error)
        else:
            cache.set(name, (document, now), KEPT)
            key = tokens.public_keys(document).get(kid)
    if key is None:
        raise BadLaunch("the token is signed with a key that the LMS does not show")
    return key
