"""Signed tokens of LTI 1.3: the only module that knows the library.

Why PyJWT and code of our own rather than an LTI library: pylti1p3's last release is of 2022, and django-lti rests on
it; the maintained fork pylti1p3next brings jwcrypto and requests beside PyJWT. All three keep a launch's state in
sessions or cookies of their own, and fetch key sets and access tokens over any scheme, with redirects and without a
limit of size. What is left of LTI is the reading of claims (`lti.claims`) and two calls of the grade service
(`lti.service`).

Only RS256 is taken: LTI names it, and a list of one leaves nothing to confuse a public key with a shared secret.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Mapping
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from jwt.algorithms import RSAAlgorithm

from lti.errors import BadLaunch

ALGORITHM = "RS256"
MIN_BITS = 2048
LEEWAY = 60  # seconds by which two clocks may differ
MAX_AGE = 600  # seconds after which a token is too old, whatever its own end says
MAX_BYTES = 64 << 10
OUR_TOKENS_LIVE = 300


def key_id(token: str) -> str:
    """The id of the key that signed a token, unverified. Raises BadLaunch."""
    if len(token) > MAX_BYTES:
        raise BadLaunch("the token is too long")
    try:
        header = jwt.get_unverified_header(token)
    except jwt.InvalidTokenError:
        raise BadLaunch("the token cannot be read") from None
    kid = header.get("kid")
    if header.get("alg") != ALGORITHM:
        raise BadLaunch(f"the token is not signed with {ALGORITHM}")
    if not isinstance(kid, str) or not kid or len(kid) > 255:
        raise BadLaunch("the token names no key")
    return kid


def public_keys(document: Any) -> dict[str, RSAPublicKey]:
    """Key id → key of a JWKS document; keys for other uses, of other kinds or too short are left out."""
    entries = document.get("keys") if isinstance(document, dict) else None
    found: dict[str, RSAPublicKey] = {}
    for entry in entries if isinstance(entries, list) else []:
        if not isinstance(entry, dict) or entry.get("kty") != "RSA" or entry.get("use", "sig") != "sig":
            continue
        kid = entry.get("kid")
        try:
            key = RSAAlgorithm.from_jwk({name: entry[name] for name in ("kty", "n", "e")})
        except (jwt.InvalidKeyError, KeyError, ValueError, TypeError):
            continue
        if isinstance(kid, str) and isinstance(key, RSAPublicKey) and key.key_size >= MIN_BITS:
            found[kid] = key
    return found


def verify(token: str, key: RSAPublicKey, *, issuer: str, client_id: str, nonce: str) -> dict[str, Any]:
    """The claims of a platform's ID token for this tool (OpenID Connect Core, 3.1.3.7). Raises BadLaunch."""
    try:
        claims: dict[str, Any] = jwt.decode(
            token,
            key,
            algorithms=[ALGORITHM],
            issuer=issuer,
            audience=client_id,
            leeway=LEEWAY,
            options={"require": ["iss", "aud", "sub", "exp", "iat", "nonce"]},
        )
    except jwt.InvalidTokenError as error:
        raise BadLaunch(f"the token was not accepted: {type(error).__name__}") from None
    authorized = claims.get("azp")
    several = isinstance(claims["aud"], list) and len(claims["aud"]) > 1
    if (several or authorized is not None) and authorized != client_id:
        raise BadLaunch("the token is meant for another tool")
    if claims["nonce"] != nonce:
        raise BadLaunch("the token answers another request")
    issued = claims["iat"]
    if isinstance(issued, bool) or not isinstance(issued, int | float) or issued < time.time() - MAX_AGE - LEEWAY:
        raise BadLaunch("the token is too old")
    return claims


def sign(claims: Mapping[str, Any], key: RSAPrivateKey, kid: str) -> str:
    """A token of our own, good for five minutes, with a nonce (`jti` for a token endpoint) of its own."""
    now = int(time.time())
    once = secrets.token_urlsafe(24)
    body = {"iat": now - 5, "exp": now + OUR_TOKENS_LIVE, "nonce": once, "jti": once} | dict(claims)
    return jwt.encode(body, key, algorithm=ALGORITHM, headers={"kid": kid})


def public_jwk(key: RSAPublicKey, kid: str) -> dict[str, Any]:
    """A public key as the LMS reads it (RFC 7517)."""
    numbers: dict[str, Any] = RSAAlgorithm.to_jwk(key, as_dict=True)
    return {name: numbers[name] for name in ("kty", "n", "e")} | {"kid": kid, "alg": ALGORITHM, "use": "sig"}
