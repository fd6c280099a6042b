# The operator. Build stages hold uv and the build backend; the image holds Python, the dependencies and our code.
# Where no registry can be reached, BASE_IMAGE is made by `python -m tests.tools.cluster images`.
ARG BASE_IMAGE=docker.io/library/python:3.13-slim

FROM ${BASE_IMAGE} AS dependencies
ENV UV_SYSTEM_CERTS=1 UV_LINK_MODE=copy UV_NO_CACHE=1
WORKDIR /src
COPY requirements/bootstrap.txt requirements/
RUN python3 -m venv /bootstrap \
    && /bootstrap/bin/pip install --no-cache-dir --require-hashes -r requirements/bootstrap.txt \
    && /bootstrap/bin/uv venv --python python3 --no-python-downloads /venv
COPY requirements/run.txt requirements/
RUN /bootstrap/bin/uv pip install --python /venv --require-hashes --compile-bytecode -r requirements/run.txt

# Our own code is a layer of its own: a change of it is built and moved in seconds.
FROM dependencies AS code
COPY requirements/dev.txt requirements/
COPY pyproject.toml README.md ./
COPY operator operator
RUN /bootstrap/bin/uv build --wheel --build-constraints requirements/dev.txt --require-hashes --out-dir /wheel \
    && /bootstrap/bin/uv pip install --python /venv --prefix /code --no-deps --compile-bytecode /wheel/*.whl

FROM ${BASE_IMAGE}
# The image runs one program and installs nothing.
RUN rm -rf /usr/share/python-wheels /usr/local/lib/python3*/site-packages/pip* /usr/local/bin/pip*
COPY --from=dependencies /venv /venv
COPY --from=code /code /venv
COPY crds /crds
# Two arenas of malloc: AWS calls run in threads, and each further arena keeps memory that nothing uses.
ENV PATH=/venv/bin:/usr/local/bin:/usr/bin:/bin PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 MALLOC_ARENA_MAX=2
WORKDIR /
USER 65532:65532
ENTRYPOINT ["microservice-operator"]
CMD ["run"]
