"""A small LMS on loopback: a real HTTP server with the four services of LTI 1.3 that the site talks to.

It answers authentication requests with a form, shows its keys, gives access tokens for assertions that it verifies with
the tool's public keys, keeps line items, and takes scores as Moodle does: not older ones.
"""

from __future__ import annotations

import html
import json
import re
import threading
import time
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa
from jwt.algorithms import RSAAlgorithm

from accounts.mail import wait_until_sent
from tests.signing import CODE, LOGIN, mailed_code

CLAIM = "https://purl.imsglobal.org/spec/lti/claim/"
MEMBER = "http://purl.imsglobal.org/vocab/lis/v2/membership"
LEARNER, INSTRUCTOR = f"{MEMBER}#Learner", f"{MEMBER}#Instructor"
SCOPES = [
    "https://purl.imsglobal.org/spec/lti-ags/scope/score",
    "https://purl.imsglobal.org/spec/lti-ags/scope/lineitem",
]
CLIENT = "rendu-tool"
KEYS = [rsa.generate_private_key(public_exponent=65537, key_size=2048) for _number in range(2)]


class Lms:
    """The server and what it holds. One for all tests of a module; `reset` empties it."""

    def __init__(self) -> None:
        lms = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def _serve(self) -> None:
                length = int(self.headers.get("Content-Length") or 0)
                body = self.rfile.read(length)
                parts = urlsplit(self.path)
                query = {name: values[0] for name, values in parse_qs(parts.query).items()}
                try:
                    status, kind, answer = lms.answer(self.command, parts.path, query, dict(self.headers), body)
                except Exception as error:
                    lms.faults.append(error)  # the fixture raises it
                    status, kind, answer = 500, "text/plain", b"a fault of the test"
                self.send_response(status)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(answer)))
                if 300 <= status < 400:
                    self.send_header("Location", f"{lms.url}/jwks")
                self.end_headers()
                self.wfile.write(answer)

            do_GET = do_POST = _serve

            def log_message(self, *args: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        self.thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.02})
        self.thread.start()
        self.reset()

    def reset(self) -> None:
        self.key, self.kid = KEYS[0], "first"  # what it signs with
        self.shown: dict[str, Any] = {"first": KEYS[0]}  # what its key set shows
        self.claims: dict[str, Any] = {}  # of the next launch
        self.user = "bob-1"
        self.faults: list[Exception] = []
        self.tool_keys: list[dict[str, Any]] = []  # its public keys, as a test has read them from the tool
        self.assertions: set[str] = set()
        self.tokens: dict[str, set[str]] = {}
        self.items: list[dict[str, Any]] = []
        self.scores: dict[tuple[str, str], dict[str, Any]] = {}  # (line item's path, user) → newest
        self.log: list[dict[str, Any]] = []  # every score that came, in order
        self.fail: int = 0  # answer everything of the grade service with this status
        self.fail_users: dict[str, int] = {}
        self.fail_token: int = 0
        self.requests: list[str] = []

    def close(self) -> None:
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()

    # ---- Answers ----

    def answer(
        self, method: str, path: str, query: dict[str, str], headers: dict[str, str], body: bytes
    ) -> tuple[int, str, bytes]:
        self.requests.append(f"{method} {path}")
        if path == "/jwks":
            keys = [self._jwk(kid, key) for kid, key in self.shown.items()]
            return self._json({"keys": keys})
        if path == "/moved":
            return 302, "text/plain", b""
        if path == "/auth":
            return 200, "text/html", self.form(query).encode()
        if path == "/token":
            return self._token({name: values[0] for name, values in parse_qs(body.decode()).items()})
        if path.startswith("/ags/"):
            return self._grades(method, path, query, headers, body)
        return 404, "text/plain", b"nothing here"

    @staticmethod
    def _json(value: Any, status: int = 200) -> tuple[int, str, bytes]:
        return status, "application/json", json.dumps(value).encode()

    @staticmethod
    def _jwk(kid: str, key: rsa.RSAPrivateKey) -> dict[str, Any]:
        return RSAAlgorithm.to_jwk(key.public_key(), as_dict=True) | {"kid": kid, "use": "sig", "alg": "RS256"}

    def _token(self, form: dict[str, str]) -> tuple[int, str, bytes]:
        if self.fail_token:
            return self._json({"error": "invalid_client"}, self.fail_token)
        assertion = form["client_assertion"]
        kid = jwt.get_unverified_header(assertion)["kid"]
        found = [jwk for jwk in self.tool_keys if jwk["kid"] == kid]
        claims = jwt.decode(assertion, RSAAlgorithm.from_jwk(found[0]), ["RS256"], audience=f"{self.url}/token")
        assert claims["iss"] == claims["sub"] == CLIENT and claims["exp"] - claims["iat"] < 600
        assert claims["jti"] not in self.assertions and form["grant_type"] == "client_credentials"
        self.assertions.add(claims["jti"])
        token = f"token-{len(self.tokens)}"
        self.tokens[token] = set(form["scope"].split())
        return self._json({"access_token": token, "token_type": "Bearer", "expires_in": 3600, "scope": form["scope"]})

    def _grades(
        self, method: str, path: str, query: dict[str, str], headers: dict[str, str], body: bytes
    ) -> tuple[int, str, bytes]:
        granted = self.tokens.get(headers.get("Authorization", "").removeprefix("Bearer "), set())
        if SCOPES[0 if path.endswith("/scores") else 1] not in granted:
            return self._json({}, 401)
        if self.fail:
            return self._json({"why": "out of order"}, self.fail)
        if path.endswith("/lineitems"):
            if method == "GET":
                wanted = query.get("resource_link_id")
                return self._json([item for item in self.items if item["resourceLinkId"] == wanted])
            assert headers["Content-Type"] == "application/vnd.ims.lis.v2.lineitem+json"
            made = json.loads(body) | {"id": f"{self.url}/ags/made{len(self.items)}?type_id=2"}
            self.items.append(made)
            return self._json(made, 201)
        assert headers["Content-Type"] == "application/vnd.ims.lis.v1.score+json"
        return self._score(path.removesuffix("/scores"), json.loads(body))

    def _score(self, item: str, score: dict[str, Any]) -> tuple[int, str, bytes]:
        self.log.append(score)
        if status := self.fail_users.get(score["userId"], 0):
            return self._json({"why": "this person"}, status)
        held = self.scores.get((item, score["userId"]))
        if held and datetime.fromisoformat(held["timestamp"]) >= datetime.fromisoformat(score["timestamp"]):
            return self._json({"why": "earlier timestamp"}, 409)
        assert score.get("scoreGiven", 0) >= 0
        self.scores[item, score["userId"]] = score
        return self._json({})

    # ---- Launches ----

    def form(self, query: dict[str, str]) -> str:
        """What the authentication endpoint answers: a form that the browser posts to the tool."""
        token = self.token(nonce=query["nonce"])
        fields = {"id_token": token, "state": query["state"]}
        inputs = "".join(f'<input name="{name}" value="{html.escape(value)}">' for name, value in fields.items())
        return f'<form method="post" action="{html.escape(query["redirect_uri"])}">{inputs}</form>'

    def token(self, nonce: str, key: Any = None, kid: str | None = None, algorithm: str = "RS256") -> str:
        now = int(time.time())
        claims: dict[str, Any] = {
            "iss": self.url,
            "aud": CLIENT,
            "sub": self.user,
            "iat": now,
            "exp": now + 300,
            "nonce": nonce,
            "name": "Bob Durand",
            "given_name": "Bob",
            "family_name": "Durand",
            "email": "bob@lms.example",
            f"{CLAIM}version": "1.3.0",
            f"{CLAIM}message_type": "LtiResourceLinkRequest",
            f"{CLAIM}deployment_id": "1",
            f"{CLAIM}context": {"id": "c7", "title": "Neural networks"},
            f"{CLAIM}resource_link": {"id": "r1", "title": "Sheet 1"},
            f"{CLAIM}roles": [LEARNER],
            "https://purl.imsglobal.org/spec/lti-ags/claim/endpoint": {
                "scope": SCOPES,
                "lineitems": f"{self.url}/ags/lineitems",
                "lineitem": f"{self.url}/ags/column1?type_id=2",
            },
        }
        claims |= self.claims
        claims = {name: value for name, value in claims.items() if value is not None}
        headers = {} if (kid or self.kid) == "none" else {"kid": kid or self.kid}
        return jwt.encode(claims, key or self.key, algorithm=algorithm, headers=headers)


FIELD = re.compile(r'<input (?:type="hidden" )?name="(\w+)" value="([^"]*)"')


class Browser:
    """A browser with the rules that matter here: what another site posts carries SameSite=None cookies only."""

    def __init__(self, client: Any, lms: Lms) -> None:
        self.client, self.lms = client, lms
        self.keeps_cookies = True

    def start(self, frame: bool = False, **more: str) -> Any:
        """The LMS sends the browser to the tool's first step."""
        params = {"iss": self.lms.url, "client_id": CLIENT, "login_hint": "h1", "lti_message_hint": "m1"}
        headers = {"sec-fetch-dest": "iframe"} if frame else {}
        answer = self.client.post("/lti/login", params | more, secure=True, headers=headers)
        if not self.keeps_cookies:
            self.client.cookies.clear()
        return answer

    def ask(self, answer: Any) -> dict[str, str]:
        """Follow the tool to the LMS; the fields of the form that it sends back."""
        assert answer.status_code == 302, answer.content
        parts = urlsplit(answer["Location"])
        assert f"{parts.scheme}://{parts.netloc}" == self.lms.url
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        assert query["redirect_uri"] == "https://testserver/lti/launch"
        page = self.lms.form(query)
        return {name: html.unescape(value) for name, value in FIELD.findall(page)}

    def post(self, fields: dict[str, str]) -> Any:
        """The LMS's form, posted from its site to the tool."""
        held = dict(self.client.cookies.items())
        for name, cookie in list(self.client.cookies.items()):
            if cookie["samesite"] != "None":
                del self.client.cookies[name]
        try:
            return self.client.post("/lti/launch", fields, secure=True, headers={"origin": self.lms.url})
        finally:
            for name, cookie in held.items():
                if name not in self.client.cookies:
                    self.client.cookies[name] = cookie.value
                    self.client.cookies[name].update(cookie)

    def follow(self, answer: Any, stop: str = "") -> Any:
        """Redirects within the site, until a page, or an address that begins with `stop`."""
        for _hop in range(8):
            if answer.status_code not in (302, 303) or (stop and answer["Location"].startswith(stop)):
                return answer
            answer = self.client.get(answer["Location"], secure=True)
        raise AssertionError("redirects go round in circles")

    def press(self, url: str, stop: str = "/c/", **fields: Any) -> Any:
        """A button of one of the tool's own pages."""
        return self.follow(self.client.post(url, fields, secure=True), stop)

    def sign_in(self, email: str, stop: str = "/c/") -> Any:
        """With the code from the mail, on the way to the launch that waits."""
        login = f"{LOGIN}?next=/lti/continue/"
        answer = self.client.post(login, {"email": email, "next": "/lti/continue/"}, secure=True)
        wait_until_sent()
        assert answer.status_code == 302, answer.content
        return self.press(CODE, stop, code=mailed_code(), next="/lti/continue/")

    def launch(self, stop: str = "/c/", **claims: Any) -> Any:
        """A whole launch; ends at the course's page (not fetched), or at whatever page asks something."""
        self.lms.claims = claims
        return self.follow(self.post(self.ask(self.start())), stop)
