# The operator and its workers. `make image-files` prepares dist/image, on any machine with Node.
ARG BASE=node:24-bookworm-slim
FROM ${BASE}

# The native Kafka client is linked against these; bases that have them skip this.
RUN ldconfig -p > /tmp/libraries \
 && if ! grep -q libssl.so.3 /tmp/libraries || ! grep -q libzstd.so.1 /tmp/libraries || ! grep -q libz.so.1 /tmp/libraries; then \
      apt-get update \
      && apt-get install -y --no-install-recommends libssl3 libzstd1 zlib1g ca-certificates \
      && rm -rf /var/lib/apt/lists/*; \
    fi \
 && rm /tmp/libraries

ENV NODE_ENV=production
WORKDIR /app
COPY dist/image/ /app/
# Compiled once here instead of in each of 200 pods. Without its settings a worker ends at once.
ENV NODE_COMPILE_CACHE=/app/compile-cache
RUN timeout 20 node worker.mjs > /dev/null; test -n "$(ls /app/compile-cache)"
USER 65532:65532
ENTRYPOINT ["node"]
CMD ["operator.mjs"]
