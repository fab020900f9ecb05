# syntax=docker/dockerfile:1
FROM node:24-bookworm-slim AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci
COPY . .
RUN npm run build && npm prune --omit=dev --omit=optional

FROM node:24-bookworm-slim
ENV NODE_ENV=production DROPWISE_DATA=/data
WORKDIR /app
COPY --from=build --chown=root:root /app/package.json ./
COPY --from=build --chown=root:root /app/node_modules ./node_modules
COPY --from=build --chown=root:root /app/server ./server
COPY --from=build --chown=root:root /app/proto ./proto
COPY --from=build --chown=root:root /app/migrations ./migrations
COPY --from=build --chown=root:root /app/docs ./docs
COPY --from=build --chown=root:root /app/web/dist ./web/dist
RUN install -d -o node -g node -m 0700 /data
USER node
VOLUME /data
EXPOSE 4280
HEALTHCHECK CMD ["node", "-e", "fetch('http://127.0.0.1:' + (process.env.DROPWISE_PORT || 4280) + '/livez').then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
ENTRYPOINT ["node", "--max-semi-space-size=16", "server/main.ts"]
CMD ["serve"]
