# The registry on its portable host, which takes layers of any length as they come: for Azure Container Apps and other places that
# run containers, on Azure's services. Nothing is written in it, so its root may be read-only:
#   docker run --read-only --cap-drop ALL --security-opt no-new-privileges ...

FROM node:22-bookworm-slim AS build
WORKDIR /portolan
COPY package.json package-lock.json .npmrc ./
RUN npm ci --no-audit --no-fund
COPY esbuild.config.ts tsconfig.json host.json ./
COPY functions functions
COPY host host
COPY shared shared
RUN npm run --silent bundle

FROM node:22-bookworm-slim
# What is packed needs node alone.
RUN rm -rf /usr/local/lib/node_modules && find /usr/local/bin -type l -delete
WORKDIR /portolan
COPY --from=build --chown=root:root /portolan/dist/app .
# All addresses, which it refuses unless callers have to say who they are.
ENV NODE_ENV=production HOST=0.0.0.0 PORT=5000 AUTH=true
USER 65532:65532
EXPOSE 5000
HEALTHCHECK --interval=30s --timeout=5s --start-period=30s --retries=3 \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.PORT}/healthz`).then((reply) => process.exit(reply.ok ? 0 : 1), () => process.exit(1))"]
ENTRYPOINT ["node", "host/main.js"]
