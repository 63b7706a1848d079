# The image has Node 24 of its own and reaches Postgres over DATABASE_URL, so the optional dependencies (a Node and a
# Postgres for each platform) stay out.
FROM node:24-slim

ENV NODE_ENV=production
WORKDIR /app

COPY package.json package-lock.json ./
RUN npm ci --omit=dev --omit=optional --no-audit --no-fund && npm cache clean --force

COPY src ./src
COPY drizzle ./drizzle
COPY config/udesk-sync.example.yaml config/udesk-sync.schema.json ./config/
COPY README.md README.zh-CN.md CHANGELOG.md LICENSE ./

# What Node compiled once is read by the next start: mount a volume here, since the rest is best read-only.
RUN install -d -o node -g node /app/cache
VOLUME ["/app/cache"]
ENV NODE_COMPILE_CACHE=/app/cache

# Mount the configuration here; it is only read.
VOLUME ["/app/config/mounted"]
ENV UDESK_SYNC_CONFIG=/app/config/mounted/udesk-sync.yaml
USER node
EXPOSE 8420

# The process answers by itself, on the port of the configuration (HEALTH_PORT when it is another).
HEALTHCHECK --interval=15s --timeout=5s --start-period=60s --retries=4 \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.HEALTH_PORT ?? 8420}/healthz`).then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]

# Node itself gets SIGTERM as process 1 and handles it: in flight is finished or released first.
STOPSIGNAL SIGTERM
ENTRYPOINT ["node", "src/bin.mjs"]
CMD ["run"]
