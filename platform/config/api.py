"""The HTTP API (django-ninja): OpenAPI at /api/openapi.json, a page to read it at /api/docs."""

from ninja import NinjaAPI

api = NinjaAPI(title="Rendu", version="1", urls_namespace="api", docs_url="/docs", openapi_url="/openapi.json")
