# The page and its engine; once built, nothing is asked of any other host.
#
#   docker build -t sleep-explorer . && docker run -p 8501:8501 sleep-explorer
#
# Nights are kept in the volume /data: with `-v nights:/data` they outlive the container. A folder
# of the host's in its place must be writable for user 1000. The page answers to localhost and to IP
# addresses; its host's name needs `-e SLEEP_ALLOWED_HOSTS=name`.
FROM python:3.12-slim-bookworm

ENV PYTHONUNBUFFERED=1 \
    PIP_NO_CACHE_DIR=1 \
    PIP_DISABLE_PIP_VERSION_CHECK=1 \
    PIP_ROOT_USER_ACTION=ignore

WORKDIR /srv
RUN useradd --uid 1000 --create-home sleeper \
    && install --directory --owner=sleeper --group=sleeper /cache /data

# Libraries before the program, which changes more often: all by their hashes but torch and
# torchvision (why: requirements.txt). This index has torch's builds for CPUs alone; those of the
# usual one bring gigabytes for GPUs. They carry their own libgomp, and need nothing that the base
# image and the lock do not have.
ARG TORCH_INDEX=https://download.pytorch.org/whl/cpu
COPY requirements.txt requirements.lock ./
RUN pip install --require-hashes -r requirements.lock \
    && pip install --no-deps --index-url "$TORCH_INDEX" \
        $(grep -oE '^torch(vision)?==[^[:space:]]+' requirements.txt)

# The large and seldom changed before the small and often changed, here too.
COPY cached_weights/ cached_weights/
# Recorded nights stay in the image, whatever is mounted at /data.
COPY outputs/ outputs/
COPY .streamlit/ .streamlit/
COPY core/ core/
COPY app/ app/
RUN python -m compileall -q core app

# With an address to tell, Streamlit does not ask another host for its own.
ENV SLEEP_CACHE_DIR=/cache \
    SLEEP_OUTPUTS_DIR=/data \
    STREAMLIT_BROWSER_SERVER_ADDRESS=localhost

USER sleeper
# The images are parsed now, for the first visitor not to wait; a step trained proves the install.
RUN python -c "from core.engine.warm_up import warm_up; warm_up()"

VOLUME /data
EXPOSE 8501
# No proxy is asked for what is in the same container.
HEALTHCHECK --interval=30s --timeout=5s --start-period=30s CMD ["python", "-c", \
    "from urllib.request import ProxyHandler, build_opener; build_opener(ProxyHandler({})).open('http://127.0.0.1:8501/_stcore/health', timeout=4)"]
# Process 1 ignores SIGTERM until it has a handler; Python has one for SIGINT from the beginning.
# With it all others in the container end. (What an engine that was killed leaves behind stays in
# the process table, four entries or so; `docker run --init` clears them away.)
STOPSIGNAL SIGINT
CMD ["python", "-m", "app", "--server.address", "0.0.0.0", "--server.port", "8501"]
