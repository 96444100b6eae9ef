# syntax=docker/dockerfile:1
#
#   docker build -t switchboard .
#   docker run --read-only --cap-drop ALL --security-opt no-new-privileges -p 8080:8080 \
#     -v "$PWD/gateway.toml:/etc/switchboard/switchboard.toml:ro" -e SONDOS_TOKEN switchboard
#
# The API listens on 0.0.0.0:8080: the variable below comes before the file's `server.listen`. Health, metrics and
# administration stay on the container's own loopback, where the health check asks. To let an orchestrator or a scraper
# in, set SWITCHBOARD_SERVER__ADMIN_LISTEN=0.0.0.0:9090; the gateway then refuses to start without `admin.token`, and
# /livez and /readyz still need none. In the file, `auth.mode = "none"` is refused here, since 0.0.0.0 is not loopback.

# Images are named by tag, so that a build takes their security updates. To build the same image twice, name them by
# digest: `docker buildx imagetools inspect IMAGE` tells it. Nothing is written to the file system; `log.file` and
# `audit.file` need a volume.

# The builder's Debian is the final image's (12), so that the binary finds the C library it was linked against.
FROM rust:1.95-slim-bookworm AS build
# Python and LLVM's tools for training the compiler; gcc, which ring needs, comes with the image.
RUN apt-get update && apt-get install -y --no-install-recommends python3 && rm -rf /var/lib/apt/lists/* \
    && rustup component add llvm-tools
WORKDIR /build
COPY . .
# Built, run under load, and built again for what ran: a quarter less CPU for a request. No simulators and no demo inside.
# Caches speed up the next build and stay out of the layers. The plain build, in half the time, and slower in use:
#   cargo build --profile dist --locked --no-default-features --bin switchboard
RUN --mount=type=cache,target=/usr/local/cargo/registry \
    --mount=type=cache,target=/build/target \
    python3 bench/trained.py && cp target/trained/switchboard /usr/local/bin/switchboard

# Distroless: the C library, CA certificates and an account, but no shell and no package manager. Preferred to `scratch`
# with a static binary, because musl's allocator is slow under many threads and CA certificates are kept up to date here.
FROM gcr.io/distroless/cc-debian12:nonroot
COPY --from=build /usr/local/bin/switchboard /usr/local/bin/switchboard
ENV SWITCHBOARD_CONFIG=/etc/switchboard/switchboard.toml \
    SWITCHBOARD_SERVER__LISTEN=0.0.0.0:8080
# uid and gid of `nonroot`, as numbers, so that an orchestrator can see that it is not root. The gateway writes no files.
USER 65532:65532
EXPOSE 8080 9090
# SIGTERM drains: set the grace period above `server.drain_delay` + `server.drain_timeout`.
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=5s --start-period=10s --retries=3 CMD ["/usr/local/bin/switchboard", "health"]
ENTRYPOINT ["/usr/local/bin/switchboard"]
CMD ["serve"]
