# The page and its engine. The built image works offline.
#
#   docker build -t sleep-explorer . && docker run -p 8501:8501 sleep-explorer
#
# Runs are stored in the volume /data; with `-v nights:/data` they survive the container. A folder
# of the host mounted there must be writable for user 1000. The page answers to localhost and to IP
# addresses; any other host name needs `-e SLEEP_ALLOWED_HOSTS=name`.
FROM python:3.12-slim-bookworm

ENV PYTHONUNBUFFERED=1 \
    PIP_NO_CACHE_DIR=1 \
    PIP_DISABLE_PIP_VERSION_CHECK=1 \
    PIP_ROOT_USER_ACTION=ignore

WORKDIR /srv
RUN useradd --uid 1000 --create-home sleeper \
    && install --directory --owner=sleeper --group=sleeper /cache /data

# Libraries come before the program because it changes more often. All are installed by hash except
# torch and torchvision (requirements.txt has the reason). This index has the CPU builds of torch;
# the default index adds gigabytes for GPUs. The CPU builds include libgomp, and need nothing that
# the base image and the lock file do not have.
ARG TORCH_INDEX=https://download.pytorch.org/whl/cpu
COPY requirements.txt requirements.lock ./
RUN pip install --require-hashes -r requirements.lock \
    && pip install --no-deps --index-url "$TORCH_INDEX" \
        $(grep -oE '^torch(vision)?==[^[:space:]]+' requirements.txt)

# Again in this order: large folders that rarely change, then small ones that change often.
COPY cached_weights/ cached_weights/
# The recorded runs; they are not in /data, where a volume would hide them.
COPY outputs/ outputs/
COPY LICENSE ./
COPY .streamlit/ .streamlit/
COPY core/ core/
COPY app/ app/
RUN python -m compileall -q core app

# With a configured address, Streamlit does not query another host for its own.
ENV SLEEP_CACHE_DIR=/cache \
    SLEEP_OUTPUTS_DIR=/data \
    STREAMLIT_BROWSER_SERVER_ADDRESS=localhost

USER sleeper
# Parse the images now, so that the first visitor does not wait. A training step tests the install.
RUN python -c "from core.engine.warm_up import warm_up; warm_up()"

VOLUME /data
EXPOSE 8501
# The server is in the same container, so the request bypasses any proxy.
HEALTHCHECK --interval=30s --timeout=5s --start-period=30s CMD ["python", "-c", \
    "from urllib.request import ProxyHandler, build_opener; build_opener(ProxyHandler({})).open('http://127.0.0.1:8501/_stcore/health', timeout=4)"]
# Process 1 ignores SIGTERM unless it has a handler; Python has a handler for SIGINT from the start.
# When process 1 exits, all processes in the container end. (A killed engine leaves about four
# entries in the process table; `docker run --init` removes them.)
STOPSIGNAL SIGINT
CMD ["python", "-m", "app", "--server.address", "0.0.0.0", "--server.port", "8501"]
