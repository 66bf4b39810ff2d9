// Make the golden rows of Liquid from the real LiquidJS (contributors only; nothing runs this at build time).
//
//   cd $(mktemp -d) && npm install liquidjs@10.30.1
//   TZ=UTC node /path/to/scripts/make_liquid_vectors.mjs > /path/to/tests/golden/liquid-filters.jsonl
//   … make_liquid_vectors.mjs --all      every combination, not each fifteenth: to look for differences
//   … make_liquid_vectors.mjs --cases    lines {id, template[, data]} on standard input instead of the grid, such as
//                                        make_liquid_templates.mjs prints; {"_meta": {data}} first gives data to all
//
// The first line is {"_meta": …} with the data of all rows; each other line has expect or expect_error.phase.
import { createRequire } from "node:module"
import { readFileSync } from "node:fs"

const require = createRequire(process.cwd() + "/")
const { Liquid } = require("liquidjs")
const { version } = require("liquidjs/package.json")

const DATA = {
  name: "Ana <b>García</b>", text: "  one two  three\tfour ", word: "Title", empty: "", blank: "   ",
  lines: "a\nb\r\nc", emoji: "žluť 😀 kůň 👩‍👩‍👧", html: '<p class="x">T&amp;C <!-- c --></p><script>1</script>',
  number: 10, float: 2.5, negative: -7.25, zero: 0, numeral: "12.50", big: 1e21, small: 1e-7, third: 1 / 3,
  yes: true, no: false, nothing: null, list: [3, 1, 2], words: ["b", "A", "c", "a"], mixed: [3, "10", null, "a", true],
  nested: [[1, 2], [3, [4]]], none: [], object: { b: 1, a: [1] }, bare: {},
  objects: [{ n: "b", v: 2 }, { n: "a" }, { v: 1 }, { n: "C", v: null }], iso: "2024-05-07T10:44:26.271Z",
  day: "2024-02-29", offset: "2024-12-31T23:59:59+05:30", epoch: 1715078666, epochs: "1715078666", odd: "next week",
}
const VALUES = [...Object.keys(DATA), "missing", "nil", "'x,y,,z'", "-3", "1.0", "(1..4)", "objects[0]", "list.first"]
const FILTERS = {
  abs: [""], append: ["'!'", "number", "nothing"], at_least: ["5", "'7'"], at_most: ["5"], capitalize: [""], ceil: [""],
  compact: ["", "'v'"], concat: ["list"], date: ["", "'%Y-%m-%d %H:%M:%S %z'", "'%A %-d %b %y, %l:%M %p'", "'%j %U %s %L %e'"],
  date_to_xmlschema: [""], default: ["'d'", "'d', allow_false: true", "missing"], divided_by: ["2", "0", "3.0", "'4'"], downcase: [""],
  escape: [""], escape_once: [""], find: ["'n', 'a'"], first: [""], floor: [""], join: ["", "', '", "nothing"], json: [""], last: [""],
  lstrip: [""], map: ["'n'", "'missing'"], minus: ["1.1", "'2'", "nothing"], modulo: ["3", "2.5", "0"], newline_to_br: [""],
  plus: ["0.2", "'3'", "yes"], pop: [""], prepend: ["'¡'", "float"], push: ["9"], remove: ["'a'", "' '"], remove_first: ["'a'"], remove_last: ["'a'"],
  replace: ["'a', '$&-'", "'', '.'", "'o'"], replace_first: ["'a', 'Z'"], replace_last: ["'a', 'Z'"], reverse: [""],
  round: ["", "1", "-1"], rstrip: [""], shift: [""], size: [""], slice: ["0", "1, 2", "-3, 2", "-20, 3", "2, 'x'", "'1', 1", "-1"],
  slugify: [""], sort: ["", "'v'", "nil"], sort_natural: ["", "'n'"], split: ["','", "''", "' '"], strip: [""], strip_html: [""], strip_newlines: [""],
  sum: ["", "'v'"], times: ["3", "0.1"], to_integer: [""], truncate: ["", "5", "5, ''", "2", "'3'", "nothing", "0", "100, '!'"],
  truncatewords: ["", "2", "1, '--'", "0", "'2'", "nothing"], uniq: [""], unescape: [""], unshift: ["0"], upcase: [""],
  url_decode: [""], url_encode: [""], where: ["'n'", "'n', 'a'", "'v', nil"], unknown_filter: ["1"], base64_encode: [""], group_by: ["'n'"],
}
const CONDITIONS = ["==", "!=", "<", ">=", "contains", "and", "or"]

function* grid() {
  for (const [filter, argumentLists] of Object.entries(FILTERS))
    for (const given of argumentLists)
      for (const value of VALUES)
        yield `{{ ${value} | ${filter}${given && `: ${given}`}${["sort", "where", "compact", "group_by", "find"].includes(filter) ? " | json" : ""} }}`
  for (const left of VALUES)
    for (const right of [...VALUES, "empty", "blank", "'10'"])
      yield `${CONDITIONS.map((sign) => `{% if ${left} ${sign} ${right} %}1{% else %}0{% endif %}`).join("")}`
  for (const value of VALUES) {
    yield `[{{ ${value} }}]{% if ${value} %}y{% endif %}{% unless ${value} %}n{% endunless %}{{ ${value}.size }}{{ ${value}[0] }}{{ ${value}.first.n }}`
    yield `{% for i in ${value} limit: 3 offset: 1 reversed %}{{ forloop.index }}:{{ i }};{% else %}none{% endfor %}`
    yield `{% case ${value} %}{% when 10, "Title" %}A{% when nil or empty %}B{% else %}C{% endcase %}{% assign x = ${value} | size %}{{ x }}`
    yield `{% tablerow i in ${value} cols: 2 %}{{ tablerowloop.col }}{{ i }}{% endtablerow %}{% cycle ${value}, "o" %}{% cycle ${value}, "o" %}`
  }
}

function answer(row) {
  const engine = new Liquid({ timezoneOffset: 0, locale: "en-US", templates: row.templates ?? {}, ...row.options })
  let parsed
  try { parsed = engine.parse(row.template) } catch (error) { return { expect_error: { phase: "parse", message: error.message } } }
  try { return { expect: engine.renderSync(parsed, structuredClone(row.data ?? DATA)) } } catch (error) { return { expect_error: { phase: "render", message: error.message } } }
}

const print = (value) => process.stdout.write(JSON.stringify(value) + "\n")
if (process.argv.includes("--cases")) {
  let data = DATA
  for (const line of readFileSync(0, "utf-8").split("\n").filter(Boolean)) {
    const row = JSON.parse(line)
    if (row._meta) {
      data = row._meta.data
      print({ _meta: { engine: "liquidjs", engine_version: version, data } })
    } else print({ ...row, ...answer({ data, ...row }) })
  }
} else {
  const step = process.argv.includes("--all") ? 1 : 15
  print({ _meta: { engine: "liquidjs", engine_version: version, data: DATA } })
  let number = 0
  for (const template of grid()) if (number++ % step === 0) print({ id: `G${String(number).padStart(5, "0")}`, template, ...answer({ template }) })
}
