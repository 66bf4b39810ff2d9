// Make templates to compare with LiquidJS: of one kind, as many as wanted, the same for the same seed.
//
//   cd $(mktemp -d) && npm install liquidjs@10.30.1
//   node …/scripts/make_liquid_templates.mjs partials 2000 1 | TZ=UTC node …/scripts/make_liquid_vectors.mjs --cases > rows.jsonl
//
// Kinds: partials (include, render, layout, block), nodes (tags in tags), dates, numbers, strings, strict, noise (bad syntax).
const [,, KIND, COUNT = "2000", SEED = "1"] = process.argv
let state = +SEED * 7919 + 11
const chance = (most) => { state = (Math.imul(state, 1664525) + 1013904223) >>> 0; return Math.floor((state / 2 ** 32) * most) }
const pick = (l) => l[chance(l.length)]
const many = (n, f) => Array.from({ length: n }, f).join("")
const DATA = { a: "A", n: 3, list: [1, 2, 3], obj: { k: "v", list: ["x", "y"], b: 1 }, name: "p1", no: null, f: false, e: "", objs: [{ n: "one", v: 1 }, { n: "two" }], user: { name: "Ana <b>", meta: { tags: ["b", "a"] } }, num: "12", dt: "2024-05-07T10:44:26.271Z", s: "Hello, wörld 😀" }
const VAL = ["a", "n", "list", "obj", "obj.k", "obj.list", "name", "no", "f", "e", "missing", "objs", "objs[0].n", "user.name", "'lit'", "1", "2.5", "true", "nil", "x", "y", "item", "forloop.index", "(1..3)", "s", "list.first", "obj.list.last", "list.size", "empty", "blank", "block.super", "p1", "forloop", "obj.missing.deep", "list[1]", "obj['k']", "user.meta.tags[0]", "s[0]"]
const FILT = ["", "", "", " | upcase", " | json", " | size", " | append: '!'", " | default: 'd'", " | first", " | join: '-'", " | plus: 1", " | escape", " | split: ','", " | map: 'n'", " | reverse | join", " | where: 'n', 'one' | json", " | truncate: 4", " | date: '%Y'"]
const FILES = ["'p1'", "'p2'", "'p3'", "'p4'", "'lay'", "'lay2'", "name", "'missing'", "'p{{ n }}'", "'p{{ obj.b }}'", "\"p1\"", "p1", "'p1.html'", "'./p1'", "obj.k", "no", "'{{ name }}'", "''", "'p1' | append: ''"]
const lit = () => pick(["-", "|", " ", "\n", "T", "<b>", "·"])
const val = () => pick(VAL)
const args = () => pick(["", "", "", ", x: " + val(), " x: " + val(), ", x: " + val() + ", y: " + val(), " with " + val(), " with " + val() + " as x", " for " + pick(["list", "obj.list", "objs", "obj", "n", "no", "s"]), " for list as item", " with list as x, y: 1", ", with: " + val(), " with " + val() + ", x: 2", ", x", ", for: list", " for objs as item, y: a", " as x", ", x:1 y:2", ", x = 1", " for (1..2) as item"])
function node(d, inFile) {
  const k = chance(d > 0 ? 22 : 8)
  const body = () => nodes(d - 1, inFile)
  switch (k) {
    case 0: case 1: return lit()
    case 2: case 3: case 4: return `{{ ${val()}${pick(FILT)} }}`
    case 5: return `{% assign ${pick(["x", "y", "a", "item"])} = ${val()}${pick(FILT)} %}`
    case 6: return `{% ${pick(["increment", "decrement"])} ${pick(["c", "n", "x"])} %}`
    case 7: return `{% cycle ${pick(["", "g: ", "n: "])}${val()}, 'o', 'z' %}`
    case 8: return `{% for item in ${val()}${pick(["", " limit:2", " offset:1", " reversed", " offset:continue limit:1"])} %}${body()}${pick(["", "{% break %}", "{% continue %}"])}${body()}{% endfor %}`
    case 9: return `{% if ${val()}${pick(["", " == " + val(), " contains " + val(), " and " + val(), " or " + val(), " > 1"])} %}${body()}{% else %}${body()}{% endif %}`
    case 10: return `{% capture ${pick(["x", "y", "z"])} %}${body()}{% endcapture %}{{ ${pick(["x", "y", "z"])} }}`
    case 11: case 12: case 13: return `{% include ${pick(FILES)}${args()} %}`
    case 14: case 15: case 16: return `{% render ${pick(FILES)}${args()} %}`
    case 17: case 18: return `{% block ${pick(["b1", "b2", "", "a", "'b1'"])} %}${body()}${pick(["", "{{ block.super }}"])}{% endblock %}`
    case 19: return d > 1 || inFile ? `{% layout ${pick(["'lay'", "'lay2'", "'lay3'", "none", "name", "'missing'", "'lay', x: n", "'lay' x: a"])} %}` : lit()
    case 20: return `{% case ${val()} %}{% when ${val()}, 'A' %}${body()}{% else %}${body()}{% endcase %}`
    default: return `{% unless ${val()} %}${body()}{% endunless %}`
  }
}
const nodes = (d, f) => many(1 + chance(3), () => node(d, f))
function partials() {
  const own = () => nodes(chance(3), true).replaceAll(/\{% (include|render) '?(name|p\{\{.*?\}\}|\{\{ name \}\})'?.*? %\}/g, "")
  const depth = chance(4)
  const templates = {
    p1: own().replaceAll(/\{% (include|render|layout) .*? %\}/g, "{{ x }}"), p2: `[{{ x }}{{ p2 }}${pick(["{% include 'p1' %}", "{% render 'p1', x: x %}", "{% assign x = 9 %}", "{{ forloop.index }}{{ forloop.last }}", "{% break %}", "{{ a }}{{ item }}"])}]`,
    p3: `${own().replaceAll(/\{% (include|render|layout) .*? %\}/g, "")}{% assign leaked = 'L' %}{{ item }}{{ forloop.length }}{% increment n %}`, p4: pick(["{% layout 'lay' %}{% block b1 %}4{% endblock %}", "{% block b1 %}4{{ block.super }}{% endblock %}", "{{ x.n }}{{ p4.n }}", "{% if %}", "{% cycle 'q','r' %}"]),
    lay: `<{% block b1 %}L1${pick(["", "{{ a }}", "{% block b2 %}in{% endblock %}"])}{% endblock %}|${pick(["{% block b2 %}L2{% endblock %}", "{% block %}{% endblock %}", "{{ x }}", "{% block %}def{% endblock %}"])}>`,
    lay2: `{% layout 'lay' %}{% block b1 %}2${pick(["{{ block.super }}", "{% block b3 %}{% endblock %}", ""])}{% endblock %}`, lay3: "{% layout 'lay2' %}{% block b1 %}3{{ block.super }}{% endblock %}{% block b2 %}33{% endblock %}", "p1.html": "html", v: "vee", p3x: "x",
  }
  const head = pick(["", "", `{% layout '${pick(["lay", "lay2", "lay3"])}' %}`])
  return { template: head + nodes(1 + chance(3), false), templates }
}
const DIN = ["dt", "'now'", "'2024-02-29'", "'2024-12-31T23:59:59+05:30'", "1715078666", "'1715078666'", "1715078666.5", "'May 7, 2024'", "'7 May 2024 10:00 PM'", "'2024-05-07 10:44'", "'2024/05/07'", "nil", "''", "true", "false", "list", "obj", "'garbage'", "'0'", "0", "-1", "'1e3'", "'2024-05-07T10:44:26.271999Z'", "'9999-12-31T23:59:59Z'", "'+010000-01-01T00:00:00Z'", "253402300800", "8640000000001", "'2024-01-01'", "'2023-01-01'", "'2020-12-31'", "'2021-01-03'", "'2024-03-10T10:30:00Z'", "'2024-03-31T01:30:00Z'", "'2024-10-27T00:59:59Z'", "'1900-01-01'", "'1969-12-31T23:59:59.5Z'", "'12'", "'2024'", "'2024-05'", "'12/25/2024'", "'Wed, 01 May 2024 00:00:00 GMT'", "1e12", "2.5", "num", "missing", "'  2024-05-07 '", "'tomorrow'", "'today'"].filter((x) => !/now|today/.test(x))
const CODES = "aAbBcCdeHhIjklLmMNpPqsStuUwWxXyYzZnt%DFTRrvGgVEOQfiJK+".split("")
const FLAGS = ["", "", "", "", "-", "_", "0", "^", "#", ":", "-^", "_0", "0_", "::", ":-", "^#", "-#"]
const ZONES = ["", "", "", "", ", 'America/New_York'", ", 'Europe/Madrid'", ", 'Asia/Kolkata'", ", 'UTC'", ", 300", ", -330", ", '+05:30'", ", '-0800'", ", 'Asia/Kathmandu'", ", 0", ", nil", ", 'Nope/Zone'", ", ''", ", 'America/Sao_Paulo'", ", 'Australia/Lord_Howe'", ", '60'", ", 90.5", ", true", ", 'EST'", ", 'america/new_york'", ", 'GMT'", ", '+5'", ", 'Z'", ", 'Etc/GMT+5'", ", list", ", 'Pacific/Apia'", ", 'Africa/Monrovia'", ", '+25:00'", ", '+05'"]
function dates() {
  const form = () => many(1 + chance(4), () => pick([() => `%${pick(FLAGS)}${pick(["", "", "", "", "1", "2", "3", "5", "10", "0", "03"])}${pick(["", "", "", "", "E", "O"])}${pick(CODES)}`, () => pick([" ", "-", "/", ":", "T", "é", "%"]), () => `%${pick(CODES)}`])())
  const f = pick([() => ` | date: "${form()}"${pick(ZONES)}`, () => ` | date: "${form()}"${pick(ZONES)}`, () => ` | date: '%Y-%m-%d %H:%M:%S %z %Z'${pick(ZONES)}`, () => " | date", () => " | date: nil" + pick(ZONES), () => " | date_to_xmlschema", () => " | date_to_rfc822", () => ` | date_to_string${pick(["", ": 'ordinal'", ": 'ordinal', 'US'", ": 'x'"])}`, () => ` | date_to_long_string${pick(["", ": 'ordinal'", ": 'ordinal', 'US'"])}`, () => ` | date: ${pick(["n", "true", "''", "' '", "list", "'%'", "'%-'", "'%%'", "'%5'", "obj", "missing"])}`])()
  return { template: `{{ ${pick(DIN)}${f} }}` }
}
const NUMS = ["1", "-1", "0", "-0", "2.5", "0.1", "0.2", "1.005", "1e3", "10", "3", "7", "-7.25", "'3'", "'2.5'", "'abc'", "''", "nil", "true", "list", "obj", "num", "'1e3'", "' 5 '", "'0x10'", "1234567.891", "123456789012345678901", "0.0000001", "1000000000000000000000", "99999999999999990000", "'Infinity'", "'-'", "missing", "f", "(1..3)", "'1,5'", "1.", "1.50", "+5", "'+5'", "1_000", "'0b11'", ".5", "-.5", "5e-324", "1.7976931348623157e308"]
const MF = ["plus", "minus", "times", "divided_by", "modulo", "round", "ceil", "floor", "abs", "at_least", "at_most", "to_integer", "sum", "append", "prepend", "json", "size", "default", "truncate", "slice"]
function numbers() {
  const f = () => { const n = pick(MF); return ` | ${n}${["ceil", "floor", "abs", "to_integer", "json", "size"].includes(n) && chance(5) ? "" : `: ${pick(NUMS)}${chance(8) ? "" : `, ${pick(NUMS)}`}`}` }
  return { template: `{{ ${pick(NUMS)}${many(1 + chance(3), f)} }}` }
}
const STR = ["s", "user.name", "'a,b,,c'", "'  pad  '", "'<p>x</p>'", "'%20%zz'", "'a b+c'", "\"it's\"", "'é'", "''", "' '", "nil", "12.5", "true", "list", "obj", "'line\\nbreak'", "'tab\\t'", "'\\u00e9\\x41\\101\\q'", "'a\\'b'", "'&amp;&lt;\"'", "'😀😀'", "missing", "'ÀÉÎ straße'", "'one two three four'", "'A'", "objs", "'\\ud83d'", "'{{ x }}'", "'%}'"]
const SF = [["upcase"], ["downcase"], ["capitalize"], ["strip"], ["lstrip"], ["rstrip"], ["strip", "'a'"], ["escape"], ["escape_once"], ["url_encode"], ["url_decode"], ["strip_html"], ["strip_newlines"], ["newline_to_br"], ["split", "','"], ["split", "''"], ["split", "' '"], ["split", "nil"], ["split"], ["replace", "'a', 'b'"], ["replace", "'', '-'"], ["replace", "'a'"], ["replace_first", "'a', '$&'"], ["replace_last", "'a', 'z'"], ["remove", "'a'"], ["remove", "''"], ["remove_first", "' '"], ["remove_last", "'a'"], ["truncate", "5"], ["truncate", "3, ''"], ["truncate", "5, '…'"], ["truncate", "'x'"], ["truncatewords", "2"], ["truncatewords", "1, '-'"], ["truncatewords", "0"], ["slice", "1"], ["slice", "-3, 2"], ["slice", "1, 99"], ["slice", "'1', '2'"], ["slice", "0, 0"], ["slice"], ["append", "n"], ["append"], ["append", "'a', 'b'"], ["prepend", "nil"], ["size"], ["first"], ["last"], ["reverse"], ["sort"], ["sort_natural"], ["uniq"], ["compact"], ["join"], ["join", "', '"], ["map", "'n'"], ["where", "'n'"], ["concat", "list"], ["json"], ["default", "'D'"], ["slugify"], ["slugify", "'ascii'"], ["slugify", "'latin'"], ["slugify", "'pretty'"], ["slugify", "'raw', true"], ["cgi_escape"], ["uri_escape"], ["xml_escape"], ["unescape"], ["squish"], ["normalize_whitespace"], ["number_of_words"], ["number_of_words", "'cjk'"], ["base64_encode"], ["base64_decode"], ["array_to_sentence_string"], ["array_to_sentence_string", "'or'"], ["inspect"], ["jsonify"], ["raw"], ["nope", "1"], ["sum", "'v'"], ["find", "'n', 'two'"], ["find_index", "'n', 'two'"], ["has", "'n', 'two'"], ["group_by", "'n'"], ["reject", "'n', 'one'"], ["push", "a"], ["pop"], ["shift"], ["unshift", "a"], ["sort", "'v'"], ["uniq"], ["where_exp", "'i', 'i.v == 1'"], ["find_exp", "'i', 'i.n == \"two\"'"], ["group_by_exp", "'i', 'i.n | upcase'"], ["sample", "0"], ["strip_html"], ["to_integer"], ["date_to_string"], ["has_exp", "'i', 'i.v'"], ["reject_exp", "'i', 'i.v'"], ["find_index_exp", "'i', 'i.v'"]]
function strings() { return { template: `{{ ${pick(STR)}${many(1 + chance(3), () => { const [n, x] = pick(SF); return ` | ${n}${x ? `: ${x}` : ""}` })} }}` } }
const NOISE = ["{{", "}}", "{%", "%}", "{%-", "-%}", "{{-", "-}}", "if", "endif", "a", "n", ".", "'", "\"", "|", ":", ",", " ", " ", " ", "==", "assign x = 1", "for i in list", "endfor", "else", "raw", "endraw", "comment", "endcomment", "upcase", "[0]", "[", "]", "(1..2)", "(", ")", "..", "and", "not", "contains", "\n", "-", "#", "x", "echo", "liquid", "case n", "when 3", "endcase", "capture x", "endcapture", "cycle 'a','b'", "break", "tablerow i in list", "endtablerow", "unless f", "endunless", "elsif a", "1", "2.5", "nil", "blank", "?", "\\", "!", "=", "<", ">=", "include 'p'", "increment c", "%", "{", "}", "with", "as"]
function noise() {
  const t = many(2 + chance(6), () => pick([() => many(1 + chance(8), () => pick(NOISE)), () => `{{ ${many(1 + chance(5), () => pick(NOISE) + " ")} }}`, () => `{% ${many(1 + chance(4), () => pick(NOISE) + " ")} %}`, () => lit()])())
  return { template: t, templates: { p: "P" } }
}
function strict() { const r = pick([strings, numbers, () => ({ template: nodes(2, false), templates: {} })])(); return { ...r, options: { strictVariables: !!chance(2), strictFilters: !!chance(2) } } }
const KINDS = { partials, dates, numbers, strings, noise, strict, nodes: () => ({ template: nodes(3, false), templates: {} }) }
console.log(JSON.stringify({ _meta: { data: DATA } }))
for (let number = 0; number < +COUNT; number++) console.log(JSON.stringify({ id: `${KIND}-${SEED}-${number}`, ...KINDS[KIND]() }))
