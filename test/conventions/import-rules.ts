// The rules of ARCHITECTURE.md about imports, as a function of one source file: direction, purity, one library one door.
import { posix } from 'node:path'
import ts from 'typescript'

/**
 * The layer of each folder of src, and of the files in src itself that are not composition roots. A file imports from
 * a lower number, or from its own folder.
 */
export const LAYERS: Readonly<Record<string, number>> = {
  base: 0,
  wire: 1,
  names: 1,
  policy: 1,
  ledger: 2,
  journal: 3,
  pipeline: 4,
  system: 5,
  upstream: 6,
  transport: 6,
  intake: 6,
  lists: 6,
  devices: 6,
  state: 6,
  certificates: 6,
  control: 6,
  config: 6,
  threads: 7,
  'log.ts': 7,
  'system-clock.ts': 7,
  server: 8,
}

/** The composition roots: every other file in src itself. */
const ROOTS = 9
/** Up to this layer nothing reads a clock, rolls dice or does I/O. */
const PURE = 4

/** Which files may import which package. A name that ends in / is a folder. */
export const DOORS: Readonly<Record<string, readonly string[]>> = {
  '@peculiar/x509': ['certificates/make.ts'],
  '@fastify/swagger': ['control/'],
  commander: ['cli.ts', 'audit-command.ts', 'cert.ts'],
  dns2: ['wire/answer-text.ts'],
  'fastest-levenshtein': ['config/words.ts'],
  fastify: ['control/'],
  'fastify-type-provider-zod': ['control/'],
  'ip-regex': ['base/address.ts'],
  koffi: ['system/libc.ts'],
  'lru-cache': ['base/recent.ts'],
  pino: ['log.ts'],
  'prom-client': ['control/metrics.ts'],
  re2js: ['policy/pattern.ts'],
  'reflect-metadata': ['certificates/make.ts'],
  yaml: ['config/document.ts', 'config/reference.ts', 'config/rules-edit.ts'],
  zod: ['config/', 'control/'],
}

/** What of Node is free of I/O, clock and chance, and so allowed in the pure layers. */
const PURE_NODE: Readonly<Record<string, readonly string[]>> = {
  'node:buffer': ['Buffer', 'isAscii', 'isUtf8'],
  'node:crypto': ['createHash', 'createHmac', 'hash', 'timingSafeEqual'],
  'node:net': ['isIP', 'isIPv4', 'isIPv6'],
  'node:url': ['domainToASCII', 'domainToUnicode'],
}

/** Globals that read a clock, roll dice or do I/O. */
const IMPURE_GLOBALS = new Set([
  'process',
  'console',
  'setTimeout',
  'setInterval',
  'setImmediate',
  'performance',
  'fetch',
  'crypto',
  'globalThis',
  'require',
])

/** The layer of a file of src, given relative to src; undefined where its folder has none. */
const layerOf = (file: string): number | undefined =>
  LAYERS[file.split('/')[0] as string] ?? (file.includes('/') ? undefined : ROOTS)

/** Everything that a source file does against the rules, one line each with its line number. `file` is relative to src. */
export function violations(file: string, text: string): string[] {
  const layer = layerOf(file)
  if (layer === undefined) return [`${file}: its folder has no layer`]
  const source = ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true)
  const found: string[] = []
  const tell = (node: ts.Node, message: string): void => {
    found.push(`${file}:${source.getLineAndCharacterOfPosition(node.getStart()).line + 1}: ${message}`)
  }
  const own = layer <= PURE ? declaredNames(source) : new Set<string>()
  const visit = (node: ts.Node): void => {
    const reference = referenceOf(node)
    if (reference !== undefined) for (const message of importFaults(file, layer, reference)) tell(node, message)
    if (layer <= PURE) {
      const impure = impurity(node, own)
      if (impure !== undefined) tell(node, `layer ${layer} is pure, but this uses ${impure}`)
    }
    ts.forEachChild(node, visit)
  }
  visit(source)
  return found
}

/** One place that names a module: what it names, and which of its exports by name (undefined: all or unknown). */
interface Reference {
  readonly module: string | undefined
  readonly names: readonly string[] | undefined
}

function referenceOf(node: ts.Node): Reference | undefined {
  if (ts.isImportDeclaration(node))
    return { module: literal(node.moduleSpecifier), names: importedNames(node.importClause) }
  if (ts.isExportDeclaration(node) && node.moduleSpecifier)
    return { module: literal(node.moduleSpecifier), names: undefined }
  if (ts.isImportTypeNode(node)) {
    return {
      module: ts.isLiteralTypeNode(node.argument) ? literal(node.argument.literal) : undefined,
      names: undefined,
    }
  }
  if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword) {
    return { module: literal(node.arguments[0]), names: undefined }
  }
  return undefined
}

const literal = (node: ts.Node | undefined): string | undefined =>
  node !== undefined && ts.isStringLiteralLike(node) ? node.text : undefined

function importedNames(clause: ts.ImportClause | undefined): string[] | undefined {
  if (clause === undefined || clause.name !== undefined) return undefined
  const bindings = clause.namedBindings
  if (bindings === undefined || ts.isNamespaceImport(bindings)) return undefined
  return bindings.elements.map((element) => (element.propertyName ?? element.name).text)
}

function importFaults(file: string, layer: number, { module, names }: Reference): string[] {
  if (module === undefined) return layer <= PURE ? ['imports something that only shows when it runs'] : []
  if (module.startsWith('.')) return relativeFaults(file, layer, module)
  if (module.startsWith('node:')) {
    const allowed = PURE_NODE[module] ?? []
    if (layer > PURE || names?.every((name) => allowed.includes(name)) === true) return []
    return [`layer ${layer} is pure, but this imports ${names?.join(', ') ?? 'all'} from ${module}`]
  }
  const name = module.split('/', module.startsWith('@') ? 2 : 1).join('/')
  const doors = DOORS[name]
  if (doors === undefined) return [`${name} has no door: nobody may import it yet`]
  const open = doors.some((door) => (door.endsWith('/') ? file.startsWith(door) : file === door))
  return open ? [] : [`${name} may be imported only by ${doors.join(', ')}`]
}

function relativeFaults(file: string, layer: number, module: string): string[] {
  const target = posix.join(posix.dirname(file), module)
  if (target.startsWith('..')) return [`${module} leaves src`]
  if (!target.endsWith('.ts')) return [`${module} does not end in .ts`]
  const folder = (path: string): string | undefined => (path.includes('/') ? path.split('/')[0] : undefined)
  if (folder(file) !== undefined && folder(target) === folder(file)) return []
  const other = layerOf(target)
  const below = other !== undefined && (other < layer || (other === layer && layer === ROOTS))
  return below ? [] : [`layer ${layer} may not import ${target} of layer ${other ?? '?'}`]
}

function impurity(node: ts.Node, own: ReadonlySet<string>): string | undefined {
  if (ts.isIdentifier(node)) {
    return IMPURE_GLOBALS.has(node.text) && !own.has(node.text) && !isPropertyName(node) ? node.text : undefined
  }
  if (ts.isPropertyAccessExpression(node) && ts.isIdentifier(node.expression)) {
    const path = `${node.expression.text}.${node.name.text}`
    return path === 'Date.now' || path === 'Math.random' ? path : undefined
  }
  const called = ts.isNewExpression(node) || ts.isCallExpression(node)
  const isDate = called && ts.isIdentifier(node.expression) && node.expression.text === 'Date'
  return isDate && (node.arguments?.length ?? 0) === 0 ? 'the present time (Date without an argument)' : undefined
}

/** Whether the identifier only names a member: `a.process`, `{ process: 1 }`, `interface { process: … }`. */
function isPropertyName(node: ts.Identifier): boolean {
  const parent = node.parent as ts.Node & { readonly name?: ts.Node; readonly propertyName?: ts.Node }
  if (ts.isShorthandPropertyAssignment(parent)) return false
  if (ts.isImportSpecifier(parent) || ts.isBindingElement(parent)) return parent.propertyName === node
  const names =
    ts.isPropertyAccessExpression(parent) ||
    ts.isPropertyAssignment(parent) ||
    ts.isPropertySignature(parent) ||
    ts.isPropertyDeclaration(parent) ||
    ts.isMethodSignature(parent) ||
    ts.isMethodDeclaration(parent)
  return (names && parent.name === node) || (ts.isQualifiedName(parent) && parent.right === node)
}

/** Names that the file itself declares: a parameter called `fetch` is a port, not the global. */
function declaredNames(source: ts.SourceFile): ReadonlySet<string> {
  const names = new Set<string>()
  const visit = (node: ts.Node): void => {
    const declares =
      ts.isParameter(node) ||
      ts.isVariableDeclaration(node) ||
      ts.isBindingElement(node) ||
      ts.isFunctionDeclaration(node)
    if (declares && node.name !== undefined && ts.isIdentifier(node.name)) names.add(node.name.text)
    ts.forEachChild(node, visit)
  }
  visit(source)
  return names
}
