# syntax=docker/dockerfile:1
#
#   docker build -t switchboard .
#   docker run --read-only --cap-drop ALL --security-opt no-new-privileges --stop-timeout 60 -p 8080:8080 \
#     -v "$PWD/switchboard:/etc/switchboard:ro" -v switchboard-logs:/var/log/switchboard -e SONDOS_TOKEN switchboard
#
# Mount a folder with `switchboard.toml` in it, not the single file: a replaced single file is not seen in the container. The
# user 65532 has to be able to read it (docs/operating.md).
#
# The API listens on 0.0.0.0:8080: the variable below overrides the file's `server.listen`. The admin listener (health,
# metrics, administration) stays on the container's own loopback address, which the health check uses. To give an
# orchestrator or a scraper access, set SWITCHBOARD_SERVER__ADMIN_LISTEN=0.0.0.0:9090. The gateway then refuses to start
# without `admin.token`, which also opens the console at /console/; /livez and /readyz need no token. `auth.mode = "none"` is refused here, because 0.0.0.0 is not a
# loopback address.

# Base images are referenced by tag, so that a build gets their security updates. For reproducible builds, reference them
# by digest: `docker buildx imagetools inspect IMAGE` prints it. The gateway writes nothing to the file system; `log.file`
# and `audit.file` belong in the volume at /var/log/switchboard.

# The builder and the final image use the same Debian (12), so that the binary finds the C library it was linked against.
FROM rust:1.95-slim-bookworm AS build
# Python and LLVM's tools are for profile-guided optimisation. The image already has gcc, which ring, SQLite and mimalloc need.
RUN apt-get update && apt-get install -y --no-install-recommends python3 && rm -rf /var/lib/apt/lists/* \
    && rustup component add llvm-tools
WORKDIR /build
COPY . .
# Builds, runs the binary under load, and builds again with the profile: a quarter less CPU per request. The binary has the
# console, but no simulators and no demo. The cache mounts speed up the next build and are not part of the layers. A plain build takes half
# the time, but its binary needs more CPU:
#   cargo build --profile dist --locked --no-default-features --features console --bin switchboard
RUN --mount=type=cache,target=/usr/local/cargo/registry \
    --mount=type=cache,target=/build/target \
    python3 bench/trained.py && cp target/trained/switchboard /usr/local/bin/switchboard && mkdir /logs

# Distroless has the C library, CA certificates and a user account, but no shell and no package manager. We prefer it to
# `scratch` with a static binary, because this image gets updates of the CA certificates.
FROM gcr.io/distroless/cc-debian12:nonroot
# docker build --build-arg REVISION="$(git rev-parse HEAD)" --build-arg SOURCE=https://git.example.org/ops/switchboard …
ARG VERSION=0.1.0
ARG REVISION=unknown
ARG SOURCE=
LABEL org.opencontainers.image.title="switchboard" \
      org.opencontainers.image.description="One HTTP API for the assistants of several AI voice vendors" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.source="${SOURCE}" \
      org.opencontainers.image.base.name="gcr.io/distroless/cc-debian12:nonroot"
COPY --from=build /usr/local/bin/switchboard /usr/local/bin/switchboard
# A volume mounted here gets this owner.
COPY --from=build --chown=65532:65532 /logs /var/log/switchboard
ENV SWITCHBOARD_CONFIG=/etc/switchboard/switchboard.toml \
    SWITCHBOARD_SERVER__LISTEN=0.0.0.0:8080
# The uid and gid of `nonroot` as numbers, so that an orchestrator can verify that it is not root.
USER 65532:65532
EXPOSE 8080 9090
# SIGTERM drains. Set the grace period to more than `server.drain_delay` + `server.drain_timeout`.
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=5s --start-period=10s --retries=3 CMD ["/usr/local/bin/switchboard", "health"]
ENTRYPOINT ["/usr/local/bin/switchboard"]
CMD ["serve"]
