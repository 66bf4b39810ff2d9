// LiquidJS over a template, for bench/languages.py: {template, data} on standard input, microseconds out.
import { createRequire } from "node:module"
import { readFileSync } from "node:fs"

const { Liquid } = createRequire(process.cwd() + "/")("liquidjs")
const { template, data } = JSON.parse(readFileSync(0, "utf-8"))
const engine = new Liquid({ timezoneOffset: 0, locale: "en-US" })
const parsed = engine.parse(template)

function microseconds(run) {
  let best = Infinity
  for (let round = 0; round < 40; round++) {
    const begin = process.hrtime.bigint()
    for (let n = 0; n < 20; n++) run()
    best = Math.min(best, Number(process.hrtime.bigint() - begin) / 20_000)
  }
  return best
}

console.log(JSON.stringify({
  text: engine.renderSync(parsed, data),
  parse: microseconds(() => engine.parse(template)),
  render: microseconds(() => engine.renderSync(parsed, data)),
}))
