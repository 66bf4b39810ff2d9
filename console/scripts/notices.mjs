// Write the licences of what is bundled, for the package.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

const { packages } = JSON.parse(readFileSync('package-lock.json', 'utf8'))
const parts = ['What the console is built with, and under which terms.\n']
for (const [path, info] of Object.entries(packages)) {
  if (!path || info.dev || info.devOptional) continue
  const file = readdirSync(path).find((name) => /^licen[cs]e/i.test(name))
  parts.push(`${path.replace('node_modules/', '')} ${info.version} (${info.license})\n\n${file ? readFileSync(join(path, file), 'utf8').trim() : ''}\n`)
}
writeFileSync(process.argv[2], parts.join(`\n${'-'.repeat(72)}\n\n`))
