# One image for everything: the program, and the PostgreSQL programs for those who bring no
# database. Its steps are the Makefile's.

FROM golang:1.26 AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
ARG VERSION=dev
RUN make build VERSION=$VERSION

# Bookworm's PostgreSQL 15 is the version that the tests run on. A later Debian brings a later
# PostgreSQL, which does not open an embedded database of this one: see docs/SELF-HOSTING.md.
FROM debian:bookworm-slim AS base
COPY scripts/install /usr/local/share/openpartner/install
RUN /usr/local/share/openpartner/install ca-certificates postgresql && rm -rf /var/lib/apt/lists/*
RUN useradd --system --uid 10001 --home-dir /data --shell /usr/sbin/nologin openpartner \
	&& install -d -o openpartner -g openpartner -m 0700 /data
COPY --from=build /src/bin/openpartner /usr/local/bin/openpartner
ENV OPENPARTNER_DATA=/data
VOLUME /data
EXPOSE 8080
HEALTHCHECK --interval=15s --timeout=6s --start-period=60s CMD ["openpartner", "healthcheck"]
ENTRYPOINT ["openpartner"]
CMD ["serve"]

# Where volumes always belong to root, as on Fly, the program starts as root and gives the
# database, which refuses to, to the user postgres.
FROM base AS rootvolume
USER root

FROM base
USER openpartner
