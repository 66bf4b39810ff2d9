// Make the golden rows of flow expressions from real JavaScript (contributors only; nothing runs this at build time).
//
//   TZ=UTC .venv/bin/node scripts/make_expression_vectors.mjs > tests/golden/expressions-javascript.jsonl
//   … make_expression_vectors.mjs --all      every row, not each forty-fifth: to look for differences
//
// A row is {id, expr | template, expect: {value} | {error: "evaluation" | "syntax"}}; the first line is {"_meta": …}
// with the context of all. A row is built twice from one tree: as the language writes it, and as JavaScript runs it.
import { createHash } from "node:crypto"
import vm from "node:vm"

const CONTEXT = {
  fields: {
    foo: null, bar: "B", empty: "", zero: 0, yes: true, no: false, name: "Ana María O'Neil", email: " Ana@Travel0.COM ",
    list: ["auth0", "identity", "authentication"], nums: [1, 2, 2, 3], csv: "a,b,,c", age: "42", price: "19.99", half: 0.5, neg: -7,
    big: 12345678901234567000, huge: 1e300, tiny: 1e-7, third: 1 / 3, object: { a: 1, b: { c: 2, d: [1] } }, other: { b: { e: 3 }, z: 9 },
    bare: {}, none: [], mixed: [1, "1", null, true, [2, [3]], { x: 1 }, ""], nested: [[1, 2], [3]], "dash-key": "dk", "with space": "ws", "1a": "digit",
    emoji: "a😀é", flag: "🇪🇸x", half_pair: "x\ud83d", dotted: "İıßŒΣς ΑΣ", spaces: " \t\n\u00a0\ufeff12\u2003", date: "2021-04-30T10:02:50.876Z", day: "2021-04-30",
    dollars: "$& $1 $$ $` $'", numbered: { 10: "ten", 2: "two", b: 1, a: 2 }, long: "abc".repeat(20),
  },
  context: { user: { user_id: "auth0|658409", email: "Ana@Travel0.com", email_verified: true, user_metadata: { plan: "gold", n: null } } },
  vars: { count: 3, list: [1, 2] },
  actions: { http: { status: 200, body: { items: [{ id: 1 }, { id: 2 }] } }, empty: {} },
}

// ---- the functions, as docs/differences.md decides where Auth0's page is silent
const isNil = (value) => value === undefined || value === null
const isObject = (value) => typeof value === "object" && value !== null && !Array.isArray(value)
const unlessNil = (run) => (value, ...rest) => (isNil(value) ? undefined : run(value, ...rest))
const hash = (algorithm) => unlessNil((value) => createHash(algorithm).update(String(value)).digest("hex"))
const FUNCTIONS = {
  encodeURIComponent: (value) => encodeURIComponent(value),
  includes: (held, item, from) => isNil(held) ? false : isObject(held) ? Object.values(held).includes(item, from)
    : Array.isArray(held) ? held.includes(item, from) : String(held).includes(String(item), from),
  indexOf: (held, item, from) => isNil(held) || isObject(held) ? -1 : Array.isArray(held) ? held.indexOf(item, ...(from === undefined ? [] : [from])) : String(held).indexOf(String(item), from),
  length: (value) => (isNil(value) ? 0 : Array.isArray(value) ? value.length : isObject(value) ? Object.keys(value).length : String(value).length),
  mask: (value) => value,
  md5: hash("md5"), sha1: hash("sha1"), sha256: hash("sha256"), sha512: hash("sha512"),
  merge: (base, value) => isNil(base) ? value : Array.isArray(base) ? base.concat(value) : isObject(base) ? { ...base, ...(isObject(value) ? value : {}) } : String(base) + String(value),
  replace: unlessNil((value, pattern, by) => String(value).replace(String(pattern), String(by))),
  replaceAll: unlessNil((value, pattern, by) => String(value).replaceAll(String(pattern), String(by))),
  slice: unlessNil((value, from, to) => (Array.isArray(value) ? value : String(value)).slice(from, to)),
  split: unlessNil((value, by, most) => String(value).split(by === undefined ? undefined : String(by), most)),
  substring: unlessNil((value, from, to) => String(value).substring(from, to)),
  toArray: (value) => (isNil(value) ? [] : Array.isArray(value) ? value : [value]),
  toBoolean: Boolean, toNumber: (value) => Number(value), toString: (value) => String(value),
  toLowerCase: unlessNil((value) => String(value).toLowerCase()),
  toUpperCase: unlessNil((value) => String(value).toUpperCase()),
  toTimestamp: (...dates) => Math.floor(new Date(...dates.slice(0, 1)) / 1000),
}
// Own data, length and indexes; nothing of a prototype.
const read = (value, key) => (isNil(value) || !(typeof value === "object" || typeof value === "string") || !Object.hasOwn(Object(value), key) ? undefined : value[key])
const shown = (value) => (isNil(value) ? "" : typeof value === "object" ? JSON.stringify(value) : String(value))

const sandbox = vm.createContext({ ...CONTEXT, $read: read, $shown: shown, $functions: FUNCTIONS, encodeURIComponent })

function encode(value) {
  if (value === undefined) return { $undefined: true }
  if (typeof value === "number" && (!Number.isFinite(value) || Object.is(value, -0))) return { $number: Object.is(value, -0) ? "-0" : String(value) }
  if (Array.isArray(value)) return Array.from(value, encode)
  if (isObject(value)) return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, encode(item)]))
  return value
}

function run(code) {
  let script
  try { script = new vm.Script(code) } catch { return { error: "syntax" } }
  try { return { value: encode(script.runInContext(sandbox)) } } catch { return { error: "evaluation" } }
}

// ---- trees: {source, code}, what the language writes and what JavaScript runs
const literal = (source) => ({ source, code: `(${source})` })
const root = (name) => ({ source: name, code: name })
const call = (name, ...given) => ({ source: `functions.${name}(${given.map((a) => a.source).join(", ")})`, code: `$functions.${name}(${given.map((a) => a.code).join(", ")})` })
const array = (...items) => ({ source: `[${items.map((a) => a.source).join(", ")}]`, code: `[${items.map((a) => a.code).join(", ")}]` })
const coalesce = (...parts) => ({ source: parts.map((p) => p.source).join(" ?? "), code: `(${parts.map((p) => p.code).join(" ?? ")})` })
const named = (base, key) => ({ source: `${base.source}.${key}`, code: `$read(${base.code}, ${JSON.stringify(key)})` })
const indexed = (base, key) => ({ source: `${base.source}[${key.source}]`, code: `$read(${base.code}, ${key.code})` })
const path = (text) => text.split(".").slice(1).reduce(named, root(text.split(".")[0]))

const VALUES = [
  ...Object.keys(CONTEXT.fields).filter((key) => /^[a-z_]+$/.test(key)).map((key) => path(`fields.${key}`)),
  path("fields.missing"), path("context.user.user_metadata"),
  ...["null", "undefined", "''", "'abc'", "0", "-0", "NaN", "Infinity", "-Infinity", "1.5", "[]", "[null]", "['5']", "true"].map(literal),
]
const GIVEN = {
  __proto__: null,
  includes: ["'a'", "'identity'", "2", "null", "undefined", "''", "NaN", "[1]", "'a', 1", "2, 3", "2, -2", "2, -99", "'t', '2'", "'😀'", "'\\ud83d'", "'a', NaN", "'a', Infinity", "1, null", ""],
  indexOf: ["'a'", "'identity'", "2", "'2'", "null", "undefined", "''", "'', 99", "NaN", "2, 2", "2, -2", "'a', 1", "'é'", "'\\ude00'", "'x', -5", "2, Infinity", "2, -Infinity", ""],
  merge: ["'b'", "['x', 1]", "[['y']]", "null", "undefined", "1", "true", "-0", "fields.object", "fields.other", "fields.numbered", "''", ""],
  replace: ["'a', 'b'", "'a', '$&$&'", "'', '-'", "'b', \"[$`|$']\"", "'1', '$$'", "'a', '$1$0'", "'a'", "undefined, 'x'", "null, 'x'", "0, 1", "'😀', '.'", "'\\ud83d', '!'", "''", "'$&', '$'", ",".slice(1)],
  replaceAll: ["'a', 'b'", "'a', '<$&>'", "'', '-'", "',', \"$`\"", "'l', \"$'\"", "'aa', 'b'", "'.', ''", "'a', null", "'a', 5", "' ', ''", "'', ''", "'\\ude00', '?'", "'$', '$$$$'", "1, '$<x>'"],
  slice: ["", "0", "2", "-2", "1, 3", "-4, -1", "1.9", "'1'", "null", "undefined, 2", "2, undefined", "2, null", "NaN, 2", "3, 1", "-Infinity, Infinity", "1, '2'", "true", "[1]", "1e9", "-1e9, 1e9"],
  split: ["", "','", "''", "' '", "'a'", "', '", "',', 2", "',', 0", "'', -1", "',', 1.9", "',', '2'", "undefined", "null", "undefined, 0", "'', 2", "1", "'ab'", "',', 4294967297", "'\\ude00'", "',', NaN"],
  substring: ["", "1", "1, 3", "3, 1", "-1, 2", "0, 100", "1.9, 3", "NaN, 2", "'1', '2'", "undefined, 2", "2, undefined", "null, null", "2, -Infinity", "Infinity", "1, true"],
}
const LITERALS = [
  "'abc'", '"abc"', "'it\\'s'", '"it\'s"', "'a\\nb'", "'\\u00e9'", "'\\x41'", "'\\u{1F600}'", "'\\u{0000041}'", "'\\ud83d\\ude00'", "'\\0'", "'\\q\\/'", "'a\\\nb'", "'\\b\\f\\v\\t\\r'",
  "'\u2028'", "'{{x}}'", "'}}'", "'\\\\'", "''", "0", "-0", "1", "-1", "- 1", "1.5", ".5", "5.", "-.5", "1e3", "1E-3", "1e+21", "1e21", "123456789012345680000", "9007199254740993", "0.1", "1e400", "-1e400", "5e-324", "1e-400",
  "0x1F", "0X1f", "0b11", "0o17", "1_000", "0xff_ff", "1_0.0_1", "true", "false", "null", "undefined", "NaN", "Infinity", "-Infinity", "[]", "[1,2,]", "[[1],[2,[3]]]", "['a', \"b\", null, undefined, NaN, -0]", "[ 1 , 2 ]", "(1)", "((('a')))", "[(1)]",
  "''.length", "'abc'.length", "'abc'[1]", "[1,2][1]", "[1,2].length", "(fields.list)[0]", "('a').length",
  "1..toString", "1.5.x", "null ?? 1", "undefined ?? null", "null??null??2", "0 ?? 1", "'' ?? 1", "NaN ?? 1", "false ?? 1", "(null ?? undefined) ?? 'x'", "null ?? (undefined ?? 'y')", "[null ?? 1]",
  // what no JavaScript takes
  "", " ", "'abc", "\"abc", "'a\nb'", "'\\u00g0'", "'\\u{110000}'", "'\\xg'", "1_", "1__0", "_1 2", "0x", "1e", "1.e", "0b2", "1a", "1 2", "fields.", "fields[", "fields[]", "fields[0", "fields..bar", ".bar", "?? 1", "1 ??", "1 ?? ?? 2", "(", ")", "()", "(1", "1)", "[1", "[1 2]", ",", "1,",
  "@", "#", "fields.bar;", "functions.toString)(1)", "functions.toUpperCase('a'", "functions.toUpperCase('a',,'b')", "functions.toUpperCase(,)", "var x = 1", "fields bar", "'a' 'b'", "fields.'x'", "1.2.3", "0..", "\\", "'", "\u2019a\u2019", "if", "fields.bar ? 1", "{", "}", "'\\",
].filter((source) => !["1..toString", "1.5.x", "_1 2", "1.e"].includes(source))
const STEPS = ["foo", "bar", "length", "a", "b", "0", "1", "-1", "01", "1.0", "constructor", "__proto__", "toString", "hasOwnProperty", "concat", "dash-key", "with space", "1a", "valueOf", "prototype", "__class__", "keys", "size", ""]
const KEYS = ["0", "1", "-1", "1.5", "1e0", "'0'", "'00'", "' 0'", "null", "undefined", "true", "NaN", "-0", "[0]", "['length']", "'length'", "vars.count", "fields.bar", "4294967295", "1e21", "fields.object"]
const DATES = [
  "2021-04-30T10:02:50.876Z", "2021-04-30", "2021-04", "2021", "2021-04-30T10:02", "2021-04-30T10:02Z", "2021-04-30T10:02:50+05:30", "2021-04-30T10:02:50-0800", "2021-04-30 10:02:50", "2021-04-30T24:00:00Z", "2021-04-30T24:00:01Z",
  "2021-02-30", "2021-02-31T00:00:00Z", "2021-13-01", "2021-00-01", "2021-4-3", "+002021-04-30T00:00:00Z", "-000001-01-01T00:00:00Z", "-000000-01-01T00:00:00Z", "+275760-09-13T00:00:00.000Z", "+275760-09-13T00:00:00.001Z",
  "1969-12-31T23:59:59.500Z", "1970-01-01T00:00:00Z", "Fri, 30 Apr 2021 10:02:50 GMT", "30 Apr 2021", "April 30, 2021", "Apr 30 2021 10:02 PM", "4/30/2021", "30/4/2021", "4/30/21", "1/1/49", "1/1/50", "Apr 2021", "30 April 2021 10:02:50 +0200", "Sat Apr 30 2021 10:02:50 GMT+0200 (CEST)",
  "2021-04-30T10:02:50.1Z", "2021-04-30T10:02:50.123456Z", "2021-04-30T10:02:50,5Z", "2021/04/30", "2021.04.30", "20210430", "10:02", "garbage", "", " ", "now", "today", "tomorrow", "Invalid Date", "0", "1", "12", "13", "31", "32", "99", "1234567890", "1e3", "-1", "2021-04-30T", "2021-04-30Z", "2021-04-30T10:02:50 EST", "Apr 30 2021 EST", "2021-04-30 PM",
  "12:30 PM Apr 30 2021", "2021-04-30T10:2:50Z", "2021-04-30T1:02Z", "2021-120", "2021-W17-5", "30.04.2021", "April 31, 2021", "Feb 29 2021", "June 31, 2021 00:00 UTC", "2021-04-30T10:02:60Z", "2021-04-30T10:60Z", "2021-04-30t10:02z", " 2021-04-30 ", "\t2021-04-30T10:02:50Z", "2021-04-30T10:02:50Z ",
].map((text) => literal(JSON.stringify(text)))
// What V8's reading of dates is made of, in any order.
const DATE_PARTS = ["2021", "2021", "04", "30", "4", "1", "0", "10", "12", "99", "70", "49", "50", "-", "-", "/", "/", ":", ":", ".", ",", " ", " ", " ", "T", "Z", "t", "z", "GMT", "UTC", "EST", "PDT", "+", "-", "0200", "02", "530", "05:30", "AM", "pm", "Apr", "April", "jan", "Sept", "Fri", "Friday", "(CEST)", "(", "x", "of",
  "2021-04-30", "10:02:50", "10:02", "2021-04-30T10:02:50", "876", "123456", "+002021", "-000001", "24:00", "13:00", "é", "ma", "th"]
const MOMENTS = ["0", "1619776970876", "-500", "-0.5", "999.9", "1e15", "8.64e15", "8.64e15 ", "8640000000000001", "NaN", "Infinity", "null", "undefined", "true", "[2021]", "['2021-04-30']", "[2021, 4]", "[]", "fields.object"].map(literal)

// A small generator of chance, so that the rows are the same each time.
let state = 42
const chance = (most) => { state = (Math.imul(state, 1664525) + 1013904223) >>> 0; return Math.floor((state / 2 ** 32) * most) }
const pick = (list) => list[chance(list.length)]
const given = (text) => (text === "" ? [] : splitArguments(text).map(argument))
const argument = (text) => (/^[a-z]+\.[a-z.]+$/.test(text) ? path(text) : literal(text))

function splitArguments(text) {
  const parts = []
  let depth = 0, quote = "", part = ""
  for (let at = 0; at < text.length; at++) {
    const sign = text[at]
    if (quote) { if (sign === "\\") part += text[at++]; else if (sign === quote) quote = "" }
    else if (sign === "'" || sign === '"') quote = sign
    else if (sign === "[") depth++
    else if (sign === "]") depth--
    if (sign === "," && !depth && !quote) { parts.push(part.trim()); part = "" } else part += text[at]
  }
  return [...parts, part.trim()]
}

function tree(depth) {
  if (depth <= 0 || chance(6) === 0) return pick(VALUES)
  const inner = () => tree(depth - 1)
  switch (chance(6)) {
    case 0: return array(...Array.from({ length: chance(4) }, inner))
    case 1: { const parts = [inner(), inner(), inner()].slice(chance(2)); return { ...coalesce(...parts), source: `(${coalesce(...parts).source})` } }
    case 2: return indexed({ ...wrap(inner()) }, argument(pick(KEYS)))
    case 3: return named(wrap(inner()), pick(STEPS.filter((step) => /^[a-z_]\w*$/i.test(step))))
    default: {
      const name = pick(Object.keys(FUNCTIONS).filter((each) => each !== "toTimestamp"))
      return call(name, inner(), ...given(pick(GIVEN[name] ?? [""])))
    }
  }
}
const wrap = (node) => ({ source: /^[a-z[(]/.test(node.source) && !/ \?\? /.test(node.source) ? node.source : `(${node.source})`, code: node.code })

function* trees() {
  for (const value of VALUES) for (const step of STEPS) yield /^[a-z_]\w*$/i.test(step) ? named(wrap(value), step) : indexed(wrap(value), literal(JSON.stringify(step)))
  for (const value of VALUES) for (const key of KEYS) yield indexed(wrap(value), argument(key))
  for (const value of VALUES) yield coalesce(value, pick(VALUES), pick(VALUES))
  for (const name of Object.keys(FUNCTIONS)) {
    yield call(name)
    for (const value of VALUES) for (const text of GIVEN[name] ?? [""]) if (name !== "toTimestamp") yield call(name, value, ...given(text))
  }
  for (const value of VALUES) yield call("encodeURIComponent", value)
  for (const date of [...DATES, ...MOMENTS, path("fields.date"), path("fields.day"), path("fields.missing")]) yield call("toTimestamp", date)
  for (let number = 0; number < 3000; number++) yield tree(1 + chance(4))
  for (let number = 0; number < 9000; number++) yield call("toTimestamp", literal(JSON.stringify(Array.from({ length: 2 + chance(7) }, () => pick(DATE_PARTS)).join(""))))
}

function* rows() {
  for (const source of LITERALS) yield { expr: source, expect: run(`(${source}\n)`) }
  for (const { source, code } of trees()) if (source !== "functions.toTimestamp()") yield { expr: source, expect: run(code) }
  const TEXTS = ["", " ", "a", "\n", "{", "}", "}}", " { ", "$&", "é😀", "{%", "\t", "\u00a0", "{ {"]
  for (let number = 0; number < 600; number++) {
    const parts = Array.from({ length: 1 + chance(3) }, () => tree(chance(3)))
    const texts = [...parts, 0].map(() => pick(TEXTS))
    const pad = pick(["", " ", "\n"])
    const template = parts.map((part, at) => `${texts[at]}{{${pad}${part.source}${pad}}}`).join("") + texts.at(-1)
    const isWhole = parts.length === 1 && !(texts[0] + texts[1]).trim()
    // A brace before the braces belongs to them.
    if (texts.slice(0, -1).some((text) => text.endsWith("{")) || (parts.some((p) => p.source.endsWith("}")))) continue
    yield { template, expect: run(isWhole ? parts[0].code : parts.map((part, at) => `${JSON.stringify(texts[at])} + $shown(${part.code}) + `).join("") + JSON.stringify(texts.at(-1))) }
  }
}

const print = (value) => process.stdout.write(JSON.stringify(value) + "\n")
const step = process.argv.includes("--all") ? 1 : 45
// Most texts are no dates, and say little: the rows that are kept are the ones that are.
const isKept = ({ expr, expect }, number) => step === 1 || (expr?.startsWith("functions.toTimestamp") && expr.length < 60 ? !expect.value?.$number && number % 9 === 0 : number % step === 0)
print({ _meta: { engine: `node ${process.version}`, context: CONTEXT, encoding: '{"$undefined":true}, {"$number":"NaN|Infinity|-Infinity|-0"}' } })
let number = 0
for (const row of rows()) if (isKept(row, number++)) print({ id: `J${String(number).padStart(5, "0")}`, ...row })
