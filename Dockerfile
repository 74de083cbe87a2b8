# Three stages: front-end, Python packages, and the image that runs as an ordinary user.
FROM node:24-slim AS assets
WORKDIR /build
COPY package.json package-lock.json .npmrc ./
RUN npm ci --ignore-scripts
COPY assets assets
RUN node assets/build.mjs

FROM python:3.11-slim AS packages
COPY requirements/base.txt /tmp/base.txt
RUN python -m venv /opt/venv \
    && /opt/venv/bin/pip install --no-cache-dir --require-hashes -r /tmp/base.txt

FROM python:3.11-slim
ENV PATH=/opt/venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 DATA=/data
RUN useradd --system --uid 10001 --home-dir /data portal \
    && install -d -o portal -g portal /data
COPY --from=packages /opt/venv /opt/venv
WORKDIR /app
COPY manage.py ./
COPY analyzer_portal analyzer_portal
COPY analyzers analyzers
COPY findings findings
COPY templates templates
COPY samples samples
COPY docs/inventory.schema.json docs/inventory.schema.json
COPY --from=assets /build/static static
USER 10001
EXPOSE 8000
HEALTHCHECK --interval=30s --timeout=5s --start-period=30s \
    CMD ["python", "-c", "import urllib.request as u; u.urlopen('http://127.0.0.1:8000/healthz', timeout=4)"]
CMD ["gunicorn", "analyzer_portal.wsgi", "--bind", "0.0.0.0:8000", "--workers", "2", "--threads", "4", "--timeout", "120"]
