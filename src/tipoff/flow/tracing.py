"""Traces by OpenTelemetry, where the settings name a collector: what DBOS does, workflow by workflow and step by step, and each request.

Needs the extra `tipoff[otel]`, which is imported when there is a collector, and not before. What OpenTelemetry itself takes from the
environment (OTEL_SERVICE_NAME, OTEL_RESOURCE_ATTRIBUTES, OTEL_TRACES_SAMPLER, OTEL_EXPORTER_OTLP_HEADERS …) is in force as its
documentation says. Requests to the sources are not traced: their addresses hold keys (F63). It must never know what is traced.
"""

from __future__ import annotations

import os
import threading
from typing import Any

from tipoff.config import Settings
from tipoff.errors import ConfigError, UpstreamUnavailable
from tipoff.flow.code import code_version

SERVICE = "tipoff"
QUIET = "health,ready,metrics,static/.*,.*/events"
"""Paths that are asked for every few seconds, or answered without end: no traces of them."""


class _Provider:
    """The tracer provider of this process: OpenTelemetry has one, for good."""

    def __init__(self) -> None:
        self.mutex = threading.Lock()
        self.provider: Any = None


_ours = _Provider()


def begin(settings: Settings) -> Any:
    """Have this process's traces sent from now on; the provider, or None where no collector is named. Asking twice is harmless.

    What waits to be sent is sent when the process ends. A collector that is away holds up nobody: its traces are lost, and the log says so.
    Raises ConfigError where the extra is not installed.
    """
    if settings.traces_url is None:
        return None
    with _ours.mutex:
        if _ours.provider is None:
            _ours.provider = _made(settings, settings.traces_url)
        return _ours.provider


def _made(settings: Settings, url: str) -> Any:
    try:
        from opentelemetry import trace
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
    except ImportError as error:
        raise _not_installed(error) from error
    about = {"service.version": code_version(), "tipoff.league": settings.league}
    resource = Resource({"service.name": SERVICE}).merge(Resource.create()) if _is_named() else Resource.create({"service.name": SERVICE})
    provider = TracerProvider(resource=resource.merge(Resource(about)))
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(endpoint=url)))
    trace.set_tracer_provider(provider)
    return provider


def _is_named() -> bool:
    """Whether the environment says what this service is called."""
    return "OTEL_SERVICE_NAME" in os.environ or "service.name=" in os.environ.get("OTEL_RESOURCE_ATTRIBUTES", "")


def watch_requests(app: Any, settings: Settings) -> None:
    """Trace each request of a FastAPI application, where a collector is named. Raises as `begin` does."""
    provider = begin(settings)
    if provider is None:
        return
    try:
        from opentelemetry.instrumentation.fastapi import FastAPIInstrumentor
    except ImportError as error:
        raise _not_installed(error) from error
    FastAPIInstrumentor.instrument_app(app, tracer_provider=provider, excluded_urls=QUIET, exclude_spans=["receive", "send"])


def use_collector(url: str) -> str:
    """Send a collector a message without a trace; what was done. Raises ConfigError without the extra, UpstreamUnavailable where it is not
    taken."""
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.trace.export import SpanExportResult
    except ImportError as error:
        raise _not_installed(error) from error
    exporter = OTLPSpanExporter(endpoint=url, timeout=5)
    try:
        if exporter.export([]) is not SpanExportResult.SUCCESS:
            raise UpstreamUnavailable(
                f"The collector at {url} did not take an empty message.",
                hint="Is it up, does it take OTLP over HTTP there, and the headers?",
            )
    finally:
        exporter.shutdown()  # type: ignore[no-untyped-call]
    return f"{url}: an empty message was taken"


def _not_installed(error: ImportError) -> ConfigError:
    return ConfigError(
        f"TIPOFF_TRACES_URL is set, and OpenTelemetry cannot be imported: {error}.",
        hint="Install it: `uv sync --extra otel`, or `pip install 'tipoff[otel]'`.",
    )
