// Paths in the configuration are written relative to its file; here they become absolute. Reads no file.
import { resolve } from 'node:path'
import type { Config } from './schema.ts'

/** A new configuration whose paths are absolute. `folder` is the one that the configuration file lies in. */
export function resolvePaths(config: Config, folder: string): Config {
  const absolute = (path: string): string => resolve(folder, path)
  return {
    ...config,
    lists: {
      ...config.lists,
      folder: config.lists.folder === null ? null : absolute(config.lists.folder),
      files: config.lists.files.map((file) => ({ ...file, path: absolute(file.path) })),
    },
    reports: { ...config.reports, files: config.reports.files.map(absolute) },
    devices: { ...config.devices, leases: config.devices.leases.map(absolute) },
    hosts: config.hosts.map(absolute),
    certificate: {
      ...config.certificate,
      file: config.certificate.file === null ? null : absolute(config.certificate.file),
      key: config.certificate.key === null ? null : absolute(config.certificate.key),
    },
    rules: absolute(config.rules),
    state: absolute(config.state),
  }
}
