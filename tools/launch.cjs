#!/usr/bin/env node
// Runs the command line under the pinned runtime, whatever `node` the host has: CommonJS that any Node from
// 16 on can read. Finds the binary of the npm package `node` here or in a directory above (hoisted), runs
// tools/main.ts with it, passes signals on and ends as the child ended.
'use strict'

const { spawn } = require('node:child_process')
const fs = require('node:fs')
const nodeModule = require('node:module')
const os = require('node:os')
const path = require('node:path')
const { pathToFileURL } = require('node:url')

const OLDEST = [26, 9]
const MAIN = path.join(__dirname, 'main.ts')

/** libuv's default of 4 threads is too few for synced writes beside file reads; the user's own wins. */
const THREADS = process.env.UV_THREADPOOL_SIZE || '16'

/**
 * Compiled sources, types already stripped: every start costs half the CPU and 20 MB less (measured). Among
 * our own modules, never in a directory that others may write to, because what lies there is run.
 */
const CACHE = path.join(__dirname, '..', 'node_modules', '.cache', 'ironraft')

function main() {
  process.env.UV_THREADPOOL_SIZE = THREADS
  process.env.NODE_COMPILE_CACHE = process.env.NODE_COMPILE_CACHE || CACHE
  if (isRecentEnough(process.versions.node)) return runHere()
  const runtime = process.env.IRONRAFT_NODE || findRuntime(__dirname)
  if (runtime === undefined) {
    process.stderr.write(
      `ironraft: needs Node ${OLDEST.join('.')} or later and this is ${process.versions.node}; ` +
        'run `npm ci` to install the pinned runtime.\n',
    )
    process.exit(1)
  }
  runWith(runtime)
}

/** Already the right Node: no second process. Its pid is the command's. */
function runHere() {
  process.removeAllListeners('warning')
  process.on('warning', (warning) => {
    if (warning.name !== 'ExperimentalWarning') process.stderr.write(`${warning.stack}\n`)
  })
  nodeModule.enableCompileCache(process.env.NODE_COMPILE_CACHE)
  process.argv[1] = MAIN
  import(pathToFileURL(MAIN).href).then((module) => module.runProcess())
}

function runWith(runtime) {
  // Before the child exists: a signal that comes meanwhile must not end us alone.
  // At a terminal, Ctrl-C reaches the whole process group already; passing it on would count twice.
  const atTerminal = [0, 1, 2].some((fd) => require('node:tty').isatty(fd))
  for (const signal of ['SIGINT', 'SIGQUIT', 'SIGHUP', 'SIGTERM', 'SIGUSR2']) {
    const byTerminal = signal === 'SIGINT' || signal === 'SIGQUIT'
    process.on(signal, () => {
      if (!(byTerminal && atTerminal)) child.kill(signal)
    })
  }
  const child = spawn(
    runtime,
    ['--disable-warning=ExperimentalWarning', MAIN, ...process.argv.slice(2)],
    { stdio: 'inherit' },
  )
  child.on('error', (error) => {
    process.stderr.write(`ironraft: cannot run ${runtime}: ${error.message}\n`)
    process.exit(1)
  })
  child.on('exit', (code, signal) => {
    if (signal === null) process.exit(code)
    process.exit(128 + os.constants.signals[signal])
  })
}

function findRuntime(from) {
  const platform = `node-${process.platform}-${process.arch}`.replace('win32', 'win')
  const binary = process.platform === 'win32' ? 'node.exe' : 'node'
  const inside = [
    ['node', 'bin', binary],
    ['node', 'node_modules', platform, 'bin', binary],
    [platform, 'bin', binary],
  ]
  for (let directory = from; ; directory = path.dirname(directory)) {
    for (const parts of inside) {
      const file = path.join(directory, 'node_modules', ...parts)
      if (fs.existsSync(file)) return file
    }
    if (path.dirname(directory) === directory) return undefined
  }
}

function isRecentEnough(version) {
  const [major, minor] = version.split('.').map(Number)
  return major > OLDEST[0] || (major === OLDEST[0] && minor >= OLDEST[1])
}

main()
