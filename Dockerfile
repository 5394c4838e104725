# One image for every process of a centre. Built by the same scripts as `make demo`.
FROM debian:bookworm

ENV LANG=C.UTF-8 \
    PYTHONUNBUFFERED=1 \
    LEITSTELLE_YES=1 \
    LEITSTELLE_RUN_DIR=/var/lib/leitstelle/run \
    LEITSTELLE_STATIC_ROOT=/srv/leitstelle/static-collected

# make and python3 are what a person's machine must have too; all else is found out and fetched by ops.setup.
RUN apt-get update \
    && apt-get install -y --no-install-recommends make python3 ca-certificates \
    && rm -rf /var/lib/apt/lists/*

WORKDIR /srv/leitstelle

# Set-up first, from the files it reads, so that a change of the source does not fetch the libraries again.
COPY Makefile package.json package-lock.json .npmrc requirements.txt requirements-dev.txt requirements-node.txt ./
COPY ops ops
RUN python3 -m ops.setup run && rm -rf /var/lib/apt/lists/* "$LEITSTELLE_RUN_DIR"

COPY . .
RUN .venv/bin/python -m ops.languages \
    && SECRET_KEY=for-the-build-only-and-never-used-to-sign-anything-at-all \
    .venv/bin/python manage.py collectstatic --no-input \
    && useradd --system --home-dir /var/lib/leitstelle --create-home leitstelle \
    && install -d -o leitstelle -g leitstelle "$LEITSTELLE_RUN_DIR" /var/lib/leitstelle/keys

ENV PATH=/srv/leitstelle/.venv/bin:$PATH
USER leitstelle
CMD ["python", "-m", "ops.run", "web"]
