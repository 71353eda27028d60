# One image for everything: `tipoff up` by default; `serve`, `worker` or any other command as arguments.
#
#   docker build -t tipoff .
#   docker build -t tipoff --build-arg EXTRAS="--extra pubsub" .
#
# What is installed is what uv.lock says, no more and no less. No secret belongs into the image: all come by the environment.

FROM python:3.11-slim-bookworm AS build
RUN pip install --no-cache-dir uv==0.13.9
ENV UV_PROJECT_ENVIRONMENT=/opt/tipoff UV_PYTHON_DOWNLOADS=never UV_LINK_MODE=copy
ARG EXTRAS=""
WORKDIR /src
# The dependencies by themselves: they are installed anew only where the lock file changes.
COPY pyproject.toml uv.lock README.md LICENSE ./
RUN uv sync --locked --no-dev --no-cache --no-install-project ${EXTRAS}
COPY src src
RUN uv sync --locked --no-dev --no-cache --no-editable ${EXTRAS}

FROM python:3.11-slim-bookworm
# LightGBM's library asks the system for OpenMP.
RUN apt-get update \
    && apt-get install -y --no-install-recommends libgomp1 \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --uid 10001 --no-create-home --home-dir /data tipoff \
    && install -d -o tipoff -g tipoff /data
COPY --from=build /opt/tipoff /opt/tipoff
ENV PATH=/opt/tipoff/bin:$PATH PYTHONUNBUFFERED=1 TIPOFF_DATA_DIR=/data TIPOFF_HOST=0.0.0.0
USER tipoff
WORKDIR /data
VOLUME /data
EXPOSE 8421
# Of a container that serves. A worker has no address: the others watch its heartbeat, so switch this off for it, as compose.yaml does.
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s --retries=3 \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8421/health', timeout=4)"]
ENTRYPOINT ["tipoff"]
CMD ["up"]
