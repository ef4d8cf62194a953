# Two stages: compile with all tools, run with none of them. The process is not root; the one right that it needs,
# binding port 53, is handed to it by what starts it.
FROM node:26-bookworm-slim AS build
WORKDIR /src
COPY package.json package-lock.json ./
# No install script is needed: the image has its own node.
RUN npm ci --ignore-scripts
COPY tsconfig.json rolldown.config.ts ./
COPY src ./src
RUN npm run build && npm prune --omit=dev --ignore-scripts

FROM node:26-bookworm-slim
# iproute2: the neighbour table, for the MAC addresses of devices. libcap2-bin: for setcap, in this step only.
# bind-low has the right from its file and hands it on. Node's own file must not have it: the system's loader would pass
# over GLIBC_TUNABLES then, which costs 15 to 20 MB.
RUN apt-get update \
  && apt-get install -y --no-install-recommends iproute2 libcap2-bin \
  && cp /usr/bin/setpriv /usr/local/bin/bind-low \
  && setcap cap_net_bind_service=+ep /usr/local/bin/bind-low \
  && apt-get purge -y libcap2-bin && apt-get autoremove -y && rm -rf /var/lib/apt/lists/* \
  && useradd --system --uid 10053 --home-dir /var/lib/askfirst --create-home askfirst
WORKDIR /opt/askfirst
COPY package.json LICENSE ./
COPY --from=build /src/node_modules ./node_modules
COPY --from=build /src/dist ./dist
COPY config ./config
COPY blocklists ./blocklists
# What the configuration names as ../state.
RUN ln -s /var/lib/askfirst /opt/askfirst/state
USER askfirst
VOLUME /var/lib/askfirst
EXPOSE 53/udp 53/tcp 853/tcp 443/tcp 5514/udp 5514/tcp 8053/tcp
HEALTHCHECK --interval=30s --timeout=3s --start-period=10s \
  CMD ["node", "-e", "fetch('http://127.0.0.1:8053/healthz').then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
# What Node compiled is kept in the volume, for the next start.
ENV NODE_COMPILE_CACHE=/var/lib/askfirst/compiled
# GLIBC_TUNABLES: memory that is free goes back to the system instead of staying with the thread that had it. Semi-space:
# small room for what lives for a moment, see docs/decisions/0012-small-and-quiet.md.
ENTRYPOINT ["bind-low", "--inh-caps=+net_bind_service", "--ambient-caps=+net_bind_service", \
  "env", "GLIBC_TUNABLES=glibc.malloc.arena_max=1:glibc.malloc.trim_threshold=1048576:glibc.malloc.mmap_threshold=1048576", \
  "node", "--max-semi-space-size=2", "dist/cli.js"]
CMD ["run"]
