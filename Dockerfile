# The service around a run that is mounted at /run/postplace:
#   docker build -t postplace .
#   docker run --read-only --cap-drop ALL --security-opt no-new-privileges --stop-timeout 70 -p 127.0.0.1:8000:8000 \
#     -v "$PWD/run:/run/postplace:ro" postplace
# A stop finishes what is in flight, for 60 s at most: hence the 70 s before it is killed.
# Nothing is written: posts stay in memory, and no vector is stored.
FROM python:3.11-slim AS build
WORKDIR /src
COPY pyproject.toml constraints.txt README.md LICENSE ./
COPY src src
COPY experiments experiments
RUN python -m venv /opt/postplace \
 && /opt/postplace/bin/pip install --no-cache-dir "$(grep '^torch==' constraints.txt)" \
 && /opt/postplace/bin/pip install --no-cache-dir --constraint constraints.txt ".[serve]"

FROM python:3.11-slim
RUN apt-get update && apt-get install -y --no-install-recommends libgomp1 && rm -rf /var/lib/apt/lists/*
RUN useradd --system --uid 10001 --no-create-home --shell /usr/sbin/nologin postplace
COPY --from=build /opt/postplace /opt/postplace
ENV PATH=/opt/postplace/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    OMP_NUM_THREADS=1 \
    HOME=/nonexistent
USER 10001
EXPOSE 8000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s \
  CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8000/health', timeout=4)"]
ENTRYPOINT ["postplace", "serve"]
CMD ["/run/postplace", "--host", "0.0.0.0", "--port", "8000"]
