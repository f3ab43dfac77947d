# One static binary and nothing else: no shell, no package manager, no root.
# .git is part of the build context: it is where `sluice version` learns which
# commit it was built from. It does not reach the image.
FROM --platform=$BUILDPLATFORM golang:1.26-bookworm AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN --mount=type=cache,target=/go/pkg/mod go mod download && go mod verify
COPY . .
ARG TARGETOS TARGETARCH VERSION=dev
# The image has no fakes of providers, so that it can send to real ones only;
# --build-arg TAGS= makes one that has `sluice demo` and `sluice sandbox`.
ARG TAGS=production
# -trimpath, no C and a fixed version: the same commit gives the same bytes.
RUN --mount=type=cache,target=/go/pkg/mod --mount=type=cache,target=/root/.cache/go-build \
    GOOS="$TARGETOS" GOARCH="$TARGETARCH" make sbom licences CMD=./cmd/sluice VERSION="$VERSION" TAGS="$TAGS" && \
    go version -m bin/sluice > bin/sluice.modules

FROM gcr.io/distroless/static-debian12:nonroot
ARG VERSION=dev
# The commit, where the builder names it; the binary knows it in any case.
ARG REVISION=
LABEL org.opencontainers.image.title="Sluice" \
      org.opencontainers.image.description="Routes selected conversion events from Kafka to the advertising accounts that a customer owns" \
      org.opencontainers.image.source="https://github.com/sluicehq/sluice" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.documentation="https://github.com/sluicehq/sluice/blob/main/docs/deploy.md" \
      org.opencontainers.image.revision="$REVISION" \
      org.opencontainers.image.version="$VERSION"
# The bill of materials (CycloneDX), and every module with its checksum, both as
# the binary itself says: what a scanner needs to know.
COPY --from=build /src/bin/sluice.cdx.json /usr/share/sluice/sbom.cdx.json
COPY --from=build /src/bin/sluice.modules /usr/share/sluice/modules.txt
COPY --from=build /src/bin/sluice /sluice
COPY LICENSE /LICENSE
# The licence texts of everything that is linked in, which have to come with it.
COPY --from=build /src/bin/sluice.licences.txt /usr/share/sluice/licences.txt
USER 65532:65532
EXPOSE 9464
ENTRYPOINT ["/sluice"]
